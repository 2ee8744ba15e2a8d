"""Random cameras of the world `wild3d`: all elevations, rolls and lenses, people off-axis or truncated."""

import numpy as np

from pose3d.synth.cameras import Camera, look_at, pinhole

VIEW_DEG = (20.0, 110.0)
"""Field of view of the full square image, from side to side."""
ELEVATION_DEG = (-15.0, 60.0)
"""Elevation of the camera as seen from the person's pelvis."""
ROLL_STD_DEG, ROLL_MAX_DEG = 10.0, 25.0
EXTENT = (0.55, 0.97)
"""Share of the stored image that the visible part of the person spans, along its longer side."""
CUT_SHARE, CUT = 0.18, (0.06, 0.42)
"""Share of people truncated by the border, and the share of their height or width that is cut off."""

_NEAREST_MM = 450.0
_LOWEST_EYE_MM = 120.0
_SIDE = 2048
_SIDES = ("bottom", "left", "right", "top")


def film(outline: np.ndarray, target: np.ndarray, side: int, rng: np.random.Generator) -> Camera | None:
    """Draw a camera and a square crop of its image, `side` px wide; None if the person is too close.

    `outline` (V, 3) are points on the skin and `target` (3,) is the pelvis, both in world mm.
    """
    camera = _place(outline, target, rng)
    pixels, in_camera = camera.project(outline)
    if in_camera[:, 2].min() < _NEAREST_MM:
        return None
    low, high = pixels.min(0), pixels.max(0)
    if rng.random() < CUT_SHARE:
        return _cut(camera, low, high, side, rng)
    width = float((high - low).max()) / rng.uniform(*EXTENT)
    slack = width - (high - low)
    return camera.window((low + high) / 2 + slack * rng.uniform(-0.45, 0.45, 2), width, (side, side))


def _place(outline: np.ndarray, target: np.ndarray, rng: np.random.Generator) -> Camera:
    """Draw a camera around the person, with the person anywhere in its field of view."""
    view = np.radians(rng.uniform(*VIEW_DEG))
    half = view / 2
    elevation = np.radians(rng.triangular(-15, 8, 40) if rng.random() < 0.6 else rng.uniform(*ELEVATION_DEG))
    azimuth = rng.uniform(0, 2 * np.pi)
    way = np.array([np.cos(azimuth) * np.cos(elevation), np.sin(azimuth) * np.cos(elevation), np.sin(elevation)])
    reach = float(np.linalg.norm(outline - target, axis=1).max())
    # far enough for the whole person to fit into the image
    nearest = max(1.05 * reach / np.tan(half), 1.25 * reach)
    distance = min(nearest * np.exp(rng.uniform(0, 1.2)), max(nearest, 14000.0))
    if elevation < 0:  # a camera that looks up stays above the floor
        deepest = max(target[2] - _LOWEST_EYE_MM, 0) / -np.sin(elevation)
        distance = max(min(distance, deepest), nearest)
    eye = target + distance * way
    eye[2] = max(eye[2], _LOWEST_EYE_MM)
    forward = (target - eye) / np.linalg.norm(target - eye)
    # tangents of the offset from the optical axis that keep most of the person in the image
    room = max(np.tan(half) - reach / distance, 0.0)
    across, down = rng.uniform(-1, 1, 2) * room * 0.95
    right = np.cross(forward, (0.0, 0.0, 1.0))
    right /= np.linalg.norm(right)
    axis = forward - across * right - down * np.cross(forward, right)
    roll = float(np.clip(rng.normal(0, ROLL_STD_DEG), -ROLL_MAX_DEG, ROLL_MAX_DEG))
    size = (_SIDE, _SIDE)
    return Camera(pinhole(_SIDE / 2 / np.tan(half), size), look_at(eye, eye + axis, roll), size)


def _cut(camera: Camera, low: np.ndarray, high: np.ndarray, side: int, rng: np.random.Generator) -> Camera:
    """Crop the image so that its border truncates the person on one side, at the legs most often."""
    where = rng.choice(_SIDES, p=(0.5, 0.2, 0.2, 0.1))
    axis = 0 if where in ("left", "right") else 1
    upper = where in ("bottom", "right")
    lost = rng.uniform(*CUT) * (high - low)[axis] * (0.6 if where == "top" else 1.0)
    if upper:
        high = high - lost * np.eye(2)[axis]
    else:
        low = low + lost * np.eye(2)[axis]
    width = float((high - low).max()) / rng.uniform(*EXTENT)
    centre = (low + high) / 2 + (width - (high - low)) * rng.uniform(-0.45, 0.45, 2)
    centre[axis] = high[axis] - width / 2 if upper else low[axis] + width / 2
    return camera.window(centre, width, (side, side))
