"""Calibrated cameras by name, from files of other tools: Pose2Sim and plain TOML, OpenCV, Qualisys, plain JSON.

World and camera in one convention: `cam_from_world`, millimetres, camera axes x right, y down, z forward.
"""

from __future__ import annotations

import json
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final
from xml.etree import ElementTree

import cv2
import numpy as np

from pose3d.data.sources.camera_files import Camera
from pose3d.data.sources.points import MM_PER_UNIT
from pose3d.errors import PoseError

_KEYS: Final = {
    "intrinsics": ("matrix", "camera_matrix", "cameraMatrix", "intrinsic_matrix", "intrinsics", "K"),
    "distortion": ("distortions", "distortion_coefficients", "distCoeffs", "dist_coeffs", "distortion", "distCoef",
                   "dist", "D"),
    "rotation": ("rotation", "rotation_matrix", "rvec", "R", "Rot"),
    "translation": ("translation", "translation_vector", "tvec", "t", "T"),
    "size": ("size", "image_size", "resolution"),
}  # fmt: skip
DAMAGED: Final = (
    OSError, ValueError, KeyError, IndexError, TypeError, AttributeError, OverflowError, ElementTree.ParseError,
    cv2.error, SystemError,
)  # fmt: skip
"""What reading a damaged file raises; SystemError is OpenCV's where a name is no UTF-8."""
QUALISYS_UNIT: Final = 64.0
"""Qualisys counts sensor pixels in 64ths."""


def read_calibration(path: Path, unit: str = "") -> dict[str, Camera]:
    """Read every camera of a calibration file.

    Args:
        path: `.toml` (Pose2Sim's `Calib.toml` or the same keys), `.yml`, `.yaml`, `.xml` or `.json` of OpenCV's
            FileStorage with one camera per file or with EasyMocap's `names`, `.json` with one object per camera, or
            Qualisys' `.qca.txt`.
        unit: of the translations: m, cm or mm. Default: m for TOML, mm for the others.

    Returns:
        Name -> camera; a file of one camera names it by the file.

    Raises:
        PoseError: the file is not there, damaged, or holds no camera with all its parts.
    """
    if not path.is_file():
        raise PoseError(f"there is no calibration file {path}; name a .toml, .yml, .xml, .json or .qca.txt file")
    suffix = path.suffix.lower()
    if unit and unit not in MM_PER_UNIT:
        raise PoseError(f"unknown unit {unit!r} of {path}; use one of {', '.join(MM_PER_UNIT)}")
    scale = MM_PER_UNIT[unit or ("m" if suffix == ".toml" else "mm")]
    try:
        if suffix == ".toml":
            found = {k: v for k, v in tomllib.loads(path.read_text()).items() if _is_camera(v)}
        elif suffix in (".txt", ".qca"):
            return _qualisys(path, MM_PER_UNIT[unit or "mm"])
        else:
            found = _opencv_or_json(path)
        cameras = {str(entry.get("name", key)): _camera(entry, scale, f"{path}, {key}") for key, entry in found.items()}
    except PoseError:
        raise
    except DAMAGED as error:
        raise PoseError(f"cannot read {path} as a calibration file: {error}; export it again") from error
    if not cameras:
        raise PoseError(f"{path} holds no camera (intrinsics and a pose); export it again")
    return cameras


def _is_camera(entry: Any) -> bool:
    return isinstance(entry, Mapping) and any(key in entry for key in _KEYS["intrinsics"])


def _pick(entry: Mapping[str, Any], part: str) -> Any:
    """The value of the first key that is there, or None."""
    return next((entry[key] for key in _KEYS[part] if key in entry), None)


def _array(value: Any) -> np.ndarray:
    """Numbers of a list, or of OpenCV's {rows, cols, data}."""
    if isinstance(value, Mapping) and "data" in value:
        return np.array(value["data"], np.float64).reshape(int(value["rows"]), int(value["cols"]))
    return np.array(value, np.float64)


def _camera(entry: Mapping[str, Any], scale: float, where: str) -> Camera:
    """A camera from a mapping with some of the usual keys."""
    parts = {part: _pick(entry, part) for part in _KEYS}
    if lacking := [part for part in ("intrinsics", "rotation", "translation") if parts[part] is None]:
        raise PoseError(f"{where} has no {', '.join(lacking)}; export intrinsics and poses together")
    if entry.get("fisheye"):
        raise PoseError(f"{where} is a fisheye camera, which is not supported; undistort its video first")
    matrix = _array(parts["intrinsics"]).reshape(3, -1)[:, :3]
    rotation = _array(parts["rotation"])
    rotation = rotation.reshape(3, 3) if rotation.size == 9 else np.asarray(cv2.Rodrigues(rotation.reshape(3))[0])
    distortion = np.zeros(0) if parts["distortion"] is None else _array(parts["distortion"]).ravel()
    size: tuple[int, ...]
    if "image_width" in entry and "image_height" in entry:
        size = (int(entry["image_width"]), int(entry["image_height"]))
    else:
        size = () if parts["size"] is None else tuple(round(float(value)) for value in _array(parts["size"]).ravel())
    return make_camera(matrix, rotation, scale * _array(parts["translation"]).ravel(), size, distortion, where)


def make_camera(
    matrix: np.ndarray, rotation: np.ndarray, translation: np.ndarray, size: Any, distortion: np.ndarray, where: str
) -> Camera:
    """A camera whose parts are checked; `translation` in mm."""
    pose = np.eye(4)
    pose[:3, :3], pose[:3, 3] = rotation, translation
    if not (np.isfinite(matrix).all() and np.isfinite(pose).all() and np.isfinite(distortion).all()):
        raise PoseError(f"{where} holds numbers that are NaN or infinite; calibrate again")
    if not np.allclose(rotation @ rotation.T, np.eye(3), atol=1e-3) or np.linalg.det(rotation) < 0:
        raise PoseError(f"the rotation of {where} is none; export it again")
    if matrix[0, 0] <= 0 or matrix[1, 1] <= 0 or not np.allclose(matrix[2], (0, 0, 1)):
        raise PoseError(f"the intrinsics of {where} are no pinhole camera; export them again")
    coefficients = tuple(float(value) for value in distortion) if np.any(distortion) else ()
    return Camera(matrix, pose, tuple(size) if len(size) == 2 else (0, 0), coefficients)


def _opencv_or_json(path: Path) -> dict[str, Any]:
    """Cameras of OpenCV's FileStorage, or of a JSON file with one object per camera."""
    if path.suffix.lower() == ".json" and "opencv-matrix" not in (text := path.read_text()):
        content = json.loads(text)
        entries = content.get("cameras", content) if isinstance(content, dict) else content
        if isinstance(entries, list):
            entries = {str(entry.get("name", number)): entry for number, entry in enumerate(entries)}
        return {path.stem: entries} if _is_camera(entries) else {k: v for k, v in entries.items() if _is_camera(v)}
    storage = cv2.FileStorage(str(path), cv2.FILE_STORAGE_READ)
    try:
        root = storage.root()
        values = {key: _node(root.getNode(key)) for key in root.keys()}  # noqa: SIM118
    finally:
        storage.release()
    if "names" not in values:
        return {path.stem: values}
    names = [str(name) for name in values["names"]]
    parts = {"K": ("K_",), "dist": ("dist_",), "R": ("Rot_", "R_"), "T": ("T_",)}
    return {
        name: {
            key: values[prefix + name]
            for key, prefixes in parts.items()
            for prefix in reversed(prefixes)
            if prefix + name in values
        }
        for name in names
    }


def _node(node: Any) -> Any:
    """Value of a FileStorage node: matrix, number, text or list."""
    if node.isSeq():
        return [_node(node.at(index)) for index in range(int(node.size()))]
    if node.isString():
        return node.string()
    if node.isMap():
        return node.mat()
    return node.real()


def _qualisys(path: Path, scale: float) -> dict[str, Camera]:
    """`cameras/camera` elements of a .qca.txt file; its camera axes are y up and z backwards."""
    cameras: dict[str, Camera] = {}
    for element in ElementTree.parse(path).getroot().iter("camera"):
        name = element.get("serial", str(len(cameras)))
        lens, pose, view = (element.find(tag) for tag in ("intrinsic", "transform", "fov_video"))
        if lens is None or pose is None or view is None:
            raise PoseError(f"camera {name} of {path} has no intrinsic, transform or fov_video; export it again")
        left, top, right, bottom = (float(view.get(side, "nan")) for side in ("left", "top", "right", "bottom"))

        def number(key: str, lens: ElementTree.Element = lens) -> float:
            return float(lens.get(key, "nan")) / QUALISYS_UNIT

        matrix = np.array(
            [
                [number("focalLengthU"), 0.0, number("centerPointU") - left],
                [0.0, number("focalLengthV"), number("centerPointV") - top],
                [0.0, 0.0, 1.0],
            ]
        )
        kinds = ("radialDistortion1", "radialDistortion2", "tangentalDistortion1", "tangentalDistortion2")
        distortion = np.array([number(kind) for kind in kinds])
        turn = np.array([[float(pose.get(f"r{row}{column}", "nan")) for column in "123"] for row in "123"])
        place = scale * np.array([float(pose.get(axis, "nan")) for axis in "xyz"])
        rotation = np.diag([1.0, -1.0, -1.0]) @ turn
        size = (round(right - left + 1), round(bottom - top + 1))
        cameras[name] = make_camera(matrix, rotation, -rotation @ place, size, distortion, f"camera {name} of {path}")
    return cameras
