"""3DPCK and its area under the curve (paper section 5, decisions M1 and M2)."""

from collections.abc import Sequence
from typing import Any

from torch import Tensor

from pose3d.errors import PoseError
from pose3d.metrics.base import PoseMetric3D
from pose3d.metrics.functional import AUC_THRESHOLDS, PCK_THRESHOLD, Alignment
from pose3d.metrics.joints import Joints


class _ShareBelow(PoseMetric3D):
    """Share of joints below each threshold, averaged over thresholds. Counts are integers: batches do not matter."""

    higher_is_better = True

    def __init__(
        self, thresholds: Sequence[float], inclusive: bool, alignment: Alignment, joints: Joints, **kwargs: Any
    ) -> None:
        if not thresholds or min(thresholds) < 0:
            raise PoseError(f"thresholds {list(thresholds)} must be one or more distances in mm, none negative")
        super().__init__(joints, alignment=alignment, thresholds=thresholds, inclusive=inclusive, **kwargs)

    def compute(self) -> Tensor:
        """Percent, as one division of integers."""
        return self.tally().auc(self.thresholds)[0]


class PCK3D(_ShareBelow):
    """Share of joints whose error lies below one threshold, in percent: 3DPCK.

    The default is the official one: strictly below 150 mm, the first 14 joints, pooled over joints and frames.
    `update(preds, target, valid=None)` takes (B, 17, 3) mm and an optional (B,) bool of frames to count; `compute()`
    gives a float64 scalar, NaN before the first pose. NaN or infinity in the input is a PoseError.

    Examples:
        >>> import torch
        >>> metric = PCK3D()
        >>> metric.update(torch.tensor([150.0, 0, 0]).expand(1, 17, 3), torch.zeros(1, 17, 3))
        >>> float(metric.compute())
        0.0
    """

    def __init__(
        self,
        threshold: float = PCK_THRESHOLD,
        inclusive: bool = False,
        alignment: Alignment = "none",
        joints: Joints = 14,
        **kwargs: Any,
    ) -> None:
        super().__init__((threshold,), inclusive, alignment, joints, **kwargs)


class AUC3D(_ShareBelow):
    """Mean of the 3DPCK over a list of thresholds, in percent.

    The default is the official one: thresholds 0, 5, ..., 150 mm (31 of them), strictly below, the first 14 joints.
    At threshold 0 nothing counts, so a perfect score is 96.774. Variants met elsewhere: 17 joints, thresholds up to
    200, `inclusive` comparison. Input and output are those of `PCK3D`.

    Examples:
        >>> import torch
        >>> metric = AUC3D()
        >>> metric.update(torch.zeros(2, 17, 3), torch.zeros(2, 17, 3))
        >>> round(float(metric.compute()), 3)
        96.774
    """

    def __init__(
        self,
        thresholds: Sequence[float] = AUC_THRESHOLDS,
        inclusive: bool = False,
        alignment: Alignment = "none",
        joints: Joints = 14,
        **kwargs: Any,
    ) -> None:
        super().__init__(thresholds, inclusive, alignment, joints, **kwargs)
