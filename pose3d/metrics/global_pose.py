"""Scores of the global pose P[G] and the joint map of HumanEva (supplement 3.1 and its Table 1)."""

from typing import Any

import torch
from torch import Tensor

from pose3d.errors import PoseError
from pose3d.metrics.joints import Joints
from pose3d.metrics.position import MPJPE


class GlobalMPJPE(MPJPE):
    """MPJPE of global positions: root-relative poses placed at their roots.

    `update(preds, translation, target, target_translation, valid=None)` takes root-relative poses (B, 17, 3) mm and
    the roots (B, 3) mm in camera axes.
    """

    def __init__(self, joints: Joints = 17, **kwargs: Any) -> None:
        super().__init__("none", joints, **kwargs)

    def update(  # type: ignore[override]
        self,
        preds: Tensor,
        translation: Tensor,
        target: Tensor,
        target_translation: Tensor,
        valid: Tensor | None = None,
    ) -> None:
        """Add poses and their roots."""
        # Widened before the sum: metres of distance would cost the pose its last digits in float32.
        placed = preds.double() + translation.double()[:, None]
        super().update(placed, target.double() + target_translation.double()[:, None], valid)


def fit_joint_map(preds: Tensor, target: Tensor) -> Tensor:
    """The (J, J) float64 linear map M that minimises |M preds - target|^2 over all frames and coordinates.

    Each joint of the other skeleton becomes a linear combination of ours. Fitted once, over every frame of every
    sequence together (Box and Walk), on root-relative poses (N, J, 3) mm, it corrects skeleton offsets that never
    change. PoseError where the frames do not determine it.
    """
    if preds.shape != target.shape or preds.ndim != 3:
        raise PoseError(
            f"a joint map needs two equal (N, J, 3) sets of poses, not {tuple(preds.shape)} and {tuple(target.shape)}"
        )
    num_joints = preds.shape[1]
    ours, theirs = (p.double().transpose(1, 2).reshape(-1, num_joints) for p in (preds, target))  # (3N, J)
    if not bool(torch.isfinite(ours).all() and torch.isfinite(theirs).all()):
        raise PoseError("a joint map cannot be fitted to NaN or infinity; leave invalid frames out")
    if int(torch.linalg.matrix_rank(ours)) < num_joints:
        raise PoseError(
            f"{len(preds)} frames do not determine a {num_joints} x {num_joints} joint map; "
            "use more frames, and leave out the root (always zero)"
        )
    return torch.linalg.lstsq(ours, theirs).solution.T


def apply_joint_map(joint_map: Tensor, preds: Tensor) -> Tensor:
    """Poses (..., J, 3) mm of our skeleton to the other one, in the dtype of `preds`."""
    return (joint_map @ preds.double()).to(preds.dtype)
