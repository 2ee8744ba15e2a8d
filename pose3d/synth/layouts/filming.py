"""Film the worlds with uncropped cameras: pictures of the official sizes instead of crops around the person."""

from __future__ import annotations

from dataclasses import dataclass, replace

import cv2
import numpy as np

from pose3d.synth.bodies import PosedBody
from pose3d.synth.cameras import Camera
from pose3d.synth.scenes import depict
from pose3d.synth.staging import Stage, labels, stage
from pose3d.synth.worlds import Shot, World


@dataclass(frozen=True)
class Settings:
    """Size and random seed of an official tree.

    Attributes:
        frames: frames of each sequence or recording; for mpii, lsp, lspet and coco, the number of pictures.
        seed: random seed.
        resolution: longer side in px at which a picture is rendered before it is enlarged to the official size.
    """

    frames: int
    seed: int = 0
    resolution: int = 512


@dataclass(frozen=True)
class View:
    """One picture.

    Attributes:
        image: (H, W, 3) uint8 BGR.
        regions: (H, W) uint8 region bits.
        joints_2d: (28, 2) px.
        joints_3d, joints_3d_univ: (28, 3) mm, camera axes.
        joints_world: (28, 3) mm.
        columns: the label columns as a pose store would hold them.
        posed: the body in the scene.
    """

    image: np.ndarray
    regions: np.ndarray
    joints_2d: np.ndarray
    joints_3d: np.ndarray
    joints_3d_univ: np.ndarray
    joints_world: np.ndarray
    columns: dict[str, np.ndarray]
    posed: PosedBody


def shot_of(world: World, sequence: int, frame: int, camera: int) -> Shot:
    """Frame `frame` of a sequence seen by one camera of its rig."""
    clip, clip_frame = divmod(frame, world.frames)
    index = (sequence * 10_000 + frame) * 16 + camera  # a number of its own for each picture
    return Shot(index, sequence, clip, clip_frame, camera)


def film(world: World, shot: Shot, settings: Settings, camera: Camera) -> View:
    """Render a shot as seen by the uncropped `camera`."""
    staged = staged_for(world, shot, settings, camera)
    size = np.array(camera.size)
    small = tuple(int(v) for v in np.round(size * settings.resolution / size.max()))
    window = camera.window((size - 1) / 2, float(size[0]), (small[0], small[1]))
    picture, regions = depict(world, shot, replace(staged, camera=window), settings.seed)
    image = cv2.resize(picture[..., ::-1], camera.size, interpolation=cv2.INTER_LINEAR)
    regions = cv2.resize(regions, camera.size, interpolation=cv2.INTER_NEAREST_EXACT)
    seen = joints(world, shot, staged)
    return View(np.asarray(image), np.asarray(regions), *seen, labels(world, shot, staged), staged.posed)


def staged_for(world: World, shot: Shot, settings: Settings, camera: Camera) -> Stage:
    """The person of a shot in front of the uncropped camera."""
    return replace(stage(world, shot, settings.seed, settings.resolution), camera=camera)


def joints(world: World, shot: Shot, staged: Stage) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """joints_2d, joints_3d, joints_3d_univ, joints_world (see View), float64."""
    points = 1000.0 * staged.posed.joints_28.astype(np.float64)
    pixels, seen = staged.camera.project(points)
    return pixels, seen, seen[4] + (seen - seen[4]) * staged.scale, points
