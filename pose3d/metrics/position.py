"""MPJPE: mean per joint position error."""

from typing import Any

import torch
from torch import Tensor

from pose3d.metrics.base import PoseMetric3D
from pose3d.metrics.functional import Alignment, on_grid
from pose3d.metrics.joints import Joints
from pose3d.metrics.rules_state import add_rules_state


class MPJPE(PoseMetric3D):
    """Mean Euclidean distance between predicted and true joints, in mm.

    The default is the official MPI-INF-3DHP protocol: 17 joints, the root's own error included (zero for a
    root-relative prediction), no alignment and no re-rooting (decisions M3, M3a). `alignment="procrustes"` is PA-MPJPE,
    `alignment="scale"` N-MPJPE.

    `update(preds, target, valid=None)` takes (B, 17, 3) mm and an optional (B,) bool of frames to count.
    `compute()` gives a float64 scalar, NaN before the first pose. NaN or infinity in the input is a PoseError.

    >>> import torch
    >>> metric = MPJPE()
    >>> metric.update(torch.full((2, 17, 3), 30.0), torch.zeros(2, 17, 3))
    >>> round(float(metric.compute()), 4)
    51.9615
    """

    higher_is_better = False
    error_sum: Tensor
    frames: Tensor

    def __init__(self, alignment: Alignment = "none", joints: Joints = 17, **kwargs: Any) -> None:
        super().__init__(alignment, joints, **kwargs)
        self.add_state("error_sum", torch.zeros(len(self.joints), dtype=torch.float64), dist_reduce_fx="sum")
        add_rules_state(self, alignment, self.joints)
        self.add_state("frames", torch.zeros((), dtype=torch.int64), dist_reduce_fx="sum")

    def update(self, preds: Tensor, target: Tensor, valid: Tensor | None = None) -> None:
        """Add (B, 17, 3) mm poses."""
        errors = self.errors(preds, target, valid)
        self.error_sum += on_grid(errors).sum(dim=0)
        self.frames += len(errors)

    def compute(self) -> Tensor:
        """Mean over joints and frames, mm."""
        return self.error_sum.sum() / (self.frames * len(self.joints))
