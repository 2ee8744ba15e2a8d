"""The core of the 3D metrics: errors of chosen joints, tallied per group of frames."""

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from pose3d.errors import PoseError
from pose3d.metrics import functional
from pose3d.metrics.functional import Alignment
from pose3d.metrics.joints import Joints, joint_indices
from pose3d.metrics.precision import DoublePrecisionMetric
from pose3d.metrics.rules_state import add_rules_state
from pose3d.metrics.tally import Tally


class PoseMetric3D(DoublePrecisionMetric):
    """A metric over the errors of the 17-joint skeleton after an alignment; subclasses read scores from `tally()`.

    Args:
        *joint_sets: one or more sets of joints, each 17, 16 (all but the root), 14, or a list of indices or names. Each
            is aligned and counted by itself; the tally holds them one after the other.
        alignment: "none" (official: predictions are taken as they are, decision M3a), "root", "scale",
            "scale_translation" or "procrustes".
        thresholds: mm, in ascending order; joints below each are counted.
        inclusive: count an error equal to the threshold.
        num_groups: frames are tallied in so many groups.
        clipped: also sum the errors cut off at the largest threshold, for the continuous AUC.
    """

    is_differentiable = False
    full_state_update = False
    error_sum: Tensor
    frames: Tensor
    below: Tensor
    clipped_sum: Tensor

    def __init__(
        self,
        *joint_sets: Joints,
        alignment: Alignment = "none",
        thresholds: Sequence[float] = (),
        inclusive: bool = False,
        num_groups: int = 1,
        clipped: bool = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        if alignment not in functional.ALIGNMENTS:
            raise PoseError(f"unknown alignment {alignment!r}; use one of {', '.join(functional.ALIGNMENTS)}")
        self.alignment: Alignment = alignment
        self.joint_sets = tuple(joint_indices(joints) for joints in joint_sets)
        # No buffer: a module cast to half precision would round the thresholds.
        self.thresholds = tuple(float(t) for t in thresholds)
        self.inclusive, self.clipped = inclusive, clipped
        add_rules_state(self, type(self).__name__, alignment, self.joint_sets, self.thresholds, inclusive)
        shape = (num_groups, sum(len(joints) for joints in self.joint_sets))
        self.add_state("frames", torch.zeros(num_groups, dtype=torch.int64), dist_reduce_fx="sum")
        self.add_state("error_sum", torch.zeros(shape, dtype=torch.float64), dist_reduce_fx="sum")
        if self.thresholds:
            counts = torch.zeros((*shape, len(self.thresholds)), dtype=torch.int64)
            self.add_state("below", counts, dist_reduce_fx="sum")
        if clipped:
            self.add_state("clipped_sum", torch.zeros(shape, dtype=torch.float64), dist_reduce_fx="sum")

    def update(self, preds: Tensor, target: Tensor, valid: Tensor | None = None) -> None:
        """Add (B, 17, 3) mm poses; `valid` (B,) bool says which of them count (default: all)."""
        self._add(preds, target, valid, None)

    def tally(self) -> Tally:
        """The sums so far: of this process, or of all of them inside `compute`."""
        return Tally(
            error_sum=self.error_sum,
            below=self.below if self.thresholds else self.error_sum.new_zeros((*self.error_sum.shape, 0)),
            clipped_sum=self.clipped_sum if self.clipped else self.error_sum.new_zeros(self.error_sum.shape),
            frames=self.frames,
            thresholds=self.thresholds,
        )

    def errors(self, preds: Tensor, target: Tensor, valid: Tensor | None = None) -> Tensor:
        """(B_valid, J) mm float64, the joint sets side by side; PoseError for wrong shapes and non-finite values."""
        functional.check_poses(preds, target, num_joints=17)
        if valid is not None:
            preds, target = preds[valid.bool()], target[valid.bool()]
        errors = [functional.joint_errors(preds, target, joints, self.alignment) for joints in self.joint_sets]
        for one in errors:
            functional.check_finite(one, preds, target)
        return torch.cat(errors, dim=1) if len(errors) > 1 else errors[0]

    def _add(self, preds: Tensor, target: Tensor, valid: Tensor | None, group: Tensor | None) -> None:
        """Add poses to their groups (B_valid,); None: all of them to the first."""
        errors = self.errors(preds, target, valid)
        rounded = functional.on_grid(errors)
        count = torch.ones(len(errors), dtype=torch.int64, device=errors.device)
        self._sum(self.frames, count, group)
        self._sum(self.error_sum, rounded, group)
        if self.thresholds:
            self._sum(self.below, functional.below(errors, self.thresholds, self.inclusive).long(), group)
        if self.clipped:
            self._sum(self.clipped_sum, rounded.clamp(max=self.thresholds[-1]), group)

    @staticmethod
    def _sum(state: Tensor, rows: Tensor, group: Tensor | None) -> None:
        if group is None:
            state[0] += rows.sum(dim=0)
        else:
            state.index_add_(0, group, rows)
