"""Two recordings as HumanEva-I (docs/datasets.md): S1 Walking and Box, three colour cameras, converted joints."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import cv2
import numpy as np

from pose3d.data.sources.humaneva import ACTIONS, CAMERAS, VALIDATION
from pose3d.data.workers import Progress
from pose3d.skeleton import HUMANEVA_15, MPI_INF_3DHP_28, remap
from pose3d.synth.cameras import Camera, look_at, pinhole
from pose3d.synth.layouts.files import VideoWriter, save_v5
from pose3d.synth.layouts.filming import Settings, film, shot_of
from pose3d.synth.worlds import Look, Sequence, World

SIZE = (640, 480)
FPS = 60.0
DISTORTION = (-0.16, 0.08, 0.001, -0.0005, 0.0)
INVALID_EVERY = 8
"""Every eighth mocap frame is invalid, as some of the original are."""
OFFSETS = {"Walking": 4, "Box": 3}
"""Video frames before the start of the synchronised time."""

_SOURCE = remap(MPI_INF_3DHP_28, HUMANEVA_15)
_LOOK = Look(textures=(8100, 8200), kinds=(("room", 1.0),), drawn_places=(2100, 2101))


def rig() -> tuple[Camera, ...]:
    """C1, C2 and C3 around the walkway."""
    cameras = []
    for azimuth, height in ((35, 1.6), (150, 1.5), (265, 1.7)):
        angle = np.radians(azimuth)
        eye = 1000 * np.array([4.4 * np.cos(angle), 4.4 * np.sin(angle), height])
        cameras.append(Camera(pinhole(760.0, SIZE, (-6.0, 11.0)), look_at(eye, np.array([0, 0, 900.0])), SIZE))
    return tuple(cameras)


WORLD = World(
    "humaneva",
    tuple(
        Sequence(f"S1/{action}_1", 1, 29, (activity,), _LOOK, (0, 1, 2), plain=True, tight=True)
        for action, activity in zip(ACTIONS, (1, 2), strict=True)
    ),
    rig=rig,
    interval=0.2,
)


def keys(settings: Settings) -> Iterable[tuple[int, int]]:
    """One task for each video: action and camera."""
    return [(action, camera) for action in range(len(ACTIONS)) for camera in range(len(CAMERAS))]


def count(settings: Settings) -> int:
    """Total number of pictures."""
    return len(ACTIONS) * len(CAMERAS) * settings.frames


def make(root: Path, settings: Settings, key: tuple[int, int], tick: Progress) -> None:
    """Write one video with its synchronisation; the first camera's task writes the joints too."""
    number, index = key
    action, camera = ACTIONS[number], WORLD.cameras(WORLD.sequences[number])[index]
    stem = f"{action}_1_({CAMERAS[index]})"
    video = VideoWriter(root / "S1" / "Image_Data" / f"{stem}.avi", camera.size, FPS)
    distort = _distortion_map(camera)
    # Labelled time begins at the first frame of the validation part; before it, the person stands still.
    before = OFFSETS[action] + VALIDATION[action][0] - 1
    joints = []
    for frame in range(settings.frames):
        view = film(WORLD, shot_of(WORLD, number, frame, index), settings, camera)
        image = cv2.remap(view.image, *distort, cv2.INTER_LINEAR)
        for _ in range(before if frame == 0 else 0):
            video.add(image)
        video.add(image)
        joints.append(view.joints_world[_SOURCE])
        tick(1)
    video.close()
    offsets = root / "S1" / "Sync_Data" / f"{stem}.ofs"
    offsets.parent.mkdir(parents=True, exist_ok=True)
    offsets.write_text(f"{OFFSETS[action]}\n1\n2.0\n")
    if index == 0:
        poses = np.array(joints)
        poses[INVALID_EVERY - 1 :: INVALID_EVERY] = np.nan
        path = root / "converted_15j" / "Validate" / "S1" / f"{action}_1.mat"
        path.parent.mkdir(parents=True, exist_ok=True)
        save_v5(path, {"poses_3d": poses})


def finish(root: Path, settings: Settings) -> None:
    """The three cameras: 22 numbers a file."""
    folder = root / "S1" / "Calibration_Data"
    folder.mkdir(parents=True)
    for name, camera in zip(CAMERAS, WORLD.cameras(WORLD.sequences[0]), strict=True):
        matrix, pose = camera.intrinsics, camera.cam_from_world
        numbers = [matrix[0, 0], matrix[1, 1], matrix[0, 2], matrix[1, 2], 0.0, *DISTORTION]
        numbers += [*pose[:3, :3].ravel(), *pose[:3, 3]]
        (folder / f"{name}.cal").write_text("".join(f"{number:.10g}\n" for number in numbers))


def _distortion_map(camera: Camera) -> tuple[np.ndarray, np.ndarray]:
    """Where each pixel of the distorted picture lies in the pinhole's picture, for cv2.remap."""
    width, height = camera.size
    grid = np.stack(np.meshgrid(np.arange(width), np.arange(height)), axis=-1).reshape(-1, 1, 2).astype(np.float64)
    straight = cv2.undistortPoints(grid, camera.intrinsics, np.array(DISTORTION), P=camera.intrinsics)
    straight = straight.reshape(height, width, 2).astype(np.float32)
    return straight[..., 0], straight[..., 1]
