"""The formulas of the 3D metrics, free of state: errors per joint, and counts under thresholds."""

from collections.abc import Sequence
from typing import Literal, get_args

import torch
from torch import Tensor

from pose3d.errors import PoseError
from pose3d.geometry.rigid import align_procrustes, align_scale, align_scale_translation
from pose3d.skeleton import MPI_INF_3DHP_17

Alignment = Literal["none", "root", "scale", "scale_translation", "procrustes"]
ALIGNMENTS: tuple[str, ...] = get_args(Alignment)

PCK_THRESHOLD = 150.0
"""mm, about half a head (paper section 5, decision M1)."""

AUC_THRESHOLDS: tuple[float, ...] = tuple(float(t) for t in range(0, 151, 5))
"""mm; 31 thresholds, zero included, so a perfect prediction scores 100 * 30 / 31 = 96.774 (decision M2)."""

GRID = 2.0**-24
"""mm. Errors are rounded to this step (60 picometres) before they are summed in double precision. Sums of such numbers
are exact up to 5e8 mm per joint, and so do not depend on batch sizes, order or number of processes."""


def joint_errors(
    preds: Tensor,
    target: Tensor,
    joints: tuple[int, ...] | None = None,
    alignment: Alignment = "none",
    root: int = MPI_INF_3DHP_17.root,
) -> Tensor:
    """Euclidean error of each joint, (B, J) mm, float64, from poses (B, J_all, 3) mm.

    `root` re-roots both poses at that joint. The other alignments look at the evaluated `joints` only, and mirror
    nothing; an alignment that fails gives NaN. float32 inputs are widened first, so no digit of them is lost.
    """
    if alignment not in ALIGNMENTS:
        raise PoseError(f"unknown alignment {alignment!r}; use one of {', '.join(ALIGNMENTS)}")
    preds, target = preds.detach().double(), target.detach().double()
    if alignment == "root":
        preds, target = preds - preds[:, root : root + 1], target - target[:, root : root + 1]
    if joints is not None:
        preds, target = preds[:, list(joints)], target[:, list(joints)]
    if alignment == "scale":
        preds = align_scale(preds, target)
    elif alignment == "scale_translation":
        preds = align_scale_translation(preds, target)
    elif alignment == "procrustes":
        preds = align_procrustes(preds, target)
    x, y, z = (preds - target).unbind(-1)
    return (x * x + y * y + z * z).sqrt()


def on_grid(errors: Tensor) -> Tensor:
    """Errors rounded to multiples of GRID, float64."""
    return (errors / GRID).round() * GRID


def below(errors: Tensor, thresholds: Sequence[float], inclusive: bool = False) -> Tensor:
    """(..., T) bool: error strictly below each of the T thresholds, or below or equal. NaN is never below."""
    limits = torch.tensor(thresholds, dtype=errors.dtype, device=errors.device)
    return errors.unsqueeze(-1) <= limits if inclusive else errors.unsqueeze(-1) < limits


def percent(count: Tensor, total: Tensor) -> Tensor:
    """100 * count / total in float64; NaN where total is zero."""
    return 100.0 * count.double() / total.double()


def check_poses(preds: Tensor, target: Tensor, num_joints: int, dims: int = 3) -> None:
    """Raise PoseError unless both are (B, num_joints, dims)."""
    for name, value in (("preds", preds), ("target", target)):
        if value.ndim != 3 or value.shape[1:] != (num_joints, dims):
            raise PoseError(
                f"{name} has shape {tuple(value.shape)}, but this metric takes (B, {num_joints}, {dims}); "
                "select or remap the joints first"
            )
    if len(preds) != len(target):
        raise PoseError(f"{len(preds)} predictions meet {len(target)} targets; pass one prediction for each target")


def check_finite(errors: Tensor, preds: Tensor, target: Tensor) -> None:
    """Raise PoseError if an error is not finite, and say whether the input or the alignment is the cause."""
    if bool(torch.isfinite(errors).all()):
        return
    for name, value in (("preds", preds), ("target", target)):
        bad = ~torch.isfinite(value).flatten(1).all(dim=1)
        if bool(bad.any()):
            raise PoseError(
                f"{int(bad.sum())} of {len(value)} poses in {name} hold NaN or infinity, the first at index "
                f"{int(bad.nonzero()[0])} of the batch; leave invalid frames out (`valid`) or correct them"
            )
    bad = ~torch.isfinite(errors).all(dim=1)
    raise PoseError(
        f"{int(bad.sum())} of {len(errors)} poses cannot be aligned, the first at index {int(bad.nonzero()[0])} of the "
        "batch: all its joints lie in one point; check the predictions or evaluate without alignment"
    )
