"""Which way is up, and where the floor is, from the person's own feet and posture.

The upward direction is that of a camera with a small roll. Three observations are joined by least squares: the lower
ankles lie in one plane, whether or not a contact was found, for contacts need tracks that are steadier than those of
most networks; the body of somebody who stands or walks is upright on average; cameras are seldom rolled, and few look
down steeply. What is known better counts more.
"""

import math
from dataclasses import dataclass

import numpy as np

from pose3d.predict.place.contacts import ANKLES, runs_of
from pose3d.predict.place.posture import SECONDS_APART, standing_directions

ANKLE_HEIGHT = 0.0485
"""Of the ankle joint above the sole, in body heights: 0.045 to 0.050 on the bodies of the embedded data set."""

ROLL_STD, PITCH_STD = math.radians(2.0), math.radians(15.0)
FOOT_STD = 0.025
"""Of a standing ankle's height, in body heights: heels rise, and depths are not exact."""
UPRIGHT_STD = math.radians(5.0)
"""How far the direction from the feet to the centre of mass is from upright, while somebody stands or walks."""


@dataclass(frozen=True)
class Ground:
    """The floor in camera axes."""

    up: np.ndarray
    """(3,) unit vector."""
    floor: float
    """up @ x of the points x of the floor, mm."""
    up_std_deg: float
    """Standard error of `up`, from the fit."""
    source: str
    """Where `up` is from, for people to read."""


def up_of_camera(pitch: float, roll: float = 0.0) -> np.ndarray:
    """Up (3,) in camera axes of a camera that looks down by `pitch` and is rolled clockwise by `roll` rad."""
    level = np.array([0.0, -math.cos(pitch), -math.sin(pitch)])
    c, s = math.cos(roll), math.sin(roll)
    return np.array([[c, s, 0], [-s, c, 0], [0, 0, 1]]) @ level


def estimate_ground(
    joints: np.ndarray, contact: np.ndarray, time: np.ndarray, body_height: float, pitch_deg: float | None = None
) -> Ground:
    """Floor and up direction from joints (T, 17, 3) mm in camera axes and foot contacts (T, 2).

    `pitch_deg`: how far the camera looks down, where it is known; its roll counts as zero then.
    """
    feet = standing_places(joints, contact)
    lower = lower_ankles(joints, time, up_of_camera(0.0))
    sigma = FOOT_STD * body_height
    if pitch_deg is not None:
        up, std, source = up_of_camera(math.radians(pitch_deg)), 0.0, f"a camera pitch of {pitch_deg:g} degrees"
    else:
        leaning = standing_directions(joints, time, up_of_camera(0.0))
        up, std = _fit(lower, leaning, sigma)
        parts = [name for name, some in (("the feet", len(lower) > 2), ("upright posture", len(leaning))) if some]
        source = " and ".join(parts) or "a level camera (assumed)"
    return Ground(up, _floor(joints, feet, up, body_height), math.degrees(std), source)


def standing_places(joints: np.ndarray, contact: np.ndarray) -> np.ndarray:
    """Where the ankles (K, 3) stood: one place for each contact, whose frames all say the same."""
    places = [
        np.nanmedian(joints[start:stop, ankle], axis=0)
        for side, ankle in enumerate(ANKLES)
        for start, stop in runs_of(contact[:, side])
    ]
    return np.array(places).reshape(-1, 3)


def lower_ankles(joints: np.ndarray, time: np.ndarray, up: np.ndarray) -> np.ndarray:
    """Where the lower ankle (K, 3) was, as medians over `SECONDS_APART`; `up` (3,) only tells which one is lower."""
    ankles = joints[:, ANKLES]
    known = np.flatnonzero(np.isfinite(ankles).all(axis=(1, 2)))
    bins = np.floor(time[known] / SECONDS_APART)
    places = []
    for number in np.unique(bins):
        both = np.median(ankles[known[bins == number]], axis=0)
        places.append(both[(both @ up).argmin()])
    return np.array(places).reshape(-1, 3)


def _fit(feet: np.ndarray, leaning: np.ndarray, sigma: float) -> tuple[np.ndarray, float]:
    """Up (3,) and its standard error in rad, by Gauss-Newton over pitch, roll."""
    angles = np.zeros(2)
    covariance = np.diag([PITCH_STD**2, ROLL_STD**2])
    for _ in range(20):
        residual = _residuals(angles, feet, leaning, sigma)
        step = 1e-5
        jacobian = np.stack(
            [(_residuals(angles + step * e, feet, leaning, sigma) - residual) / step for e in np.eye(2)], axis=-1
        )
        normal = jacobian.T @ jacobian
        move = np.linalg.solve(normal, -jacobian.T @ residual)
        angles = angles + np.clip(move, -0.3, 0.3)
        covariance = np.linalg.inv(normal)
        if np.abs(move).max() < 1e-7:
            break
    return up_of_camera(*angles), float(np.sqrt(np.trace(covariance)))


def _residuals(angles: np.ndarray, feet: np.ndarray, leaning: np.ndarray, sigma: float) -> np.ndarray:
    """Weighted residuals: feet off their common plane, leaning of the body, roll and pitch of the camera."""
    up = up_of_camera(*angles)
    parts = [angles / (PITCH_STD, ROLL_STD)]
    if len(feet) > 2:
        height = feet @ up
        parts.append(_robust((height - height.mean()) / sigma))
    if len(leaning):
        across = leaning - (leaning @ up)[:, None] * up
        parts.append(_robust(across.ravel() / UPRIGHT_STD))
    return np.concatenate(parts)


def _robust(residual: np.ndarray) -> np.ndarray:
    """Residuals whose square is Cauchy's loss."""
    return np.sign(residual) * np.sqrt(np.log1p(residual**2 / 4) * 4)


def _floor(joints: np.ndarray, feet: np.ndarray, up: np.ndarray, body_height: float) -> float:
    """Height of the floor along `up`: an ankle's height below the standing ankles, else below the lowest joint."""
    if len(feet):
        return float(np.median(feet @ up)) - ANKLE_HEIGHT * body_height
    height = joints[np.isfinite(joints).all(axis=(1, 2))] @ up
    return float(np.quantile(height.min(axis=1), 0.05)) - ANKLE_HEIGHT * body_height if len(height) else 0.0


def world_from_camera(ground: Ground, origin: np.ndarray) -> np.ndarray:
    """(4, 4) mm: y up, x to the right of the camera, z towards it; the floor at y = 0, `origin` (3,) mm over (0, 0)."""
    right = np.array([1.0, 0.0, 0.0]) - ground.up[0] * ground.up
    right /= np.linalg.norm(right)
    rotation = np.stack([right, ground.up, np.cross(right, ground.up)])
    shift = -rotation @ origin
    shift[1] = -ground.floor
    matrix = np.eye(4)
    matrix[:3, :3], matrix[:3, 3] = rotation, shift
    return matrix
