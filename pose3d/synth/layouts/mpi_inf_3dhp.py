"""studio3d as the training tree of MPI-INF-3DHP (docs/datasets.md): all 14 cameras, both mask videos."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import numpy as np

from pose3d.data.schema import CHAIR, LOWER, PERSON, UPPER
from pose3d.data.sources.mpi_inf_3dhp_tree import FPS_50
from pose3d.data.workers import Progress
from pose3d.synth.cameras import Camera
from pose3d.synth.layouts.files import VideoWriter, cell, save_v5
from pose3d.synth.layouts.filming import Settings, film, shot_of
from pose3d.synth.worlds import world

WORLD = world("studio3d")
NUM_CAMERAS = 14


def keys(settings: Settings) -> Iterable[int]:
    """One task for each sequence."""
    return range(len(WORLD.sequences))


def count(settings: Settings) -> int:
    """Total number of pictures."""
    return len(WORLD.sequences) * NUM_CAMERAS * settings.frames


def make(root: Path, settings: Settings, number: int, tick: Progress) -> None:
    """Write S<subject>/Seq<1|2>."""
    sequence = WORLD.sequences[number]
    folder = root / sequence.name
    subject, take = (int(part[-1]) for part in sequence.name.split("/"))
    fps = 50.0 if (subject, take) in FPS_50 else 25.0
    cameras = WORLD.cameras(sequence)
    annotations: dict[str, list[np.ndarray]] = {"annot2": [], "annot3": [], "univ_annot3": []}
    for index, camera in enumerate(cameras):
        videos = {
            kind: VideoWriter(folder / kind / f"video_{index}.avi", camera.size, fps)
            for kind in ("imageSequence", "FGmasks", "ChairMasks")
        }
        views = []
        for frame in range(settings.frames):
            view = film(WORLD, shot_of(WORLD, number, frame, index), settings, camera)
            foreground, chair = mask_frames(view.regions)
            for kind, image in zip(videos, (view.image, foreground, chair), strict=True):
                videos[kind].add(image)
            views.append((view.joints_2d, view.joints_3d, view.joints_3d_univ))
            tick(1)
        for video in videos.values():
            video.close()
        for key, labels in zip(annotations, zip(*views, strict=True), strict=True):
            annotations[key].append(np.stack(labels).reshape(settings.frames, -1))
    save_v5(
        folder / "annot.mat",
        {key: cell(rows) for key, rows in annotations.items()}
        | {
            "cameras": np.arange(NUM_CAMERAS, dtype=np.float64)[:, None],
            "frames": np.arange(settings.frames, dtype=np.float64)[:, None],
        },
    )
    (folder / "camera.calibration").write_text(calibration(cameras))


def finish(root: Path, settings: Settings) -> None:
    """Do nothing: the tree has no files outside its sequences."""


def mask_frames(regions: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(H, W, 3) uint8 BGR frames of both mask videos (docs/datasets.md).

    Foreground: red bright on person and chair, green dark on the upper, blue dark on the lower garment.
    Chair: dark on the chair.
    """
    upper, lower, chair = ((regions & bit) > 0 for bit in (UPPER, LOWER, CHAIR))
    in_front = (regions & (PERSON | CHAIR)) > 0
    channels = [np.where(lower, 0, 255), np.where(upper, 0, 255), np.where(in_front, 255, 0)]
    foreground = np.stack(channels, axis=-1).astype(np.uint8)
    return foreground, np.repeat(np.where(chair, 0, 255).astype(np.uint8)[..., None], 3, axis=-1)


def calibration(cameras: Iterable[Camera]) -> str:
    """`camera.calibration`; plain decimals, because some readers cannot parse exponents."""
    lines = ["Skeletool Camera Calibration File V1.0"]
    for index, camera in enumerate(cameras):
        intrinsic = np.eye(4)
        intrinsic[:3, :3] = camera.intrinsics
        lines += [
            f"name          {index}",
            "  sensor      10 10",
            f"  size        {camera.size[0]} {camera.size[1]}",
            "  animated    0",
            f"  intrinsic   {_plain(intrinsic)} ",
            f"  extrinsic   {_plain(camera.cam_from_world)} ",
            "  radial      0",
        ]
    return "\n".join(lines) + "\n"


def _plain(matrix: np.ndarray) -> str:
    return " ".join(f"{value:.10f}".rstrip("0").rstrip(".") for value in matrix.ravel())
