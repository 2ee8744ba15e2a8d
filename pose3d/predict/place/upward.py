"""The upward direction of a camera that stands still, from several kinds of evidence whose log densities add up.

The direction has two unknowns, the camera's pitch and roll. Their posterior is evaluated on a grid, first over
all plausible cameras, then finely around the result, so that evidence may have several maxima (lines in the picture)
or none at all (a person who stands on one spot).
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

Evidence = Callable[[np.ndarray], np.ndarray]
"""Upward directions (M, 3) in camera axes to the logarithm of a density (M,), up to a constant."""

ROLL_STD, PITCH_STD = math.radians(2.0), math.radians(15.0)
"""Cameras are seldom rolled, and few look up or down steeply."""
FREEDOM = 4.0
"""Degrees of freedom of Student's t for both: its heavy tails leave room for the few that are."""
LOWEST, HIGHEST = np.radians([-45.0, -15.0]), np.radians([50.0, 15.0])
"""Pitch and roll of the cameras that are considered. Closer to the vertical, level lines look upright."""
COARSE = math.radians(1.25)
CELLS = 61
"""A side of the fine grid."""


@dataclass(frozen=True)
class Upward:
    """Mean and spread of the posterior."""

    up: np.ndarray
    """(3,) unit vector in camera axes."""
    std: float
    """Root of the expected squared angle between `up` and the truth, rad."""


def up_of_camera(pitch: np.ndarray | float, roll: np.ndarray | float = 0.0) -> np.ndarray:
    """Up (..., 3) in camera axes of a camera that looks down by `pitch` and is rolled clockwise by `roll` rad."""
    pitch, roll = np.broadcast_arrays(np.asarray(pitch, float), np.asarray(roll, float))
    level = np.cos(pitch)
    return np.stack([-np.sin(roll) * level, -np.cos(roll) * level, -np.sin(pitch)], axis=-1)


def angles_of(up: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Pitch and roll in rad of cameras whose upward directions are (..., 3)."""
    return np.arcsin(np.clip(-up[..., 2], -1, 1)), np.arctan2(-up[..., 0], -up[..., 1])


def level_camera(up: np.ndarray) -> np.ndarray:
    """The prior for any camera, as evidence."""
    pitch, roll = angles_of(up)
    squared = (pitch / PITCH_STD) ** 2, (roll / ROLL_STD) ** 2
    return np.asarray(-(FREEDOM + 1) / 2 * sum(np.log1p(each / FREEDOM) for each in squared))


def doubted(evidence: Evidence, doubt: float) -> Evidence:
    """Evidence that is wrong altogether with probability `doubt`, so that other evidence can outweigh it."""
    angles = _grid(*_everywhere())
    log_density = evidence(up_of_camera(angles[:, 0], angles[:, 1]))
    total, area = np.logaddexp.reduce(log_density), math.log(len(angles))

    def with_doubt(up: np.ndarray) -> np.ndarray:
        believed = evidence(up) - total + math.log(1 - doubt)
        return np.asarray(np.logaddexp(believed, math.log(doubt) - area))

    return with_doubt


def most_likely_up(evidence: Sequence[Evidence]) -> Upward:
    """Join the evidence with that of a level camera."""
    mean, std = _posterior(*_everywhere(), evidence)
    for _ in range(2):  # the second grid is as fine as the posterior is narrow
        half = np.maximum(4 * std, math.radians(0.5))
        low, high = np.maximum(mean - half, LOWEST), np.minimum(mean + half, HIGHEST)
        pitch, roll = (np.linspace(a, b, CELLS) for a, b in zip(low, high, strict=True))
        mean, std = _posterior(pitch, roll, evidence)
    return Upward(up_of_camera(*mean), float(np.hypot(std[0], std[1] * math.cos(mean[0]))))


def _everywhere() -> tuple[np.ndarray, np.ndarray]:
    """Pitch and roll of the coarse grid."""
    pitch, roll = (np.arange(a, b + COARSE / 2, COARSE) for a, b in zip(LOWEST, HIGHEST, strict=True))
    return pitch, roll


def _grid(pitch: np.ndarray, roll: np.ndarray) -> np.ndarray:
    """All pairs (M, 2)."""
    return np.stack(np.meshgrid(pitch, roll, indexing="ij"), axis=-1).reshape(-1, 2)


def _posterior(pitch: np.ndarray, roll: np.ndarray, evidence: Sequence[Evidence]) -> tuple[np.ndarray, np.ndarray]:
    """Means (2,) and standard deviations (2,) of pitch and roll over a grid."""
    angles = _grid(pitch, roll)
    up = up_of_camera(angles[:, 0], angles[:, 1])
    log_density = sum((part(up) for part in (level_camera, *evidence)), np.zeros(len(up)))
    log_density = log_density + np.log(np.maximum(np.cos(angles[:, 0]), 1e-9))  # the area of a cell on the sphere
    weight = np.exp(log_density - log_density.max())
    weight /= weight.sum()
    mean = weight @ angles
    step = np.array([pitch[1] - pitch[0], roll[1] - roll[0]])
    return mean, np.sqrt(weight @ (angles - mean) ** 2 + step**2 / 12)
