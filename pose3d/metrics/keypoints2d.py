"""2D scores as the official tools compute them: PCKh and its AUC (MPII), PCK and its AUC (LSP).

A joint is correct when its distance to the label is at most `threshold` times the person's reference length; correct
joints are pooled over joints and people. Joints without a label are left out. The AUC is the integral of that curve
over 0, 0.01, ..., threshold (trapezoids), divided by the threshold.
"""

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from pose3d.errors import PoseError
from pose3d.metrics import functional
from pose3d.metrics.joints import Joints, joint_indices
from pose3d.metrics.precision import DoublePrecisionMetric
from pose3d.metrics.rules_state import add_rules_state
from pose3d.skeleton import JOINT_SETS, MPI_INF_3DHP_17

L_SHOULDER, R_HIP = MPI_INF_3DHP_17.index("l_shoulder"), MPI_INF_3DHP_17.index("r_hip")


class _Keypoints2D(DoublePrecisionMetric):
    """Share of labelled joints within each threshold of the reference length; one threshold, or a curve."""

    is_differentiable = False
    higher_is_better = True
    full_state_update = False
    count: Tensor
    total: Tensor

    def __init__(self, thresholds: Sequence[float], joints: Joints, num_joints: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        if num_joints not in (14, 15, 17):
            raise PoseError(f"2D poses have 14, 15 or 17 joints, not {num_joints}; remap them to the 3DHP order first")
        by_size = {len(s): s for s in (MPI_INF_3DHP_17, JOINT_SETS["pose2d_15"], JOINT_SETS["common_14"])}
        self.num_joints = num_joints
        self.joints = joint_indices(joints, by_size[num_joints])
        self.thresholds = tuple(float(t) for t in thresholds)
        add_rules_state(self, type(self).__name__, self.thresholds, self.joints, num_joints)
        self.add_state("count", torch.zeros(len(self.thresholds), dtype=torch.int64), dist_reduce_fx="sum")
        self.add_state("total", torch.zeros((), dtype=torch.int64), dist_reduce_fx="sum")

    def _add(self, preds: Tensor, target: Tensor, visible: Tensor, reference: Tensor) -> None:
        functional.check_poses(preds, target, self.num_joints, dims=2)
        if visible.shape != target.shape[:2] or reference.shape != target.shape[:1]:
            raise PoseError(
                f"visible {tuple(visible.shape)} and reference length {tuple(reference.shape)} must be "
                f"{tuple(target.shape[:2])} and {tuple(target.shape[:1])}, as the target says"
            )
        chosen = list(self.joints)
        labelled = visible[:, chosen].bool() & torch.isfinite(target[:, chosen]).all(dim=-1)
        if not bool(torch.isfinite(preds[:, chosen][labelled]).all()):
            raise PoseError("a predicted 2D joint is NaN or infinite where a label exists; correct the predictions")
        used = labelled.any(dim=1)
        if not bool((torch.isfinite(reference[used]) & (reference[used] > 0)).all()):
            raise PoseError("the reference length (head size, torso) of a labelled person is not positive; correct it")
        x, y = (preds[:, chosen].double() - target[:, chosen].double()).unbind(-1)
        distance = (x * x + y * y).sqrt().unsqueeze(-1)  # (B, J, 1) px
        limits = torch.tensor(self.thresholds, dtype=torch.float64, device=preds.device)
        within = distance <= limits * reference.double()[:, None, None]
        self.count += (within & labelled.unsqueeze(-1)).sum(dim=(0, 1))
        self.total += labelled.sum()

    def compute(self) -> Tensor:
        """Percent; NaN before the first labelled joint. One threshold: its share. A curve: the normalised area."""
        share = functional.percent(self.count, self.total)
        if len(self.thresholds) == 1:
            return share[0]
        width = self.thresholds[-1] - self.thresholds[0]
        return torch.trapezoid(share, share.new_tensor(self.thresholds)) / width


class PCKh(_Keypoints2D):
    """PCKh@0.5 of MPII: within half a head size, 14 joints (no pelvis, no thorax).

    `update(preds, target, visible, head_size)` takes (B, 17, 2) px twice, (B, 17) bool and (B,) px. The head size is
    0.6 times the diagonal of the head rectangle. 2DPoseNet's 15 joints need `num_joints=15`.
    """

    def __init__(self, threshold: float = 0.5, joints: Joints = 14, num_joints: int = 17, **kwargs: Any) -> None:
        super().__init__((threshold,), joints, num_joints, **kwargs)

    def update(self, preds: Tensor, target: Tensor, visible: Tensor, head_size: Tensor) -> None:
        """Add people."""
        self._add(preds, target, visible, head_size)


class PCKhAUC(PCKh):
    """Area under the PCKh curve over 0, 0.01, ..., 0.5 head sizes, in percent of the whole; input as `PCKh`."""

    def __init__(self, threshold: float = 0.5, joints: Joints = 14, num_joints: int = 17, **kwargs: Any) -> None:
        _Keypoints2D.__init__(self, _curve(threshold), joints, num_joints, **kwargs)


class PCK2D(_Keypoints2D):
    """PCK@0.2 of LSP: within a fifth of the torso, which runs from the labelled left shoulder to the right hip.

    `update(preds, target, visible)` takes (B, 17, 2) px twice and (B, 17) bool. A person whose left shoulder or right
    hip has no label has no torso length and is left out.
    """

    def __init__(self, threshold: float = 0.2, joints: Joints = 14, num_joints: int = 17, **kwargs: Any) -> None:
        super().__init__((threshold,), joints, num_joints, **kwargs)

    def update(self, preds: Tensor, target: Tensor, visible: Tensor) -> None:
        """Add people."""
        functional.check_poses(preds, target, self.num_joints, dims=2)
        torso = (target[:, L_SHOULDER].double() - target[:, R_HIP].double()).norm(dim=-1)
        has_torso = visible[:, L_SHOULDER].bool() & visible[:, R_HIP].bool() & torso.isfinite()
        self._add(preds, target, visible.bool() & has_torso[:, None], torso)


class PCK2DAUC(PCK2D):
    """Area under the PCK curve over 0, 0.01, ..., 0.2 torso lengths, in percent of the whole; input as `PCK2D`."""

    def __init__(self, threshold: float = 0.2, joints: Joints = 14, num_joints: int = 17, **kwargs: Any) -> None:
        _Keypoints2D.__init__(self, _curve(threshold), joints, num_joints, **kwargs)


def _curve(threshold: float) -> tuple[float, ...]:
    return tuple(step / 100 for step in range(round(threshold * 100) + 1))
