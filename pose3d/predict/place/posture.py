"""Which way a standing body points: from the feet to the centre of mass.

Somebody who stands or walks with straight legs keeps the centre of mass over the feet, a little in front of the ankles.
"""

import numpy as np

from pose3d.predict.place.contacts import ANKLES
from pose3d.skeleton import MPI_INF_3DHP_17

_INDEX = MPI_INF_3DHP_17.index

# Near joint, far joint, place of the mass between them, share of the body's mass (Winter 2009, table 4.1).
SEGMENTS = [("neck", "head_top", 0.5, 0.081), ("neck", "pelvis", 0.5, 0.497)] + [
    (f"{side}_{near}", f"{side}_{far}", place, mass)
    for side in "lr"
    for near, far, place, mass in (
        ("hip", "knee", 0.433, 0.100),
        ("knee", "ankle", 0.567, 0.061),
        ("shoulder", "elbow", 0.436, 0.028),
        ("elbow", "wrist", 0.682, 0.022),
    )
]

FORWARD_DEG = 4.0
"""The centre of mass lies so far in front of the ankles, seen from there."""

STRAIGHT = 0.95
"""Distance of hip and ankle as a share of the leg's length, from which on the leg is straight."""
IN_LINE_DEG = 25.0
"""Largest angle between trunk and legs of somebody who stands."""
MOST_TILTED_DEG = 45.0
"""A body farther from upright lies, or the camera looks steeply down and its pitch must be given."""
SECONDS_APART = 0.7
"""Postures this far apart in time count as independent."""


def centre_of_mass(joints: np.ndarray) -> np.ndarray:
    """(T, 3) of joints (T, 17, 3)."""
    total = sum(mass for *_, mass in SEGMENTS)
    parts = [
        mass / total * ((1 - at) * joints[:, _INDEX(near)] + at * joints[:, _INDEX(far)])
        for near, far, at, mass in SEGMENTS
    ]
    return np.sum(parts, axis=0)


def standing_directions(joints: np.ndarray, time: np.ndarray, up: np.ndarray) -> np.ndarray:
    """Unit vectors (K, 3) that are upright but for how the person leans, one for each `SECONDS_APART` of standing.

    Args:
        joints: (T, 17, 3), NaN where nobody is.
        time: (T,) s.
        up: (3,) roughly, to tell the person's front, and standing from lying.
    """
    feet = joints[:, ANKLES].mean(axis=1)
    line = centre_of_mass(joints) - feet
    rows = _stands(joints) & (_unit(line) @ up >= np.cos(np.radians(MOST_TILTED_DEG)))
    if not rows.any():
        return np.zeros((0, 3))
    right = joints[rows, _INDEX("r_hip")] - joints[rows, _INDEX("l_hip")]
    front = _unit(np.cross(up, right))
    tilted = line[rows] - np.tan(np.radians(FORWARD_DEG)) * np.linalg.norm(line[rows], axis=-1, keepdims=True) * front
    bins = np.floor(time[rows] / SECONDS_APART)
    return _unit(np.stack([_unit(tilted[bins == b]).mean(axis=0) for b in np.unique(bins)]))


def _stands(joints: np.ndarray) -> np.ndarray:
    """(T,) bool: both legs are straight, or nearly, and the trunk is in line with them."""
    straight = np.ones(len(joints), bool)
    for side in "lr":
        hip, knee, ankle = (joints[:, _INDEX(f"{side}_{name}")] for name in ("hip", "knee", "ankle"))
        length = np.linalg.norm(knee - hip, axis=-1) + np.linalg.norm(ankle - knee, axis=-1)
        straight &= np.linalg.norm(ankle - hip, axis=-1) >= STRAIGHT * length
    pelvis = joints[:, MPI_INF_3DHP_17.root]
    trunk, legs = joints[:, _INDEX("neck")] - pelvis, pelvis - joints[:, ANKLES].mean(axis=1)
    return straight & ((_unit(trunk) * _unit(legs)).sum(axis=-1) >= np.cos(np.radians(IN_LINE_DEG)))


def _unit(vectors: np.ndarray) -> np.ndarray:
    return vectors / np.maximum(np.linalg.norm(vectors, axis=-1, keepdims=True), 1e-9)
