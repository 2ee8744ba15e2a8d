"""The upward direction and the floor, from the person's feet and posture and from the background of the video."""

import math
from dataclasses import dataclass

import numpy as np

from pose3d.predict.place.contacts import ANKLES, runs_of
from pose3d.predict.place.footing import one_floor
from pose3d.predict.place.posture import upright_posture
from pose3d.predict.place.upward import Evidence, most_likely_up, up_of_camera

ANKLE_HEIGHT = 0.0485
"""Height of the ankle joint above the sole, in body heights: 0.045 to 0.050 on the bodies of the embedded data set."""


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
    """The evidence behind `up`, in words."""


def estimate_ground(
    joints: np.ndarray,
    contact: np.ndarray,
    time: np.ndarray,
    body_height: float,
    pitch_deg: float | None = None,
    background: Evidence | None = None,
    sure: np.ndarray | None = None,
    distance_std: np.ndarray | None = None,
) -> Ground:
    """Floor and up direction from joints (T, 17, 3) mm in camera axes and foot contacts (T, 2).

    Args:
        joints: NaN in frames without a person.
        contact: whether the right and the left foot stand.
        time: (T,) s.
        body_height: mm.
        pitch_deg: how far the camera looks down, where it is known; its roll counts as zero then.
        background: evidence of the image about the upward direction.
        sure: (T, 17, 3), the joints where they are certain enough to tell the upward direction, else NaN; None: all.
        distance_std: (T,) standard deviation of the person's distance in each frame, mm, without errors common to all
            frames.
    """
    feet = standing_places(joints, contact)
    if pitch_deg is not None:
        up, std, source = up_of_camera(math.radians(pitch_deg)), 0.0, f"a camera pitch of {pitch_deg:g} degrees"
    else:
        seen = joints if sure is None else sure
        up = up_of_camera(0.0)
        for _ in range(2):  # feet and posture are interpreted with the estimate so far
            upright, floor = (
                upright_posture(seen, time, up),
                one_floor(seen, contact, time, up, body_height, distance_std),
            )
            found = {"the feet": floor, "upright posture": upright, "lines of the background": background}
            parts = {name: part for name, part in found.items() if part is not None}
            upward = most_likely_up(list(parts.values()))
            up, std = upward.up, upward.std
        names = list(parts)
        source = " and ".join([", ".join(names[:-1])] * (len(names) > 1) + names[-1:]) or "a level camera (assumed)"
    return Ground(up, _floor(joints, feet, up, body_height), math.degrees(std), source)


def standing_places(joints: np.ndarray, contact: np.ndarray) -> np.ndarray:
    """Positions (K, 3) of standing ankles, one for each contact."""
    places = [
        np.nanmedian(joints[start:stop, ankle], axis=0)
        for side, ankle in enumerate(ANKLES)
        for start, stop in runs_of(contact[:, side])
    ]
    return np.array(places).reshape(-1, 3)


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
