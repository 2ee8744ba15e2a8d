"""The world `test` as the test set of MPI-INF-3DHP (docs/datasets.md)."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import numpy as np

from pose3d.data.workers import Progress
from pose3d.skeleton import MPI_INF_3DHP_17, MPI_INF_3DHP_28, remap
from pose3d.synth.cameras import Camera
from pose3d.synth.layouts.files import V73File, write_jpeg
from pose3d.synth.layouts.filming import Settings, film, shot_of
from pose3d.synth.worlds import world

WORLD = world("test")
NAME = "mpi_inf_3dhp_test_set"
TO_17 = remap(MPI_INF_3DHP_28, MPI_INF_3DHP_17)
INVALID_EVERY = 5
"""Every fifth frame is marked invalid, as frames without good labels are in the original."""


def keys(settings: Settings) -> Iterable[int]:
    """One task for each sequence."""
    return range(len(WORLD.sequences))


def count(settings: Settings) -> int:
    """Total number of pictures."""
    return len(WORLD.sequences) * settings.frames


def make(root: Path, settings: Settings, number: int, tick: Progress) -> None:
    """Write TS<number>."""
    folder = root / NAME / WORLD.sequences[number].name
    camera = WORLD.cameras(WORLD.sequences[number])[0]
    views = []
    for frame in range(settings.frames):
        view = film(WORLD, shot_of(WORLD, number, frame, 0), settings, camera)
        write_jpeg(folder / "imageSequence" / f"img_{frame + 1:06d}.jpg", view.image)
        views.append((view.joints_2d, view.joints_3d, view.joints_3d_univ, float(view.columns["activity"])))
        tick(1)
    pixels, points, universal, activity = (np.array(part) for part in zip(*views, strict=True))
    valid = (np.arange(settings.frames) % INVALID_EVERY != INVALID_EVERY - 1).astype(np.float64)
    with V73File(folder / "annot_data.mat") as file:
        file.matrix("activity_annotation", activity[:, None])
        for name, joints in (("annot2", pixels), ("annot3", points), ("univ_annot3", universal)):
            file.matrix(name, joints[:, None, TO_17])
        file.matrix("valid_frame", valid[:, None])


def finish(root: Path, settings: Settings) -> None:
    """Both calibrations."""
    folder = root / NAME / "test_util" / "camera_calibration"
    folder.mkdir(parents=True)
    for name, number in (("ts1-4cameras.calib", 0), ("ts5-6cameras.calib", 4)):
        (folder / name).write_text(calibration(WORLD.cameras(WORLD.sequences[number])[0]))


def calibration(camera: Camera) -> str:
    """A camera in the test set's format: mm on a sensor 10 mm wide, and its position."""
    size = np.array(camera.size)
    mm = 10.0 / size[0]
    focal, aspect = camera.intrinsics[0, 0] * mm, camera.intrinsics[1, 1] / camera.intrinsics[0, 0]
    offset = (camera.intrinsics[:2, 2] - size / 2) * mm
    rotation = camera.cam_from_world[:3, :3]
    origin = -rotation.T @ camera.cam_from_world[:3, 3]

    def numbers(values: np.ndarray) -> str:
        return " ".join(f"{value:.9f}" for value in values)

    return (
        "tc camera calibration v0.3\n"
        "camera\t0\tvirtual\n"
        "\tframe\t0\n"
        f"\t\tsensorSize\t{numbers(size * mm)}\n"
        f"\t\tfocalLength\t{focal:.9f}\n"
        f"\t\tpixelAspect\t{aspect:.9f}\n"
        f"\t\tcenterOffset\t{numbers(offset)}\n"
        "\t\tdistortionModel\tOpenCV\n"
        "\t\tdistortion\t0 0 0 0 0\n"
        f"\t\torigin\t{numbers(origin)}\n"
        f"\t\tup\t{numbers(-rotation[1])}\n"
        f"\t\tright\t{numbers(rotation[0])}\n"
    )
