"""Human3.6M's pose files (CDF) and camera poses (metadata.xml)."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import numpy as np

from pose3d.data.sources.matlab import NEEDS_EXTRA
from pose3d.data.sources.trial import ends_badly, limit_s
from pose3d.errors import PoseError

NUM_CAMERAS, NUM_SUBJECTS = 4, 11


def read_poses(path: Path, coordinates: int) -> np.ndarray:
    """(N, 32, `coordinates`) float64 from the variable `Pose` (1, N, 32 * coordinates)."""
    read = partial(_read_variable, str(path), "Pose")
    if ends_badly(read, limit_s(path)):
        raise PoseError(f"cannot read {path} as a CDF file: it is damaged; unpack it again")
    try:
        poses = np.asarray(read(), np.float64)
    except ImportError as error:
        raise PoseError(f"reading {path} {NEEDS_EXTRA}") from error
    except Exception as error:  # cdflib raises OSError, ValueError, KeyError, struct.error ... on damaged files
        raise PoseError(f"cannot read {path} as a CDF file with a variable Pose: {error}; unpack it again") from error
    if poses.ndim == 2:
        poses = poses[None]
    if poses.ndim != 3 or poses.shape[0] != 1 or poses.shape[2] != 32 * coordinates:
        raise PoseError(f"Pose in {path} is {poses.shape}, not (1, frames, {32 * coordinates})")
    return poses[0].reshape(-1, 32, coordinates)


def _read_variable(path: str, name: str) -> Any:
    import cdflib

    return cdflib.CDF(path).varget(name)


def read_camera_poses(path: Path) -> dict[tuple[int, int], np.ndarray]:
    """(4, 4) mm cam_from_world of each (camera index 0..3, subject 1..11) from `w0` of metadata.xml.

    R = Rx Ry Rz of the three angles and X_cam = R (X - T).
    """
    try:
        from scipy.spatial.transform import Rotation
    except ImportError as error:
        raise PoseError(f"reading {path} {NEEDS_EXTRA}") from error
    try:
        text = ElementTree.parse(path).getroot().findtext("w0") or ""
        values = np.array([float(word) for word in text.strip().strip("[]").replace(",", " ").split()])
    except (OSError, ElementTree.ParseError, ValueError) as error:
        raise PoseError(f"cannot read the cameras in {path}: {error}; take it from the code release again") from error
    needed = NUM_CAMERAS * NUM_SUBJECTS * 6
    if len(values) < needed:
        raise PoseError(f"w0 in {path} has {len(values)} numbers where at least {needed} are expected")
    poses = {}
    for camera in range(NUM_CAMERAS):
        for subject in range(1, NUM_SUBJECTS + 1):
            start = 6 * (camera * NUM_SUBJECTS + subject - 1)
            rotation = Rotation.from_euler("XYZ", values[start : start + 3]).as_matrix()  # Rx Ry Rz
            matrix = np.eye(4)
            matrix[:3, :3] = rotation
            matrix[:3, 3] = -rotation @ values[start + 3 : start + 6]
            poses[camera, subject] = matrix
    return poses


def fit_camera_pose(world: np.ndarray, camera: np.ndarray) -> np.ndarray:
    """(4, 4) rigid motion that takes the points `world` (..., 3) to `camera` (..., 3) best, in the least squares."""
    from scipy.spatial.transform import Rotation

    source, target = world.reshape(-1, 3), camera.reshape(-1, 3)
    source_mean, target_mean = source.mean(axis=0), target.mean(axis=0)
    rotation = Rotation.align_vectors(target - target_mean, source - source_mean)[0].as_matrix()
    matrix = np.eye(4)
    matrix[:3, :3], matrix[:3, 3] = rotation, target_mean - rotation @ source_mean
    return matrix
