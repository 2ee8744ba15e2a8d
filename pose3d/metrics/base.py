"""What the 3D metrics share: input checks, joint choice, alignment."""

from typing import Any

from torch import Tensor
from torchmetrics import Metric

from pose3d.errors import PoseError
from pose3d.metrics import functional
from pose3d.metrics.functional import Alignment
from pose3d.metrics.joints import Joints, joint_indices


class PoseMetric3D(Metric):
    """A metric over the errors of chosen joints of the 17-joint skeleton, after an alignment.

    Args:
        alignment: "none" (official: predictions are taken as they are, decision M3a), "root", "scale",
            "scale_translation" or "procrustes".
        joints: 17, 16 (all but the root), 14, or a list of indices or names.
    """

    is_differentiable = False
    full_state_update = False

    def __init__(self, alignment: Alignment = "none", joints: Joints = 17, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        if alignment not in functional.ALIGNMENTS:
            raise PoseError(f"unknown alignment {alignment!r}; use one of {', '.join(functional.ALIGNMENTS)}")
        self.alignment: Alignment = alignment
        self.joints = joint_indices(joints)

    def errors(self, preds: Tensor, target: Tensor, valid: Tensor | None = None) -> Tensor:
        """(B_valid, J) mm float64; PoseError for wrong shapes and for anything not finite."""
        functional.check_poses(preds, target, num_joints=17)
        if valid is not None:
            preds, target = preds[valid.bool()], target[valid.bool()]
        errors = functional.joint_errors(preds, target, self.joints, self.alignment)
        functional.check_finite(errors, preds, target)
        return errors
