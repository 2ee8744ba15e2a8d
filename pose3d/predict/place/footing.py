"""Evidence about the upward direction: the feet of a person who walks stand on one floor.

The position of a foot is known much better across the line of sight than along it. The error of its height above the
floor is therefore the error along the line of sight times the cosine of the angle between that line and the upward
direction. An error of the whole person's distance is the same for both feet, so that the difference of two standing
feet is known better than either position.
"""

import math
from dataclasses import dataclass

import numpy as np

from pose3d.predict.place.contacts import ANKLES
from pose3d.predict.place.posture import SECONDS_APART
from pose3d.predict.place.upward import Evidence

STANDING_STD, LOWER_STD = 0.02, 0.035
"""Standard deviation of an ankle's height above the floor, in body heights: of a standing foot, and of the lower of two
feet that may be moving, whose heel can be raised."""
LIMB_DEPTH_STD = 0.06
"""Standard deviation of an ankle's depth relative to the root, in body heights."""
DISTANCE_STD = 0.03
"""Smallest standard deviation of the whole person's distance, as a share of that distance."""
FREEDOM = 4.0
"""Degrees of freedom of Student's t, for each foot and for all together: the scale is estimated from their scatter."""
SAME_SPOT, SAME_SIGMAS = 0.2, 2.0
"""Feet within this distance, in body heights and in standard deviations of their depths, are taken to stand on the same
spot. They count once, since the network's errors repeat there."""
MOST = 20.0
"""Largest number of spots that count in full; the errors of more are not independent."""


@dataclass(frozen=True)
class Feet:
    """Positions of feet and their standard deviations, all in mm."""

    places: np.ndarray
    """(K, 3)"""
    height_std: np.ndarray
    """(K,) standard deviation of the ankle's height above the floor."""
    depth_std: np.ndarray
    """(K,) standard deviation along the line of sight."""
    steps: np.ndarray
    """(P, 3) from the left foot to the right where both stand."""


def one_floor(
    joints: np.ndarray,
    contact: np.ndarray,
    time: np.ndarray,
    up: np.ndarray,
    height: float,
    distance_std: np.ndarray | None = None,
) -> Evidence | None:
    """Evidence from joints (T, 17, 3) mm in camera axes and contacts (T, 2); None if all feet stood on one spot.

    Args:
        joints: NaN in frames without a person.
        contact: whether the right and the left foot stand.
        time: (T,) s.
        up: (3,) approximate, to tell which foot is lower.
        height: body height, mm.
        distance_std: (T,) standard deviation of the person's distance in each frame, mm, without errors common to all
            frames; None: unknown.
    """
    feet = _feet(joints, contact, time, up, height, distance_std)
    spots = _spots(feet, SAME_SPOT * height)
    places, depth_std = spots.places, spots.depth_std
    if len(places) < 2 and not len(spots.steps):
        return None
    ray = _rays(places)
    middle_ray = ray.mean(axis=0)
    count = len(places) - 1 + len(spots.steps)
    tempering = min(1.0, MOST / count)

    def evidence(up: np.ndarray) -> np.ndarray:
        above = up @ places.T
        variance = spots.height_std**2 + (up @ ray.T * depth_std) ** 2
        squared = _robust((above - _floor(above, variance)[:, None]) ** 2 / variance).sum(axis=-1)
        if len(spots.steps):
            variance = 2 * height**2 * (STANDING_STD**2 + (up @ middle_ray * LIMB_DEPTH_STD) ** 2)
            squared = squared + _robust((up @ spots.steps.T) ** 2 / variance[:, None]).sum(axis=-1)
        # Student's t of all together: the scale of the errors is not known beforehand.
        return np.asarray(-tempering * (FREEDOM + count) / 2 * np.log1p(squared / FREEDOM))

    return evidence


def _feet(
    joints: np.ndarray,
    contact: np.ndarray,
    time: np.ndarray,
    up: np.ndarray,
    height: float,
    distance_std: np.ndarray | None,
) -> Feet:
    """Medians over `SECONDS_APART`: of both feet where they stand, of the one that does, else of the lower one."""
    ankles = joints[:, ANKLES]
    known = np.flatnonzero(np.isfinite(ankles).all(axis=(1, 2)))
    bins = np.floor(time[known] / SECONDS_APART)
    places, height_std, depth_std, steps = [], [], [], []
    for number in np.unique(bins):
        rows = known[bins == number]
        stands = contact[rows].mean(axis=0) > 0.5
        both = [
            np.median(ankles[rows[contact[rows, side]] if stands[side] else rows, side], axis=0) for side in range(2)
        ]
        if stands.all():
            places.append((both[0] + both[1]) / 2)
            steps.append(both[0] - both[1])
        elif stands.any():
            places.append(both[int(stands.argmax())])
        else:
            places.append(min(both, key=lambda place: float(place @ up)))
        height_std.append(height * (STANDING_STD if stands.any() else LOWER_STD))
        least = DISTANCE_STD * float(np.linalg.norm(places[-1]))
        own = least if distance_std is None else max(least, float(np.nan_to_num(np.median(distance_std[rows]))))
        depth_std.append(math.hypot(own, LIMB_DEPTH_STD * height))
    return Feet(
        np.array(places).reshape(-1, 3), np.array(height_std), np.array(depth_std), np.array(steps).reshape(-1, 3)
    )


def _spots(feet: Feet, radius: float) -> Feet:
    """Join feet that stood on the same spot, within their errors: a group is the best known foot and those near it."""
    left, groups = np.ones(len(feet.places), bool), []
    rays = _rays(feet.places)
    for first in np.argsort(feet.depth_std):
        if not left[first]:
            continue
        off = feet.places - feet.places[first]
        along = np.abs((off * rays).sum(axis=-1))
        across = np.linalg.norm(off - (off * rays).sum(axis=-1, keepdims=True) * rays, axis=-1)
        unsure = SAME_SIGMAS * np.hypot(feet.depth_std, feet.depth_std[first])
        near = left & (across <= radius) & (along <= np.maximum(radius, unsure))
        left &= ~near
        groups.append(near)
    means = [np.average(feet.places[near], axis=0, weights=1 / feet.depth_std[near] ** 2) for near in groups]
    steps: list[np.ndarray] = []
    for step in feet.steps:  # a repeated step is no new evidence
        if all(np.linalg.norm(step - other) > radius for other in steps):
            steps.append(step)
    return Feet(
        np.array(means).reshape(-1, 3),
        np.array([feet.height_std[near].min() for near in groups]),
        np.array([feet.depth_std[near].min() for near in groups]),
        np.array(steps).reshape(-1, 3),
    )


def _rays(places: np.ndarray) -> np.ndarray:
    """Unit vectors of the lines of sight."""
    return np.asarray(places / np.linalg.norm(places, axis=-1, keepdims=True))


def _floor(above: np.ndarray, variance: np.ndarray) -> np.ndarray:
    """Height of the floor (M,) among heights of feet (M, K): the mean of Student's t, by reweighting."""
    floor = np.median(above, axis=-1)
    for _ in range(5):
        weight = (FREEDOM + 1) / (FREEDOM + (above - floor[:, None]) ** 2 / variance) / variance
        floor = (weight * above).sum(axis=-1) / weight.sum(axis=-1)
    return np.asarray(floor)


def _robust(squared: np.ndarray) -> np.ndarray:
    """Squared standardised residuals, compressed for outliers (log-likelihood of Student's t)."""
    return np.asarray(FREEDOM * np.log1p(squared / FREEDOM))
