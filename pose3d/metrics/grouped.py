"""MPJPE, 3DPCK and AUC for each group of frames: activity, scene, sequence, pose class."""

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from pose3d.errors import PoseError
from pose3d.metrics import functional
from pose3d.metrics.base import PoseMetric3D
from pose3d.metrics.functional import AUC_THRESHOLDS, PCK_THRESHOLD, Alignment
from pose3d.metrics.joints import Joints
from pose3d.metrics.rules_state import add_rules_state
from pose3d.metrics.tally import Tally

JOINT_GROUPS: dict[str, tuple[int, ...]] = {
    "Head": (0,),
    "Neck": (1,),
    "Shoulder": (2, 5),
    "Elbow": (3, 6),
    "Wrist": (4, 7),
    "Hip": (8, 11),
    "Knee": (9, 12),
    "Ankle": (10, 13),
}
"""Joints grouped by bilateral symmetry, as in the official evaluation: 14 joints, both sides pooled."""


class GroupedPose3D(PoseMetric3D):
    """Errors of chosen joints, tallied per group of frames.

    `update(preds, target, group, valid=None)` takes (B, 17, 3) mm and (B,) int64 positions in `groups`. `compute()`
    gives a flat dictionary `{group}/mpjpe_mm`, `{group}/pck3d`, `{group}/auc3d` over the chosen joints, NaN for a group
    that does not occur. `tally()` gives the sums themselves, of this process only.
    """

    error_sum: Tensor
    below: Tensor
    clipped_sum: Tensor
    frames: Tensor

    def __init__(
        self,
        groups: Sequence[str],
        joints: Joints = 14,
        alignment: Alignment = "none",
        threshold: float = PCK_THRESHOLD,
        thresholds: Sequence[float] = AUC_THRESHOLDS,
        inclusive: bool = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(alignment, joints, **kwargs)
        self.groups = tuple(groups)
        self.threshold, self.auc_thresholds = float(threshold), tuple(float(t) for t in thresholds)
        self.thresholds = tuple(sorted({self.threshold, *self.auc_thresholds}))
        self.inclusive = inclusive
        add_rules_state(self, self.groups, self.thresholds, inclusive, alignment, self.joints)
        shape = (len(self.groups), len(self.joints))
        self.add_state("error_sum", torch.zeros(shape, dtype=torch.float64), dist_reduce_fx="sum")
        self.add_state("clipped_sum", torch.zeros(shape, dtype=torch.float64), dist_reduce_fx="sum")
        self.add_state("below", torch.zeros((*shape, len(self.thresholds)), dtype=torch.int64), dist_reduce_fx="sum")
        self.add_state("frames", torch.zeros(len(self.groups), dtype=torch.int64), dist_reduce_fx="sum")

    def update(self, preds: Tensor, target: Tensor, group: Tensor, valid: Tensor | None = None) -> None:
        """Add (B, 17, 3) mm poses, each to its group."""
        if len(group) != len(preds):
            raise PoseError(f"{len(group)} group labels meet {len(preds)} predictions; pass one label for each")
        errors = self.errors(preds, target, valid)
        group = (group if valid is None else group[valid.bool()]).to(errors.device)
        if len(group) and not (int(group.min()) >= 0 and int(group.max()) < len(self.groups)):
            raise PoseError(f"group labels {group.unique().tolist()} must lie between 0 and {len(self.groups) - 1}")
        below = functional.below(errors, self.thresholds, self.inclusive)
        rounded = functional.on_grid(errors)
        self.error_sum.index_add_(0, group, rounded)
        self.clipped_sum.index_add_(0, group, rounded.clamp(max=self.thresholds[-1]))
        self.below.index_add_(0, group, below.long())
        self.frames.index_add_(0, group, torch.ones_like(group))

    def tally(self) -> Tally:
        """The sums of this process, on the CPU."""
        return Tally(self.error_sum.cpu(), self.below.cpu(), self.clipped_sum.cpu(), self.frames.cpu(), self.thresholds)

    def compute(self) -> dict[str, Tensor]:
        """Scores by group, flat, ready to be logged."""
        tally = self.tally()
        scores = {
            "mpjpe_mm": tally.mpjpe(),
            "pck3d": tally.pck(self.threshold),
            "auc3d": tally.auc(self.auc_thresholds),
        }
        return {f"{g}/{name}": values[i] for i, g in enumerate(self.groups) for name, values in scores.items()}
