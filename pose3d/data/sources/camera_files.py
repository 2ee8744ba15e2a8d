"""Camera files of MPI-INF-3DHP: `camera.calibration` (training set) and `*.calib` (test set)."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from pose3d.errors import PoseError


@dataclass(frozen=True)
class Camera:
    """A pinhole camera.

    Attributes:
        intrinsics: (3, 3) px.
        cam_from_world: (4, 4) mm.
        size: (w, h) px.
        distortion: OpenCV's k1, k2, p1, p2, k3, or empty.
    """

    intrinsics: np.ndarray
    cam_from_world: np.ndarray
    size: tuple[int, int]
    distortion: tuple[float, ...] = ()


def _fields(path: Path) -> list[list[str]]:
    """Words of every line that is not empty."""
    try:
        return [line.split() for line in path.read_text(errors="replace").splitlines() if line.split()]
    except OSError as error:
        raise PoseError(f"cannot read the camera file {path}: {error.strerror}") from error


def _numbers(path: Path, words: list[str], count: int) -> list[float]:
    try:
        values = [float(word) for word in words[1:]]
    except ValueError as error:
        raise PoseError(f"{path}: the line '{' '.join(words)[:60]}' holds no numbers; is this file damaged?") from error
    if len(values) < count or not np.isfinite(values).all():
        raise PoseError(f"{path}: '{words[0]}' has {len(values)} numbers where {count} are expected; is this file cut?")
    return values


def read_skeletool(path: Path) -> dict[int, Camera]:
    """`camera.calibration`: name, size, intrinsic (row-major 4x4, px) and extrinsic (4x4, mm) of every camera."""
    lines = _fields(path)
    if not lines or lines[0][0].lower() != "skeletool":
        raise PoseError(f"{path} does not begin with 'Skeletool Camera Calibration File'; is it the right file?")
    cameras: dict[int, Camera] = {}
    name, size, intrinsics = -1, (0, 0), np.eye(3)
    for words in lines[1:]:
        if words[0] == "name":
            name = int(_numbers(path, words, 1)[0])
        elif words[0] == "size":
            width, height = _numbers(path, words, 2)[:2]
            size = (int(width), int(height))
        elif words[0] == "intrinsic":
            intrinsics = np.array(_numbers(path, words, 16)[:16]).reshape(4, 4)[:3, :3]
        elif words[0] == "extrinsic":
            cameras[name] = Camera(intrinsics, np.array(_numbers(path, words, 16)[:16]).reshape(4, 4), size)
    if not cameras:
        raise PoseError(f"{path} describes no camera; is this file cut?")
    return cameras


def read_captury(path: Path, size: tuple[int, int]) -> Camera:
    """The one camera of a `*.calib` file, for images of `size` (w, h) px.

    Lengths on the sensor are mm; `pixelAspect` multiplies the vertical focal length. `origin` (mm), `up` and `right`
    (world directions) give the pose where they are present; else the world is the camera.
    """
    entries = {words[0]: words for words in _fields(path)}
    if missing := {"sensorSize", "focalLength", "pixelAspect", "centerOffset"} - entries.keys():
        raise PoseError(f"{path} lacks {', '.join(sorted(missing))}; is it the test set's camera file?")
    sensor = _numbers(path, entries["sensorSize"], 2)[:2]
    focal = _numbers(path, entries["focalLength"], 1)[0]
    aspect = _numbers(path, entries["pixelAspect"], 1)[0]
    offset = _numbers(path, entries["centerOffset"], 2)[:2]
    per_mm = np.asarray(size) / np.asarray(sensor)
    center = np.asarray(size) / 2 + np.asarray(offset) * per_mm
    focal_px = focal * per_mm * np.array([1.0, aspect])
    intrinsics = np.array([[focal_px[0], 0.0, center[0]], [0.0, focal_px[1], center[1]], [0.0, 0.0, 1.0]])
    distortion = tuple(_numbers(path, entries["distortion"], 5)[:5]) if "distortion" in entries else ()
    cam_from_world = np.eye(4)
    if {"origin", "up", "right"} <= entries.keys():
        right, up = (np.array(_numbers(path, entries[name], 3)[:3]) for name in ("right", "up"))
        down = -up / np.linalg.norm(up)
        right /= np.linalg.norm(right)
        rotation = np.stack([right, down, np.cross(right, down)])
        cam_from_world[:3, :3] = rotation
        cam_from_world[:3, 3] = -rotation @ np.array(_numbers(path, entries["origin"], 3)[:3])
    return Camera(intrinsics, cam_from_world, size, distortion if np.any(distortion) else ())
