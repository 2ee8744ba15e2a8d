"""Outdoor clips as ASPset-510 (docs/datasets.md): three cameras side by side, C3D joints, boxes and splits.csv."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable
from pathlib import Path

import numpy as np

from pose3d.data.sources.aspset510_tree import CAMERAS, FPS, SKELETON, Clip
from pose3d.data.sources.points import Points, write_c3d
from pose3d.data.workers import Progress
from pose3d.skeleton import ASPSET_17, MPI_INF_3DHP_28, remap
from pose3d.synth.cameras import Camera, look_at, pinhole
from pose3d.synth.layouts.files import VideoWriter
from pose3d.synth.layouts.filming import Settings, film, shot_of
from pose3d.synth.worlds import Look, Sequence, World

SIZE = (3840, 2160)
CLIPS = 2
"""Clips of each subject; the original has 30."""

_PLACES = ("bridge", "esplanade", "forest", "dawn", "sunset", "sky")
_TEST_PLACES = ("park", "city")
# Subject, its body and the split of its clips; nobody appears in two splits.
_SUBJECTS = (("0a01", 15, "train"), ("0a02", 16, "train"), ("0b07", 17, "val"), ("1c0d", 30, "test"))
_SOURCE = remap(MPI_INF_3DHP_28, ASPSET_17)
_BOX_MARGIN = 0.1


def rig() -> tuple[Camera, ...]:
    """Left, mid and right camera, on one side of the person as along a sports field."""
    cameras = []
    for azimuth, height in ((70, 1.5), (90, 1.7), (112, 1.5)):
        angle = np.radians(azimuth)
        eye = 1000 * np.array([6.2 * np.cos(angle), 6.2 * np.sin(angle), height])
        cameras.append(Camera(pinhole(3900.0, SIZE, (12.0, -9.0)), look_at(eye, np.array([0, 0, 950.0])), SIZE))
    return tuple(cameras)


def _look(split: str, subject: int) -> Look:
    test = split == "test"
    textures = (8300, 8500) if test else (200 * subject, 200 * subject + 200)
    return Look(textures, (("photographed", 1.0),), panoramas=_TEST_PLACES if test else _PLACES)


WORLD = World(
    "aspset510",
    tuple(
        Sequence(f"{name}-{clip + 1:04d}", number, body, (1, 2, 4, 6), _look(split, number), (0, 1, 2), 3)
        for number, (name, body, split) in enumerate(_SUBJECTS)
        for clip in range(CLIPS)
    ),
    rig=rig,
)


def keys(settings: Settings) -> Iterable[int]:
    """One task for each clip."""
    return range(len(WORLD.sequences))


def count(settings: Settings) -> int:
    """Total number of pictures; a clip of the test set has one camera."""
    return settings.frames * sum(len(clip.cameras) for clip in clips(Path()))


def clips(root: Path) -> list[Clip]:
    """The rows of splits.csv."""
    rows = []
    for number, sequence in enumerate(WORLD.sequences):
        subject, clip = sequence.name.split("-")
        split = _SUBJECTS[sequence.subject][2]
        rows.append(Clip(root, subject, clip, split, (CAMERAS[number % 3],) if split == "test" else CAMERAS))
    return rows


def make(root: Path, settings: Settings, number: int, tick: Progress) -> None:
    """Write one clip: video and boxes of its cameras, and the joints in the axes of the left camera."""
    clip, cameras = clips(root)[number], WORLD.cameras(WORLD.sequences[number])
    for name in clip.cameras:
        index = CAMERAS.index(name)
        video = VideoWriter(clip.video(name).path, cameras[index].size, FPS)
        boxes, world = [], []
        for frame in range(settings.frames):
            view = film(WORLD, shot_of(WORLD, number, frame, index), settings, cameras[index])
            video.add(view.image)
            boxes.append(_box(view.joints_2d))
            world.append(view.joints_world[_SOURCE])
            tick(1)
        video.close()
        _write_boxes(clip.boxes_file(name), boxes)
    from_left = cameras[0].cam_from_world
    positions = np.array(world) @ from_left[:3, :3].T + from_left[:3, 3]
    clip.joints_file.parent.mkdir(parents=True, exist_ok=True)
    write_c3d(clip.joints_file, Points(ASPSET_17.names, positions, FPS, SKELETON))


def finish(root: Path, settings: Settings) -> None:
    """Cameras of each subject, and splits.csv."""
    rows = clips(root)
    for number, clip in enumerate(rows):
        cameras = WORLD.cameras(WORLD.sequences[number])
        left_from_world = cameras[0].cam_from_world
        for index, name in enumerate(CAMERAS):
            intrinsic = np.concatenate([cameras[index].intrinsics, np.zeros((3, 1))], axis=1)
            extrinsic = np.eye(4) if index == 0 else cameras[index].cam_from_world @ np.linalg.inv(left_from_world)
            content = {"intrinsic_matrix": intrinsic.ravel().tolist(), "extrinsic_matrix": extrinsic.ravel().tolist()}
            clip.camera_file(name).parent.mkdir(parents=True, exist_ok=True)
            clip.camera_file(name).write_text(json.dumps(content))
    with (root / "splits.csv").open("w", newline="") as file:
        for clip in rows:
            camera = clip.cameras[0] if len(clip.cameras) == 1 else "all"
            csv.writer(file).writerow([clip.subject, clip.number, clip.split, camera])


def _box(pixels: np.ndarray) -> list[float]:
    """x1, y1, x2, y2 px around the joints, a tenth wider."""
    low, high = pixels.min(axis=0), pixels.max(axis=0)
    margin = _BOX_MARGIN * (high - low).max()
    return [*(low - margin), *(high + margin)]


def _write_boxes(path: Path, boxes: list[list[float]]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    lines = ["x1,y1,x2,y2", *(",".join(f"{value:.2f}" for value in box) for box in boxes)]
    path.write_text("\n".join(lines) + "\n")
