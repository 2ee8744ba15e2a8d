"""How many video frames a second `pose3d prepare` turns into samples of a store on one core."""

from __future__ import annotations

import time
from pathlib import Path

from pose3d.data.sources import mpi_inf_3dhp
from pose3d.data.sources.framing import Framing
from pose3d.data.sources.prepare import prepare
from pose3d.synth.layouts import mpi_inf_3dhp as layout
from pose3d.synth.layouts.filming import Settings

SUBJECT = 1
_SEQUENCES = (0, 1)  # of that subject


def prepared_per_second(folder: Path, frames: int, resolution: int) -> float:
    """Frames a CPU second of one process, from videos and both mask videos to a finished store.

    Args:
        folder: an official tree of MPI-INF-3DHP with one subject is written there first, which is not counted.
        frames: of each of its videos; all of them from the five chest cameras are prepared.
        resolution: side of the videos, px; the official ones have 2048.
    """
    settings = Settings(frames=frames, resolution=resolution)
    for sequence in _SEQUENCES:
        layout.make(folder / "tree", settings, sequence, lambda done: None)
    plan = mpi_inf_3dhp.plan(folder / "tree", framing=Framing(), subjects=(SUBJECT,), movement=0.0)
    start = time.process_time()
    made = prepare(plan, folder / "prepared.h5", workers=1)
    return made.num_samples / (time.process_time() - start)
