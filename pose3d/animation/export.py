"""Write a motion in several formats, each file whole or not at all."""

from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path

from pose3d.animation.bvh import write_bvh
from pose3d.animation.c3d import write_c3d
from pose3d.animation.csv import write_csv
from pose3d.animation.glb import write_glb
from pose3d.animation.motion import Motion, Unit, Up
from pose3d.animation.trc import write_trc
from pose3d.errors import PoseError
from pose3d.files import whole_file

FORMATS = ("bvh", "glb", "trc", "c3d", "csv")
_NEEDS = {"bvh": ("scipy",), "glb": ("scipy", "pygltflib"), "c3d": ("ezc3d",)}


def parse_formats(text: str) -> list[str]:
    """Formats from "bvh,glb"; unknown ones, and those whose packages are missing, are a PoseError."""
    formats = list(dict.fromkeys(part.strip().lower() for part in text.split(",") if part.strip()))
    for name in formats:
        if name not in FORMATS:
            raise PoseError(f"--export {name} is not a format; known are {', '.join(FORMATS)}")
        missing = [package for package in _NEEDS.get(name, ()) if find_spec(package) is None]
        if missing:
            raise PoseError(
                f"--export {name} needs {' and '.join(missing)}; "
                "install them with `pip install pose3d-lightning[animation]`"
            )
    if not formats:
        raise PoseError(f"--export names no format; known are {', '.join(FORMATS)}")
    return formats


def export_motion(stem: Path, motion: Motion, formats: Sequence[str], up: Up = "y", unit: Unit = "mm") -> list[Path]:
    """Write `stem`.bvh, ... with the given upward axis and unit; GLB is always y up and in metres."""
    turned = motion.turned(up)
    written = []
    for name in formats:
        path = stem.with_name(f"{stem.name}.{name}")
        with whole_file(path) as partial:
            if name == "glb":
                write_glb(partial, motion)
            elif name == "trc":
                write_trc(partial, turned, unit, path.name)
            else:
                {"bvh": write_bvh, "c3d": write_c3d, "csv": write_csv}[name](partial, turned, unit)
        written.append(path)
    return written
