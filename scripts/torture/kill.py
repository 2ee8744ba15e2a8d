"""Kill jobs at random moments: after a restart, their results are those of an undisturbed run."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from scripts.torture.cases import Command, Outcome, call, finish, run, warm
from scripts.torture.jobs import Job

MOMENTS = 1.02
"""Moments are drawn up to this multiple of the time of the undisturbed run, to include its end."""


class Kill:
    """One SIGKILL a case, at a moment drawn over the whole job; then the same command again, to its end.

    The moments of a job that computes are in processor time, which does not depend on the load of the machine; those
    of a job that waits for other processes are in seconds.
    """

    def __init__(self, folder: Path, jobs: list[Job]) -> None:
        self.folder, self.jobs, self.log = folder, jobs, folder / "log.txt"
        self.length: list[float] = []
        self.expected: list[str] = []
        for job in jobs:
            self._undisturbed(job, warm)  # the first run also includes just-in-time compilation
            began = time.monotonic()
            outcome, work = self._undisturbed(job, lambda start, _: run(start, self.log))
            self.length.append(time.monotonic() - began if job.waits else outcome.cpu_s)
            self.expected.append(job.result(work))
            job.keep(work)

    def _undisturbed(self, job: Job, how: Callable[[Command, Path], Outcome]) -> tuple[Outcome, Path]:
        work = self._fresh(job)
        outcome = how(lambda: job.start(work), self.folder)
        if outcome.code != 0:
            raise SystemExit(f"the undisturbed run of {job.name} failed: {outcome.output[-500:]}")
        return outcome, work

    def __call__(self, number: int, rng: np.random.Generator) -> tuple[str, str]:
        index = number % len(self.jobs)
        job, moment = self.jobs[index], float(rng.uniform(0, MOMENTS * self.length[index]))
        work = self._fresh(job)
        pid = call(lambda: job.start(work), self.log)
        killed = finish(pid, self.log, _timer(moment) if job.waits else lambda: cpu_seconds(pid) > moment)
        what = (
            f"{job.name}, {'killed' if killed.code == -9 else 'ended'} after {moment:.3f} of {self.length[index]:.3f} s"
        )
        if killed.code not in (0, -9):
            return what, f"before the kill: exit code {killed.code}, {killed.output[-300:]}"
        if killed.code == -9:
            again = run(lambda: job.start(work), self.log)
            if again.code != 0:
                return what, f"started again: exit code {again.code}, {again.output[-300:]}"
        if job.result(work) != self.expected[index]:
            return what, "another result than that of the undisturbed run"
        left = sorted(str(path.relative_to(work)) for path in work.rglob("*") if ".part" in path.name)
        return what, f"left {left}" if left else ""

    def _fresh(self, job: Job) -> Path:
        work = self.folder / "work"
        shutil.rmtree(work, ignore_errors=True)
        work.mkdir(parents=True)
        job.fill(work)
        return work


def cpu_seconds(pid: int) -> float:
    """Processor time that the main thread of a process has used."""
    try:
        return int(Path(f"/proc/{pid}/schedstat").read_text().split()[0]) / 1e9
    except (OSError, IndexError, ValueError):
        return float(os.times().user)  # no Linux: any number that grows


def _timer(seconds: float):  # type: ignore[no-untyped-def]
    until = time.monotonic() + seconds
    return lambda: time.monotonic() > until
