"""Predictions scored under one protocol, tallied by a label."""

from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor

from pose3d.errors import PoseError
from pose3d.evaluation.protocols import Protocol
from pose3d.metrics import GroupedPose3D
from pose3d.metrics.tally import Tally
from pose3d.predictions import Predictions
from pose3d.skeleton import MPI_INF_3DHP_17

CHUNK = 4096

ACTIVITIES_3DHP = {
    1: "Standing/Walking",
    2: "Exercising",
    3: "Sitting",
    4: "Reaching/Crouching",
    5: "On The Floor",
    6: "Sports",
    7: "Miscellaneous",
}
"""The test set's own numbering, for files that carry no names."""


@dataclass(frozen=True)
class Scores:
    """Scores per group of frames: MPJPE from one joint set, PCK and AUC from another."""

    protocol: Protocol
    groups: tuple[str, ...]
    position: Tally
    share: Tally

    def frames(self) -> list[int]:
        """Frames of each group."""
        return [int(n) for n in self.position.frames]

    def mpjpe(self) -> Tensor:
        """(G,) mm."""
        return self.position.mpjpe()

    def pck(self) -> Tensor:
        """(G,) percent."""
        return self.share.pck(self.protocol.threshold)

    def auc(self) -> Tensor:
        """(G,) percent."""
        return (
            self.share.continuous_auc()
            if self.protocol.continuous_auc
            else self.share.auc(self.protocol.auc_thresholds)
        )

    def weighted(self, weights: Tensor) -> "Scores":
        """Other groups, as sums of these with whole-number weights (G_new, G)."""
        names = tuple(str(i) for i in range(len(weights)))
        return replace(self, groups=names, position=self.position.weighted(weights), share=self.share.weighted(weights))

    def pooled(self) -> "Scores":
        """All frames as one group."""
        return replace(self, groups=("All",), position=self.position.pooled(), share=self.share.pooled())


def label_groups(predictions: Predictions, label: str) -> tuple[np.ndarray, tuple[str, ...]]:
    """(N,) group of each frame, and the groups' names in order; named groups that do not occur are kept."""
    values = predictions.require(label, f"a table by {label}")
    names = getattr(predictions, f"{label}_names", None)
    if values.dtype.kind in "US":
        present, codes = np.unique(values.astype(str), return_inverse=True)
        return codes.astype(np.int64), tuple(present.tolist())
    if names is not None:
        if values.min() < 0 or values.max() >= len(names):
            raise PoseError(
                f"{predictions.path}: {label!r} runs from {values.min()} to {values.max()}, but {label}_names has "
                f"{len(names)} entries; write one name for each label"
            )
        # Where labels count from 1, as the official activities do, index 0 has an empty name.
        unnamed = int(str(names[0]) == "" and values.min() >= 1)
        return values.astype(np.int64) - unnamed, tuple(str(n) for n in names[unnamed:])
    if label == "activity" and values.min() >= 1 and values.max() <= 7:
        return values.astype(np.int64) - 1, tuple(ACTIVITIES_3DHP.values())
    present, codes = np.unique(values, return_inverse=True)
    return codes.astype(np.int64), tuple(f"{label} {v}" for v in present.tolist())


def poses(predictions: Predictions, protocol: Protocol) -> tuple[np.ndarray, np.ndarray]:
    """Predicted and true poses (N, 17, 3) mm on the skeleton that the protocol asks for."""
    reader = f"protocol {protocol.name!r}"
    preds, target = predictions.require("joints_3d", reader), predictions.require("target_3d", reader)
    if protocol.skeleton == "universal":
        return preds, target
    true = predictions.require("target_3d_true", f"{reader} ({protocol.skeleton} skeleton)")
    if protocol.skeleton == "true":
        return preds, true
    subjects = predictions.require("subject", f"{reader} (one scale for each subject)")
    return preds * subject_scales(true, target, subjects)[:, None, None].astype(preds.dtype), true


def subject_scales(true: np.ndarray, universal: np.ndarray, subjects: np.ndarray) -> np.ndarray:
    """(N,) the size of each frame's subject relative to the universal skeleton: one factor per subject (Table 4, "S").

    The factor is the ratio of the bone lengths, summed over all bones and all frames of the subject. It does not depend
    on the poses, and a frame's own pose cannot move it.
    """
    parents = list(MPI_INF_3DHP_17.parents_o1)
    lengths = [np.linalg.norm((p - p[:, parents]).astype(np.float64), axis=2).sum(axis=1) for p in (true, universal)]
    _, codes = np.unique(subjects, return_inverse=True)
    own, reference = (np.bincount(codes, weights=summed) for summed in lengths)
    return (own / reference)[codes]


def sampled(predictions: Predictions, protocol: Protocol) -> Predictions:
    """The frames that the protocol evaluates: valid ones, at its sampling."""
    predictions = predictions.evaluated()
    if protocol.every > 1:
        frame = predictions.require("frame", f"protocol {protocol.name!r} (every {protocol.every}th frame)")
        predictions = predictions.select(frame % protocol.every == 0)
    if len(predictions) == 0:
        raise PoseError(
            f"{predictions.path}: protocol {protocol.name!r} leaves no frame (valid, number a multiple of "
            f"{protocol.every}); predict those frames, or override the sampling with --every 1"
        )
    return predictions


def score(predictions: Predictions, protocol: Protocol, codes: np.ndarray, groups: tuple[str, ...]) -> Scores:
    """Tally (already sampled) predictions by the groups `codes` (N,)."""
    preds, target = poses(predictions, protocol)

    metric = GroupedPose3D(
        groups,
        protocol.joints,
        protocol.pck_joints,
        protocol.alignment,
        protocol.threshold,
        protocol.auc_thresholds,
        protocol.inclusive,
    )
    for start in range(0, len(preds), CHUNK):
        rows = slice(start, start + CHUNK)
        metric.update(*(torch.from_numpy(np.ascontiguousarray(a[rows])) for a in (preds, target, codes)))
    return Scores(protocol, groups, metric.position(), metric.share())
