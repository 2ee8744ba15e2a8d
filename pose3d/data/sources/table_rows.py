"""Rows of a table of labels: what its columns say (docs/own_data.md), checked cell by cell."""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np

from pose3d.data.sources.camera_files import Camera
from pose3d.data.sources.labels import project
from pose3d.data.sources.matlab import NEEDS_EXTRA
from pose3d.errors import PoseError
from pose3d.skeleton import MPI_INF_3DHP_17

BOX: Final = ("box_x", "box_y", "box_w", "box_h")
INTRINSICS: Final = ("fx", "fy", "cx", "cy")


@dataclass(frozen=True)
class Row:
    """One person in one image; what the table does not say is None."""

    image: Path
    ids: dict[str, int]
    joints_2d: np.ndarray
    labelled: np.ndarray
    box: np.ndarray | None
    joints_3d: np.ndarray | None
    joints_3d_univ: np.ndarray | None
    intrinsics: np.ndarray | None
    cam_from_world: np.ndarray


def read_table(path: Path) -> list[dict[str, Any]]:
    """Rows of a .csv or .parquet file; empty cells and NaN are left out of a row."""
    try:
        if path.suffix.lower() == ".csv":
            with path.open(newline="", encoding="utf-8-sig") as file:
                found = [dict(row) for row in csv.DictReader(file)]
        elif path.suffix.lower() == ".parquet":
            found = _parquet(path)
        else:
            raise PoseError(f"{path} is neither .csv nor .parquet; convert it")
    except OSError as error:
        raise PoseError(f"cannot read the table {path}: {error}; correct --table") from error
    except (UnicodeDecodeError, csv.Error, ValueError) as error:
        raise PoseError(f"{path} is damaged: {error}; write it again") from error
    if not found:
        raise PoseError(f"the table {path} has no rows")
    if "image" not in found[0]:
        raise PoseError(f"the table {path} has no column 'image'; it has {', '.join(map(str, found[0]))}")
    return [{str(key): value for key, value in row.items() if not _empty(value)} for row in found]


def _parquet(path: Path) -> list[dict[str, Any]]:
    try:
        from pyarrow import parquet
    except ImportError as error:
        raise PoseError(f"reading {path} {NEEDS_EXTRA}") from error
    return list(parquet.read_table(path).to_pylist())


def _empty(value: Any) -> bool:
    return value is None or (isinstance(value, str) and not value.strip()) or value != value


def _numbers(where: str, entry: Mapping[str, Any], keys: Sequence[str]) -> np.ndarray | None:
    """The finite numbers of some columns; None where one is not there."""
    if any(key not in entry for key in keys):
        return None
    try:
        values = np.array([float(entry[key]) for key in keys])
    except (TypeError, ValueError) as error:
        raise PoseError(f"{where}: {', '.join(keys)} must be numbers; {error}") from error
    if not np.isfinite(values).all():
        raise PoseError(f"{where}: {', '.join(keys)} hold infinity; leave unknown cells empty")
    return values


def _joints(where: str, entry: Mapping[str, Any], ends: str, whole: str) -> tuple[np.ndarray, np.ndarray]:
    """(17, C) and (17,) bool from columns <joint>_<end>, or from the list column `whole`."""
    if whole in entry:
        values = np.asarray(entry[whole], np.float64).reshape(-1)
        if values.size != 17 * len(ends):
            raise PoseError(f"{where}: {whole} has {values.size} numbers, not {17 * len(ends)}")
        joints = values.reshape(17, len(ends))
        known = np.asarray(np.isfinite(joints).all(axis=1))
        return np.where(known[:, None], joints, 0.0), known
    joints, known = np.zeros((17, len(ends))), np.zeros(17, bool)
    for index, name in enumerate(MPI_INF_3DHP_17.names):
        values_of = _numbers(where, entry, [f"{name}_{end}" for end in ends])
        if values_of is not None:
            joints[index], known[index] = values_of, True
    return joints, known


def read_row(
    where: str,
    entry: Mapping[str, Any],
    root: Path,
    cameras: Mapping[str, Camera],
    world: bool,
    names: list[str],
    camera_names: list[str],
) -> Row | None:
    """One row; None where it has no joints. The pelvis is the middle of the hips where it is not given."""
    if "image" not in entry:
        raise PoseError(f"{where} has no image")
    pixels, labelled = _joints(where, entry, "uv", "joints_2d")
    points, known_3d = _joints(where, entry, "xyz", "joints_3d")
    of = MPI_INF_3DHP_17.index
    for joints, known in ((pixels, labelled), (points, known_3d)):
        if not known[of("pelvis")] and known[of("l_hip")] and known[of("r_hip")]:
            joints[of("pelvis")], known[of("pelvis")] = (joints[of("l_hip")] + joints[of("r_hip")]) / 2, True
    camera = cameras.get(str(entry.get("camera") or ""))
    if cameras and camera is None:
        raise PoseError(f"{where} names the camera {entry.get('camera')!r}; the calibration has {', '.join(cameras)}")
    numbers = _numbers(where, entry, INTRINSICS)
    intrinsics = None if camera is None else camera.intrinsics
    if numbers is not None:
        intrinsics = np.array([[numbers[0], 0, numbers[2]], [0, numbers[1], numbers[3]], [0, 0, 1.0]])
    joints_3d = None
    if known_3d.any():
        if not known_3d.all():
            lacking = [name for name, known in zip(MPI_INF_3DHP_17.names, known_3d, strict=True) if not known]
            raise PoseError(f"{where} has 3D joints but not {', '.join(lacking)}; 3D labels need all 17")
        if intrinsics is None:
            raise PoseError(f"{where} has 3D joints and no camera; add fx, fy, cx, cy, or `camera` with --calibration")
        joints_3d = points
        if world and camera is not None:
            joints_3d = points @ camera.cam_from_world[:3, :3].T + camera.cam_from_world[:3, 3]
        if not labelled.any():
            pixels, labelled = project(joints_3d, intrinsics), np.ones(17, bool)
    if not labelled.any():
        return None
    return Row(
        image=root / str(entry["image"]),
        ids={
            "subject": _integer(where, entry, "subject"),
            "sequence": names.index(str(entry.get("sequence") or "")),
            "activity": 0,
            "scene": 0,
            "camera": camera_names.index(str(entry.get("camera") or "")),
            "frame": _integer(where, entry, "frame"),
        },
        joints_2d=np.where(labelled[:, None], pixels, 0.0),
        labelled=labelled,
        box=_numbers(where, entry, BOX),
        joints_3d=joints_3d,
        joints_3d_univ=None,
        intrinsics=intrinsics,
        cam_from_world=np.eye(4) if camera is None else camera.cam_from_world,
    )


def _integer(where: str, entry: Mapping[str, Any], key: str) -> int:
    value = _numbers(where, entry, [key])
    if value is not None and value[0] != int(value[0]):
        raise PoseError(f"{where}: {key} must be a whole number, not {entry[key]}")
    return 0 if value is None else int(value[0])
