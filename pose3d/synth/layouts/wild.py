"""Pictures of the world `wild2d`, shared by the MPII and LSP layouts."""

from __future__ import annotations

import numpy as np

from pose3d.synth.layouts.filming import Settings
from pose3d.synth.scenes import depict
from pose3d.synth.staging import Stage, labels, stage
from pose3d.synth.worlds import Shot, plan, world

WORLD = world("wild2d")
BLOCK = 64
"""Pictures of one task."""


def shots(settings: Settings) -> list[Shot]:
    """The shots of the `settings.frames` pictures."""
    return list(plan(WORLD, settings.frames))


def blocks(settings: Settings) -> range:
    """Numbers of the tasks."""
    return range(-(-settings.frames // BLOCK))


def staged_of(shot: Shot, settings: Settings) -> Stage:
    """Person and camera of a picture; cheap, because nothing is rendered."""
    return stage(WORLD, shot, settings.seed, settings.resolution)


def picture(shot: Shot, settings: Settings) -> np.ndarray:
    """Render one picture, (H, W, 3) uint8 BGR."""
    return np.ascontiguousarray(depict(WORLD, shot, staged_of(shot, settings), settings.seed)[0][..., ::-1])


def joints_of(staged: Stage) -> np.ndarray:
    """Positions (28, 2) of the joints in px, counted from 0."""
    return staged.camera.project(1000.0 * staged.posed.joints_28.astype(np.float64))[0]


def head_size(shot: Shot, staged: Stage) -> float:
    """Size of the head in px, by which PCKh normalises."""
    return float(labels(WORLD, shot, staged)["head_size"])
