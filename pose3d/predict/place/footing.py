"""The feet of somebody who moves about stand on one floor: evidence about the upward direction.

Places of feet are known across the line of sight much better than along it, so a foot's height above the floor is
uncertain by what the upward direction has in common with its line of sight. What the distance of the whole person is
off by is common to both feet at a time, so where both stand, their difference says more.
"""

import math
from dataclasses import dataclass

import numpy as np

from pose3d.predict.place.contacts import ANKLES
from pose3d.predict.place.posture import SECONDS_APART
from pose3d.predict.place.upward import Evidence

STANDING_STD, LOWER_STD = 0.02, 0.035
"""Height above the floor, in body heights, of the ankle of a standing foot, and of the lower one of two that may move:
heels rise."""
LIMB_DEPTH_STD = 0.06
"""Of an ankle's distance relative to the root, in body heights."""
DISTANCE_STD = 0.03
"""Of the distance of the whole person, as a share of it, at best."""
FREEDOM = 4.0
"""Degrees of freedom of Student's t, of each foot and of all: how well a film's feet are known, its scatter tells."""
SAME_SPOT, SAME_SIGMAS = 0.2, 2.0
"""Feet so near to each other, in body heights and in standard deviations of their distances, stand on the same spot:
again they say the same, errors of the network included."""
MOST = 20.0
"""As many spots as this count in full; of more, errors are no longer independent."""


@dataclass(frozen=True)
class Feet:
    """Where feet were, and how well that is known, all mm."""

    places: np.ndarray
    """(K, 3)"""
    height_std: np.ndarray
    """(K,) of the ankle above the floor."""
    depth_std: np.ndarray
    """(K,) along the line of sight."""
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
    """Evidence from joints (T, 17, 3) mm in camera axes and contacts (T, 2); None of feet on a single spot.

    Args:
        joints: NaN where nobody is.
        contact: right and left foot stand.
        time: (T,) s.
        up: (3,) roughly, which tells the lower foot.
        height: of the person, mm.
        distance_std: (T,) mm, of the person's distance in each frame, but for what is common to all; None: unknown.
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
    """Feet that stood on the same spot, as far as is known, joined: the best known first, and those around it."""
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
    for step in feet.steps:  # a step that was there before says nothing new
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
    """Squared standardised residuals, whose growth outliers slow down."""
    return np.asarray(FREEDOM * np.log1p(squared / FREEDOM))
