"""Render worlds into a folder of stores, with progress: what `pose3d synth` and the data module share."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path

from rich.console import Console

from pose3d.cores import available_cores
from pose3d.progress import progress_bar
from pose3d.synth.generate import Job, generate, is_complete, remove_parts


def render_worlds(jobs: Sequence[Job], out: Path, workers: int | None = None) -> None:
    """Render one store for each job, with a progress bar on stderr; existing stores are kept.

    A run that was interrupted continues where it stopped.

    Args:
        workers: processes; None: one for each core.
    """
    console = Console(stderr=True)
    for job in jobs:
        target = out / f"{job.world}.h5"
        if is_complete(job, out):
            remove_parts(job, out)  # a run may have been killed while it did this
            console.print(f"{target} is already there, made with the same parameters: nothing to do", soft_wrap=True)
            continue
        if target.exists():
            console.print(
                f"{target} was made with other parameters or by another version: rendering it again", soft_wrap=True
            )
        with progress_bar(f"{job.world:>9}", job.num) as (bar, task):
            generate(job, out, workers or available_cores(), partial(bar.advance, task))
