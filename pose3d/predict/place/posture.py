"""Evidence about the upward direction from upright postures: the line from the feet to the centre of mass.

A person who stands or walks with straight legs keeps the centre of mass over the feet, a little in front of the ankles.
"""

import math

import numpy as np

from pose3d.predict.place.contacts import ANKLES
from pose3d.predict.place.upward import Evidence
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
"""Angle at the ankles by which the centre of mass lies in front of the vertical."""

STRAIGHT = 0.95
"""Distance of hip and ankle, as a share of the leg's length, above which a leg counts as straight."""
IN_LINE_DEG = 25.0
"""Largest angle between trunk and legs of a standing person."""
MOST_TILTED_DEG = 45.0
"""A body tilted further is lying, or the camera looks down steeply and its pitch has to be given."""
SECONDS_APART = 0.7
"""Postures this far apart in time count as independent."""

LEAN_STD, LEAN_WEIGHT = np.radians(5.0), 4.0
"""Prior of the lean of a single posture, and the number of postures that this prior counts for."""
LASTING_STD = np.radians([3.0, 1.5])
"""Standard deviation of a person's habitual lean, forwards (beyond `FORWARD_DEG`) and sideways."""
NETWORK_STD = np.radians([1.0, 5.0])
"""Standard deviation of the tilt of estimated poses in the image plane, and towards or away from the camera."""
FREEDOM = 4.0
"""Degrees of freedom of Student's t, for single postures and for all of them: some people run, or lean on something."""


def centre_of_mass(joints: np.ndarray) -> np.ndarray:
    """(T, 3) of joints (T, 17, 3)."""
    total = sum(mass for *_, mass in SEGMENTS)
    parts = [
        mass / total * ((1 - at) * joints[:, _INDEX(near)] + at * joints[:, _INDEX(far)])
        for near, far, at, mass in SEGMENTS
    ]
    return np.sum(parts, axis=0)


def upright_posture(joints: np.ndarray, time: np.ndarray, up: np.ndarray) -> Evidence | None:
    """Evidence from the postures of a person who stands or walks; None without such a posture.

    Args:
        joints: (T, 17, 3), NaN in frames without a person.
        time: (T,) s.
        up: (3,) approximate, to find the person's front, and to tell standing from lying.

    A posture differs from the upward direction by a lean of its own, by the person's habitual lean and by the network's
    error. The first averages out over time, the second as the person turns, and the third does not. People who stand
    only a small part of the time lean more while they do, so all leans are widened then.
    """
    directions, front, share = standing_directions(joints, time, up)
    if not len(directions):
        return None
    middle = _unit(directions.mean(axis=0))
    right = _unit(np.cross(np.array([0.0, 0.0, 1.0]), middle))  # the axes of the plane that touches at `middle`
    axes = np.stack([right, np.cross(middle, right)])  # to the camera's right, and towards the camera or away
    observed = directions @ axes.T
    heading = _unit(front @ axes.T)
    sideways = np.stack([heading[:, 1], -heading[:, 0]], axis=-1)
    design = np.concatenate([np.tile(np.eye(2), (len(observed), 1, 1)), np.stack([heading, sideways], -1)], axis=-1)
    mean, covariance = _solve(design, observed, 1 / math.sqrt(share))
    precision = np.linalg.inv(covariance + np.diag(np.square(NETWORK_STD)))

    def evidence(up: np.ndarray) -> np.ndarray:
        off = up @ axes.T - mean
        squared = np.einsum("mi,ij,mj->m", off, precision, off) + np.where(up @ middle > 0, 0.0, 1e6)
        return np.asarray(-(FREEDOM + 2) / 2 * np.log1p(squared / FREEDOM))

    return evidence


def _solve(design: np.ndarray, observed: np.ndarray, widen: float) -> tuple[np.ndarray, np.ndarray]:
    """Mean (2,) and covariance (2, 2) of up from observations (K, 2), by robust least squares with lasting leans.

    `design` (K, 2, 4) takes up and the lasting lean (forwards, sideways) to an observation; `widen` multiplies
    the expected leans.
    """
    prior = np.diag([0.0, 0.0, *(1 / np.square(widen * LASTING_STD))])
    lean_std = widen * LEAN_STD
    variance, weight = lean_std**2, np.ones(len(observed))
    for _ in range(10):
        normal = np.einsum("k,kij,kil->jl", weight / variance, design, design) + prior
        solution = np.linalg.solve(normal, np.einsum("k,kij,ki->j", weight / variance, design, observed))
        squared = ((observed - design @ solution) ** 2).sum(axis=-1)
        # The scatter of these postures, shrunk towards the prior: LEAN_STD counts like LEAN_WEIGHT observations.
        total = LEAN_WEIGHT * lean_std**2 + (weight * squared).sum() / 2
        variance = total / (LEAN_WEIGHT + max(len(observed) - 1, 0))
        weight = (FREEDOM + 2) / (FREEDOM + squared / variance)
    return solution[:2], np.linalg.inv(normal)[:2, :2]


def standing_directions(joints: np.ndarray, time: np.ndarray, up: np.ndarray) -> tuple[np.ndarray, np.ndarray, float]:
    """Unit vectors (K, 3) that are upright except for leaning, the person's front (K, 3), share of the time.

    One for each `SECONDS_APART` of standing; arguments as for `upright_posture`.
    """
    feet = joints[:, ANKLES].mean(axis=1)
    line = centre_of_mass(joints) - feet
    rows = _stands(joints) & (_unit(line) @ up >= np.cos(np.radians(MOST_TILTED_DEG)))
    if not rows.any():
        return np.zeros((0, 3)), np.zeros((0, 3)), 0.0
    right = joints[rows, _INDEX("r_hip")] - joints[rows, _INDEX("l_hip")]
    front = _unit(np.cross(up, right))
    tilted = line[rows] - np.tan(np.radians(FORWARD_DEG)) * np.linalg.norm(line[rows], axis=-1, keepdims=True) * front
    bins = np.floor(time[rows] / SECONDS_APART)
    means = [[_unit(each[bins == b]).mean(axis=0) for b in np.unique(bins)] for each in (tilted, front)]
    seen = np.isfinite(line).all(axis=-1).sum()
    return _unit(np.array(means[0])), _unit(np.array(means[1])), float(rows.sum() / seen)


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
