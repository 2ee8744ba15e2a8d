"""Pictures of the places of `wild2d` without people: backgrounds that replace the green screens of a studio."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np

from pose3d.files import check_folder, write_whole
from pose3d.progress import progress_bar
from pose3d.synth.backgrounds import paint
from pose3d.synth.places import choose
from pose3d.synth.staging import generator
from pose3d.synth.worlds import world

JPEG_QUALITY = 92
WORLD = "wild2d"


def write_places(folder: Path, num: int, seed: int = 0, resolution: int = 256) -> None:
    """Write `num` pictures `<folder>/<seed>-<number>-<resolution>.jpg`; existing pictures are kept."""
    check_folder(folder)
    with progress_bar("places", num) as (bar, task):
        for number in range(num):
            path = folder / f"{seed}-{number:05d}-{resolution}.jpg"
            if not path.is_file():
                picture = draw_place(number, seed, resolution)
                write_whole(
                    path,
                    cv2.imencode(".jpg", picture[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY])[1].tobytes(),
                )
            bar.advance(task)


def draw_place(number: int, seed: int, resolution: int) -> np.ndarray:
    """Render one place from a camera at a person's height, (resolution, resolution, 3) uint8 RGB."""
    look = world(WORLD).sequences[0].look
    rng = generator(seed, WORLD, "empty place", number)
    # Without flat patterns, which do not show a place.
    place, _ = choose(replace(look, kinds=tuple(kind for kind in look.kinds if kind[0] != "flat")), (), rng)
    focal = rng.uniform(0.8, 1.8) * resolution
    middle = (resolution - 1) / 2
    intrinsics = np.array([[focal, 0, middle], [0, focal, middle], [0, 0, 1]])
    turn, tilt = rng.uniform(0, 2 * np.pi), np.radians(rng.uniform(-15, 10))
    forward = np.array([np.cos(turn) * np.cos(tilt), np.sin(turn) * np.cos(tilt), np.sin(tilt)])
    right = np.array([np.sin(turn), -np.cos(turn), 0.0])
    cam_from_world = np.eye(4)
    cam_from_world[:3, :3] = np.stack([right, np.cross(forward, right), forward])
    eye = np.array([*rng.uniform(-2, 2, 2), rng.uniform(0.8, 2.0)])
    cam_from_world[:3, 3] = -cam_from_world[:3, :3] @ eye
    shown = paint(place, intrinsics, cam_from_world, (resolution, resolution)) * np.float32(rng.uniform(0.9, 1.2))
    return np.asarray(np.rint(np.clip(shown, 0, 1) * 255).astype(np.uint8))
