"""The embedded data set written as the official trees: same names, keys, types, shapes and units as the originals.

They exercise every reader end to end, and let other code for those data sets run without a licence.
"""

from __future__ import annotations

import os
import shutil
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Final

from pose3d.data.workers import Progress, run_tasks
from pose3d.errors import PoseError

if TYPE_CHECKING:
    from pose3d.synth.layouts.filming import Settings

LAYOUTS: Final = {
    "mpi_inf_3dhp": "S1..S8 with videos, masks, annot.mat and camera.calibration",
    "mpi_inf_3dhp_test": "TS1..TS6 with images, annot_data.mat and both calibrations",
    "h36m": "S1..S11 with videos, CDF poses, silhouettes, part labels and metadata.xml",
    "mpii": "images, the official .mat and the HRNet-style JSON files",
    "lsp": "images and joints.mat",
    "lspet": "images and joints.mat of the extended set",
    "coco": "images and person_keypoints_{train,val}2017.json",
    "humaneva": "S1 with videos, calibration, synchronisation and converted joints",
    "aspset510": "clips with videos, C3D joints, boxes and cameras, and splits.csv",
}
"""Layouts that can be written; the module of the same name writes one."""

FRAMES: Final = {
    "mpi_inf_3dhp": 4, "mpi_inf_3dhp_test": 40, "h36m": 2, "mpii": 500, "lsp": 500, "lspet": 500, "coco": 500,
    "humaneva": 40, "aspset510": 15,
}  # fmt: skip
"""Default number of frames of each sequence or recording; of mpii, lsp, lspet and coco, number of pictures."""


def count(name: str, settings: Settings) -> int:
    """Number of pictures that `write_layout` renders."""
    return int(import_module(f"pose3d.synth.layouts.{name}").count(settings))


def write_layout(
    name: str, out: Path, settings: Settings, workers: int = 1, progress: Progress = lambda done: None
) -> None:
    """Write the layout `name` to the folder `out`, whole or not at all.

    Raises:
        PoseError: There is no such layout, or `out` is not an empty folder or cannot be written.
    """
    if name not in LAYOUTS:
        raise PoseError(f"there is no layout {name!r}; there are {', '.join(LAYOUTS)}")
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise PoseError(f"{out} is not an empty folder; choose another --out or delete it")
    module = import_module(f"pose3d.synth.layouts.{name}")
    partial = out.with_name(out.name + ".partial")
    try:
        shutil.rmtree(partial, ignore_errors=True)
        partial.mkdir(parents=True)
        run_tasks(module.make, [(partial, settings, key) for key in module.keys(settings)], workers, progress)
        module.finish(partial, settings)
        if out.exists():
            out.rmdir()
        os.replace(partial, out)
    except OSError as error:
        raise PoseError(f"cannot write {out}: {error}; is the disk full?") from error
    finally:
        shutil.rmtree(partial, ignore_errors=True)
