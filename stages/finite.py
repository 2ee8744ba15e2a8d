"""Stops a training at the first loss that is not finite, and says where it came from."""

from collections.abc import Mapping

from torch import Tensor

from pose3d.errors import PoseError
from pose3d.types import Batch

# Label -> the mask of what counts in it.
_COUNTED = {"image": None, "joints_3d": "has_3d", "joints_2d_crop": "visible"}


def require_finite(
    total: Tensor, losses: Mapping[str, Tensor], answers: Mapping[str, Tensor], batch: Batch, step: int
) -> None:
    """Raise PoseError with step, loss term and sample where `total` is NaN or infinite.

    One step on such a loss would spread it to every weight, so the check comes before the backward pass.
    """
    if bool(total.isfinite()):
        return
    terms = ", ".join(name for name, loss in losses.items() if not bool(loss.isfinite())) or "their sum"
    what = f"the loss is {float(total.detach()):g} at step {step} ({terms})"
    for key, mask in _COUNTED.items():
        if key not in batch:
            continue
        values: Tensor = batch[key]  # type: ignore[literal-required]
        wrong = ~values.isfinite()
        if mask is not None:
            counted: Tensor = batch[mask]  # type: ignore[literal-required]
            wrong &= counted.reshape(counted.shape + (1,) * (values.ndim - counted.ndim))
        rows = wrong.flatten(1).any(1).nonzero().flatten().tolist()
        if rows:
            raise PoseError(f"{what}: {key} of {_sample(batch, rows[0])} is not finite; correct it or leave it out")
    for name, answer in answers.items():
        rows = (~answer.detach().isfinite()).flatten(1).any(1).nonzero().flatten().tolist()
        if rows and len(rows) < len(answer):
            found = f"the network's {name} of {_sample(batch, rows[0])} is not finite"
            raise PoseError(f"{what}: {found}; look at its image")
    raise PoseError(
        f"{what}: the training has diverged; start again from an earlier checkpoint with a lower learning rate "
        "(model.lr_multipliers, or lr in the schedule)"
    )


def _sample(batch: Batch, row: int) -> str:
    index = f" (index {int(batch['index'][row])} in its store)" if "index" in batch else ""
    return f"sample {row} of the batch{index}"
