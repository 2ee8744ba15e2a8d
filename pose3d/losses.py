"""The losses of the networks: Euclidean wherever the paper says nothing else (supplement 4.1, decision L1).

Each takes (preds, target, weight). `weight` are factors, bool or float, of a shape that leads `preds`'; the axes that
it lacks count for all entries, and None counts everything. 0 takes a sample or a joint out.
"""

import torch
from torch import Tensor
from torch.nn.functional import binary_cross_entropy_with_logits, cross_entropy, one_hot


def euclidean_loss(preds: Tensor, target: Tensor, weight: Tensor | None = None) -> Tensor:
    """Caffe's EuclideanLoss: 1 / (2 N) times the sum of squared differences, N the batch size.

    Args:
        preds: (B, ...) poses in the loss unit (B, 17, 3), or heatmaps (B, J, h, w).
        target: the same shape.
        weight: (B,), (B, J) or any shape that leads `preds`'. N stays the batch size, so a sample without a label adds
            nothing and the others weigh what they always do.

    Returns a scalar, computed in float32 or better.
    """
    if preds.shape != target.shape:
        raise ValueError(f"preds {tuple(preds.shape)} and target {tuple(target.shape)} differ in shape")
    difference = _at_least_float32(preds) - _at_least_float32(target)
    if weight is None:
        return difference.square().sum() / (2 * preds.shape[0])
    spread = _spread(weight, preds)
    # `where` and not the product alone: an entry without a label may carry NaN.
    squared = torch.where(spread != 0, difference, 0.0).square() * spread.to(difference)
    return squared.sum() / (2 * preds.shape[0])


def part_map_loss(preds: Tensor, target: Tensor, weight: Tensor | None = None) -> Tensor:
    """Euclidean loss of maps (B, parts, h, w) with the one-hot maps of labels (B, h, w) int64 (decision N12)."""
    maps = one_hot(target, preds.shape[1]).movedim(-1, 1)
    return euclidean_loss(preds, maps.to(preds.dtype), weight)


def part_label_loss(preds: Tensor, target: Tensor, weight: Tensor | None = None) -> Tensor:
    """Mean cross entropy of logits (B, parts, h, w) with labels (B, h, w) int64, over the samples that count."""
    if weight is None:
        return cross_entropy(preds, target)
    each = cross_entropy(preds, target, reduction="none")
    spread = _spread(weight, each).to(each).expand_as(each)
    return (each * spread).sum() / spread.sum().clamp(min=1)


def domain_loss(preds: Tensor, target: Tensor, weight: Tensor | None = None) -> Tensor:
    """Mean binary cross entropy of logits (B,) with domains 0 and 1."""
    return binary_cross_entropy_with_logits(preds, target, weight)


def domain_accuracy(preds: Tensor, target: Tensor, weight: Tensor | None = None) -> Tensor:
    """Share of logits (B,) on the right side of 0: 0.5 where the features do not tell the domains apart."""
    return ((preds > 0) == (target > 0.5)).float().mean()


def _spread(weight: Tensor, preds: Tensor) -> Tensor:
    """`weight` with trailing axes of size one, as many as `preds` has."""
    if weight.shape != preds.shape[: weight.ndim]:
        raise ValueError(f"weight {tuple(weight.shape)} does not lead preds {tuple(preds.shape)}")
    return weight.reshape(weight.shape + (1,) * (preds.ndim - weight.ndim))


def _at_least_float32(x: Tensor) -> Tensor:
    return x.float() if x.dtype.itemsize < 4 else x
