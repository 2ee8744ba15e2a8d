"""ASPset-510 as its authors' evaluator scores it: MPJPE and PCK of 17 joints, absolute, root-relative and aligned.

Differences from the protocols of MPI-INF-3DHP: 150 mm count as correct (<=), all 17 joints count in both scores, poses
are compared in the subject's own size, and the aligned scores scale by the sum of all singular values even where a
mirrored alignment was undone. Joint positions are rounded to float32 first. Distances do not depend on the axes, so
camera axes give the scores that the evaluator's world axes give.
"""

from collections.abc import Iterator

import numpy as np

from pose3d.evaluation.protocols import Protocol
from pose3d.evaluation.scores import label_groups
from pose3d.evaluation.tables import Table
from pose3d.predictions import Predictions
from pose3d.skeleton import MPI_INF_3DHP_17

UNIVERSAL_MM = 910.0
"""Universal scale: left knee to left hip, pelvis to spine, spine to neck."""
CHAIN = (("l_knee", "l_hip"), ("pelvis", "spine"), ("spine", "neck"))


def aspset510_table(predictions: Predictions, protocol: Protocol) -> Table:
    """One row for each alignment, over all frames; then root-relative rows of each clip."""
    table = Table("ASPset-510", protocol.name, protocol.rules(), ["poses", "frames", "MPJPE mm", "PCK %"])
    for name, errors in _comparisons(predictions, protocol):
        table.add(name, len(predictions), *scores(errors, protocol))
    if predictions.translation is None or predictions.target_translation is None:
        table.notes.append("no absolute row: the predictions have no 'translation' or no 'target_translation'")
    elif protocol.skeleton == "universal":
        table.notes.append("no absolute row: universal scale moves a person about the world's origin, not the camera's")
    if predictions.sequence is not None:
        codes, groups = label_groups(predictions, "sequence")
        relative = root_relative_errors(predictions, protocol)
        for number, group in enumerate(groups):
            rows = codes == number
            if rows.any() and len(groups) > 1:
                table.add(f"root-relative, {group}", int(rows.sum()), *scores(relative[rows], protocol))
    return table


def scores(errors: np.ndarray, protocol: Protocol) -> tuple[float, float]:
    """MPJPE in mm and PCK in percent of errors (N, 17) mm: the mean of each pose first, then over the poses."""
    return float(errors.mean(axis=1).mean()), 100 * float((errors <= protocol.threshold).mean(axis=1).mean())


def root_relative_errors(predictions: Predictions, protocol: Protocol) -> np.ndarray:
    """(N, 17) mm, both poses moved to their pelvis."""
    preds, target = poses(predictions, protocol)
    root = MPI_INF_3DHP_17.root
    return joint_errors(preds - preds[:, root, None], target - target[:, root, None])


def poses(predictions: Predictions, protocol: Protocol) -> tuple[np.ndarray, np.ndarray]:
    """Predicted and true poses (N, 17, 3) mm relative to the pelvis, float32; the truth in universal scale if asked."""
    reader = f"protocol {protocol.name!r}"
    target = predictions.require("target_3d_true", reader).astype(np.float32)
    if protocol.skeleton == "universal":
        of = {name: target[:, MPI_INF_3DHP_17.index(name)] for pair in CHAIN for name in pair}
        height = np.sum([np.linalg.norm(of[a] - of[b], axis=-1) for a, b in CHAIN], axis=0)
        target = target * (UNIVERSAL_MM / height)[:, None, None].astype(np.float32)
    return predictions.require("joints_3d", reader).astype(np.float32), target


def joint_errors(preds: np.ndarray, target: np.ndarray) -> np.ndarray:
    """(N, 17) mm."""
    return np.asarray(np.linalg.norm(target - preds, axis=-1))


def aligned(preds: np.ndarray, target: np.ndarray) -> np.ndarray:
    """Poses (N, J, 3) after the similarity that the evaluator fits to `target`, without reflections."""
    preds, target = preds.astype(np.float64), target.astype(np.float64)
    from_mean, to_mean = preds.mean(axis=1, keepdims=True), target.mean(axis=1, keepdims=True)
    source, goal = preds - from_mean, target - to_mean
    from_norm, to_norm = (np.linalg.norm(points, axis=(1, 2), keepdims=True) for points in (source, goal))
    source, goal = source / from_norm, goal / to_norm
    u, singular, vt = np.linalg.svd(np.swapaxes(goal, 1, 2) @ source)
    vt[:, 2] *= np.linalg.det(u @ vt)[:, None]
    turned = source @ np.swapaxes(u @ vt, 1, 2)
    return np.asarray(turned * singular.sum(axis=1)[:, None, None] * to_norm + to_mean)


def _comparisons(predictions: Predictions, protocol: Protocol) -> Iterator[tuple[str, np.ndarray]]:
    """Name and errors (N, 17) mm of each alignment."""
    preds, target = poses(predictions, protocol)
    place, target_place = predictions.translation, predictions.target_translation
    if place is not None and target_place is not None and protocol.skeleton != "universal":
        yield (
            "absolute",
            joint_errors(preds + place[:, None].astype(np.float32), target + target_place[:, None].astype(np.float32)),
        )
    yield "root-relative", root_relative_errors(predictions, protocol)
    yield "Procrustes-aligned", joint_errors(aligned(preds, target), target)
