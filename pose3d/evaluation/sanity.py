"""Checks for silent mistakes that give wrong scores: unit, joint order, root."""

import numpy as np

from pose3d.errors import PoseError
from pose3d.predictions import Predictions
from pose3d.skeleton import H36M_17, MPI_INF_3DHP_17, remap

ROOT = MPI_INF_3DHP_17.root
PERSON_MM = (100.0, 10_000.0)
"""A person's joints reach this far from the root, in mm; anything else is another unit."""


def check_plausible(predictions: Predictions) -> None:
    """Raise PoseError for poses in another unit, another joint order, or not relative to the root."""
    where = predictions.path
    predictions = predictions.evaluated()
    if predictions.joints_3d is None or len(predictions) == 0:
        return
    if predictions.target_3d is None:
        _check_unit(where, "joints_3d", _reach(predictions.joints_3d))
        return
    preds, target = predictions.joints_3d, predictions.target_3d
    _check_unit(where, "target_3d", _reach(target))
    _check_root(where, target)
    _check_predicted_unit(where, preds, target)
    _check_order(where, preds, target)


def _reach(poses: np.ndarray) -> float:
    """Median over frames of the largest distance from the pose's mean, which no joint order changes."""
    return float(np.median(np.linalg.norm(poses - poses.mean(axis=1, keepdims=True), axis=2).max(axis=1)))


def _check_unit(where: str, key: str, reach: float) -> None:
    low, high = PERSON_MM
    if low <= reach <= high:
        return
    guess = " (metres?)" if 0.1 <= reach < 10 else " (micrometres?)" if reach > 100_000 else ""
    raise PoseError(f"{where}: {key!r} spans {reach:.4g}, but a person in millimetres spans about 900{guess}; give mm")


def _check_root(where: str, target: np.ndarray) -> None:
    offset = np.abs(target).max(axis=(0, 2))  # (17,): zero where a joint is the origin in every frame
    if offset[ROOT] <= 1.0:
        return
    origin = [MPI_INF_3DHP_17.names[j] for j in np.flatnonzero(offset <= 1.0)]
    if origin:
        raise PoseError(
            f"{where}: 'target_3d' has its origin at entry {origin[0]!r} instead of 'pelvis' (entry {ROOT}), so its "
            "joints are in another order; remap them to the 3DHP order of 17"
        )
    raise PoseError(
        f"{where}: 'target_3d' is not relative to the root: 'pelvis' lies up to {offset[ROOT]:.0f} mm from the origin; "
        "subtract joint 14 from every pose"
    )


def _check_predicted_unit(where: str, preds: np.ndarray, target: np.ndarray) -> None:
    """Another unit is another scale of poses that otherwise resemble the target; an untrained network's do not."""
    ratio = _reach(preds) / _reach(target)
    if 1 / 30 < ratio < 30:
        return
    likeness = np.sum(preds * target) / (np.linalg.norm(preds) * np.linalg.norm(target) + 1e-12)
    if likeness > 0.5 or ratio > 30:
        raise PoseError(
            f"{where}: 'joints_3d' is {ratio:.3g} times the size of 'target_3d', so its unit is not millimetres; "
            "convert the predictions"
        )


def _check_order(where: str, preds: np.ndarray, target: np.ndarray) -> None:
    """Predictions in Human3.6M's order fit the target much better once they are reordered."""
    order = remap(H36M_17, MPI_INF_3DHP_17)
    if (order < 0).any():
        return
    as_is, reordered = (float(np.linalg.norm(p - target, axis=2).mean()) for p in (preds, preds[:, order]))
    if reordered < 0.5 * as_is:
        raise PoseError(
            f"{where}: 'joints_3d' fits 'target_3d' far better in Human3.6M's joint order ({reordered:.0f} mm against "
            f"{as_is:.0f} mm); remap the predictions to the 3DHP order of 17"
        )
