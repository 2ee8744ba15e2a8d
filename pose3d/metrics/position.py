"""MPJPE: mean per joint position error."""

from typing import Any

from torch import Tensor

from pose3d.metrics.base import PoseMetric3D
from pose3d.metrics.functional import Alignment
from pose3d.metrics.joints import Joints


class MPJPE(PoseMetric3D):
    """Mean Euclidean distance between predicted and true joints, in mm.

    The default is the official MPI-INF-3DHP protocol: 17 joints, the root's own error included (zero for a
    root-relative prediction), no alignment and no re-rooting (decisions M3, M3a). `alignment="procrustes"` is PA-MPJPE,
    `alignment="scale"` N-MPJPE.

    `update(preds, target, valid=None)` takes (B, 17, 3) mm and an optional (B,) bool of frames to count.
    `compute()` gives a float64 scalar, NaN before the first pose. NaN or infinity in the input is a PoseError.

    Examples:
        >>> import torch
        >>> metric = MPJPE()
        >>> metric.update(torch.full((2, 17, 3), 30.0), torch.zeros(2, 17, 3))
        >>> round(float(metric.compute()), 4)
        51.9615
    """

    higher_is_better = False

    def __init__(self, alignment: Alignment = "none", joints: Joints = 17, **kwargs: Any) -> None:
        super().__init__(joints, alignment=alignment, **kwargs)

    def compute(self) -> Tensor:
        """Mean over joints and frames, mm."""
        return self.tally().mpjpe()[0]
