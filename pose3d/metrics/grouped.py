"""MPJPE, 3DPCK and AUC for each group of frames: activity, scene, sequence, pose class."""

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor

from pose3d.errors import PoseError
from pose3d.metrics.base import PoseMetric3D
from pose3d.metrics.functional import AUC_THRESHOLDS, PCK_THRESHOLD, Alignment
from pose3d.metrics.joints import Joints
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
    """MPJPE, 3DPCK and AUC of each group of frames, as `MPJPE`, `PCK3D` and `AUC3D` on that group's frames alone.

    `update(preds, target, group, valid=None)` takes (B, 17, 3) mm, (B,) int64 labels of the frames and an optional
    (B,) bool of frames to count. `compute()` gives a flat dictionary of float64 scalars, ready for `log_dict`; a group
    that does not occur is NaN.

    Args:
        groups: names of the groups, whose labels are 0, 1, ...; or a mapping label -> name.
        joints: joints of the MPJPE.
        pck_joints: joints of the PCK and the AUC.
        alignment: as in `MPJPE`.
        threshold: mm, of the PCK.
        thresholds: mm, of the AUC.
        inclusive: count an error equal to the threshold.
        key: the dictionary's keys, with `{group}` and `{score}` to be filled in; scores are `mpjpe_mm`, `pck3d_150mm`
            (with the threshold's number) and `auc3d`.

    Raises PoseError for labels without a group, and for NaN or infinity.

    Examples:
        >>> metric = GroupedPose3D({3: "sit", 5: "walk"}, key="test/{group}/{score}")
        >>> metric.update(torch.full((2, 17, 3), 30.0), torch.zeros(2, 17, 3), torch.tensor([5, 5]))
        >>> {key: round(float(value), 2) for key, value in metric.compute().items() if "walk" in key}
        {'test/walk/mpjpe_mm': 51.96, 'test/walk/pck3d_150mm': 100.0, 'test/walk/auc3d': 64.52}
    """

    def __init__(
        self,
        groups: Sequence[str] | Mapping[int, str],
        joints: Joints = 17,
        pck_joints: Joints = 14,
        alignment: Alignment = "none",
        threshold: float = PCK_THRESHOLD,
        thresholds: Sequence[float] = AUC_THRESHOLDS,
        inclusive: bool = False,
        key: str = "{group}/{score}",
        **kwargs: Any,
    ) -> None:
        named = dict(groups) if isinstance(groups, Mapping) else dict(enumerate(groups))
        if not named:
            raise PoseError("scores by group need at least one group; name it")
        self.threshold, self.auc_thresholds = float(threshold), tuple(float(t) for t in thresholds)
        super().__init__(
            joints,
            pck_joints,
            alignment=alignment,
            thresholds=sorted({self.threshold, *self.auc_thresholds}),
            inclusive=inclusive,
            num_groups=len(named),
            clipped=True,
            **kwargs,
        )
        self.labels, self.groups, self.key = tuple(named), tuple(named.values()), key

    def update(  # type: ignore[override]
        self, preds: Tensor, target: Tensor, group: Tensor, valid: Tensor | None = None
    ) -> None:
        """Add poses, each to the group of its label."""
        if len(group) != len(preds):
            raise PoseError(f"{len(group)} group labels meet {len(preds)} predictions; pass one label for each")
        group = (group if valid is None else group[valid.bool()]).to(preds.device)
        matches = group[:, None] == torch.tensor(self.labels, device=preds.device)  # (B, G)
        if not bool(matches.any(dim=1).all()):
            raise PoseError(f"group labels {group.unique().tolist()} must be among {_listed(self.labels)}")
        self._add(preds, target, valid, matches.long().argmax(dim=1))

    def compute(self) -> dict[str, Tensor]:
        """Scores by group, flat."""
        scores = {
            "mpjpe_mm": self.position().mpjpe(),
            f"pck3d_{self.threshold:g}mm": self.share().pck(self.threshold),
            "auc3d": self.share().auc(self.auc_thresholds),
        }
        return {
            self.key.format(group=group, score=score): values[i]
            for i, group in enumerate(self.groups)
            for score, values in scores.items()
        }

    def position(self) -> Tally:
        """The tally over the joints of the MPJPE; as `tally()`, of this process only outside `compute`."""
        return self.tally().of_joints(list(range(len(self.joint_sets[0]))))

    def share(self) -> Tally:
        """The tally over the joints of PCK and AUC."""
        first = len(self.joint_sets[0])
        return self.tally().of_joints(list(range(first, first + len(self.joint_sets[1]))))


def _listed(labels: tuple[int, ...]) -> str:
    together = len(labels) > 3 and labels == tuple(range(labels[0], labels[0] + len(labels)))
    return f"{labels[0]} to {labels[-1]}" if together else ", ".join(map(str, labels))
