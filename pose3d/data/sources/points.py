"""Files of 3D points over time: C3D (ezc3d) and TRC, in millimetres, missing points as NaN."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np

from pose3d.data.sources.c3d import read_c3d
from pose3d.data.sources.matlab import NEEDS_EXTRA
from pose3d.errors import PoseError

MM_PER_UNIT: Final = {"mm": 1.0, "millimeters": 1.0, "cm": 10.0, "dm": 100.0, "m": 1000.0, "meters": 1000.0}


@dataclass(frozen=True)
class Points:
    """Points by name.

    Attributes:
        names: J names, as the file has them.
        positions: (T, J, 3) mm, float64; NaN where a point is missing.
        rate: frames per second.
        skeleton: name of the joint set where the file says it (C3D parameter POINT:SKEL), else "".
    """

    names: tuple[str, ...]
    positions: np.ndarray
    rate: float
    skeleton: str = ""


def read_points(path: Path, unit: str = "") -> Points:
    """Read a `.c3d` or `.trc` file; `unit` (m, cm, mm) overrides what the file says.

    Raises:
        PoseError: the file is not there, damaged, of an unknown unit, or without points.
    """
    if not path.is_file():
        raise PoseError(f"there is no file {path}; name a .c3d or .trc file")
    if path.suffix.lower() == ".c3d":
        points, said = _read_c3d(path)
    elif path.suffix.lower() == ".trc":
        points, said = _read_trc(path)
    else:
        raise PoseError(f"{path} is neither .c3d nor .trc; convert it to one of them")
    scale = MM_PER_UNIT.get((unit or said or "mm").lower())
    if scale is None:
        raise PoseError(f"{path} is in {unit or said!r}; say with --unit whether it is m, cm or mm")
    if points.positions.size == 0:
        raise PoseError(f"{path} holds no points")
    if not points.rate > 0:
        raise PoseError(f"{path} has a rate of {points.rate:g} frames per second; write the file again")
    return Points(points.names, points.positions * scale, points.rate, points.skeleton)


def _read_c3d(path: Path) -> tuple[Points, str]:
    try:
        file = read_c3d(path)
    except (OSError, ValueError) as error:
        raise PoseError(f"cannot read {path} as a C3D file: {error}; copy it again") from error
    count = file.positions.shape[1]
    names = [name for more in ("", "2", "3", "4") for name in file.texts(f"POINT:LABELS{more}")]
    names += [f"point {number}" for number in range(len(names), count)]
    points = Points(tuple(names[:count]), file.positions, file.number("POINT:RATE"), file.text("POINT:SKEL"))
    return points, file.text("POINT:UNITS")


def _read_trc(path: Path) -> tuple[Points, str]:
    """Five lines of header: kind, keys, values, names, axes; then frame, time and x, y, z of each point."""
    try:
        lines = path.read_text(errors="replace").splitlines()
        head = dict(zip(lines[1].split(), lines[2].split(), strict=False))
        names = tuple(name.strip() for name in lines[3].split("\t")[2:] if name.strip())
        rows = [_row(line, len(names)) for line in lines[5:] if line.strip()]
        positions = np.array(rows, np.float64).reshape(len(rows), len(names), 3)
        return Points(names, positions, float(head["DataRate"])), head.get("Units", "")
    except (OSError, ValueError, IndexError, KeyError) as error:
        raise PoseError(f"cannot read {path} as a TRC file: {error!r}; write it again") from error


def _row(line: str, count: int) -> list[float]:
    cells = [cell.strip() for cell in line.split("\t")][2:]
    cells = (cells + [""] * (3 * count))[: 3 * count]
    return [float(cell) if cell else np.nan for cell in cells]


def write_c3d(path: Path, points: Points) -> None:
    """Write points as a C3D file, in millimetres, missing points as C3D marks them.

    Raises:
        PoseError: ezc3d is not installed, or the file cannot be written.
    """
    try:
        import ezc3d
    except ImportError as error:
        raise PoseError(f"writing {path} {NEEDS_EXTRA}") from error
    file = ezc3d.c3d()
    header = file["parameters"]["POINT"]
    header["RATE"]["value"] = [points.rate]
    header["UNITS"]["value"] = ["mm"]
    header["LABELS"]["value"] = list(points.names)
    if points.skeleton:
        file.add_parameter("POINT", "SKEL", [points.skeleton])
    homogeneous = np.concatenate([points.positions, np.ones((*points.positions.shape[:2], 1))], axis=-1)
    file["data"]["points"] = homogeneous.transpose(2, 1, 0)
    try:
        file.write(str(path))
    except (OSError, RuntimeError) as error:
        raise PoseError(f"cannot write {path}: {error}; is the disk full?") from error
