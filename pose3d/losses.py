"""The Euclidean loss, used everywhere but for part labels and domains (supplement 4.1, decision L1)."""

from torch import Tensor


def euclidean_loss(preds: Tensor, target: Tensor, weight: Tensor | None = None) -> Tensor:
    """Caffe's EuclideanLoss: 1 / (2 N) times the sum of squared differences, N the batch size.

    Args:
        preds: (B, ...) poses in the loss unit (B, 17, 3), or heatmaps (B, J, h, w).
        target: the same shape.
        weight: factors of the squared differences, bool or float, (B,), (B, J) or any shape that leads `preds`';
            missing axes count for all entries. 0 takes a sample or a joint out of the sum; N stays the batch size, so a
            sample without a label adds nothing and the others weigh what they always do.

    Returns a scalar, computed in float32 or better.
    """
    if preds.shape != target.shape:
        raise ValueError(f"preds {tuple(preds.shape)} and target {tuple(target.shape)} differ in shape")
    squared = (_at_least_float32(preds) - _at_least_float32(target)).square()
    if weight is not None:
        if weight.shape != preds.shape[: weight.ndim]:
            raise ValueError(f"weight {tuple(weight.shape)} does not lead preds {tuple(preds.shape)}")
        squared = squared * weight.to(squared).reshape(weight.shape + (1,) * (preds.ndim - weight.ndim))
    return squared.sum() / (2 * preds.shape[0])


def _at_least_float32(x: Tensor) -> Tensor:
    return x.float() if x.dtype.itemsize < 4 else x
