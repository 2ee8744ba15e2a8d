"""wild2d as the extended training set of Leeds Sports Poses (docs/datasets.md)."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import numpy as np

from pose3d.data.workers import Progress
from pose3d.skeleton import LSP_14, MPI_INF_3DHP_28, remap
from pose3d.synth.layouts.files import save_v5, write_jpeg
from pose3d.synth.layouts.filming import Settings
from pose3d.synth.layouts.wild import BLOCK, blocks, joints_of, picture, shots, staged_of

_SOURCE = remap(MPI_INF_3DHP_28, LSP_14)
UNLABELLED_EVERY = 11
"""Every eleventh joint is not labelled, since many of the original are not."""


def keys(settings: Settings) -> Iterable[int]:
    """Numbers of the tasks: one for each block of pictures."""
    return blocks(settings)


def count(settings: Settings) -> int:
    """Total number of pictures."""
    return settings.frames


def make(root: Path, settings: Settings, block: int, tick: Progress) -> None:
    """Render one block of pictures."""
    for shot in shots(settings)[block * BLOCK : (block + 1) * BLOCK]:
        write_jpeg(root / "images" / f"im{shot.index + 1:05d}.jpg", picture(shot, settings))
        tick(1)


def finish(root: Path, settings: Settings) -> None:
    """`joints` (14, 3, N): x, y, and a flag that is 1 where a joint is labelled."""
    joints = np.zeros((14, 3, settings.frames))
    for shot in shots(settings):
        joints[:, :2, shot.index] = joints_of(staged_of(shot, settings))[_SOURCE]
        joints[:, 2, shot.index] = (np.arange(14) + shot.index) % UNLABELLED_EVERY != 0
    joints[:, :2] *= joints[:, 2:]
    save_v5(root / "joints.mat", {"joints": joints})
