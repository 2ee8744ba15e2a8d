"""What a reader hands to the driver: samples, tasks and the plan that lists them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Protocol

from pose3d.errors import PoseError

SHOWN = 10


@dataclass(frozen=True)
class Sample:
    """One row of the store: encoded image, encoded mask or None, every label column, encoded part labels or None."""

    image: bytes
    mask: bytes | None
    labels: dict[str, Any]
    part_labels: bytes | None = None


@dataclass
class Skips:
    """What a task leaves out, and why.

    Attributes:
        chosen: samples left out by a rule of the source, by reason.
        damaged: samples left out because a file is damaged: the file, with the numbers of the frames.
    """

    chosen: Counter[str] = field(default_factory=Counter)
    damaged: dict[str, list[int]] = field(default_factory=dict)

    def rule(self, reason: str) -> None:
        """Leave one sample out by a rule."""
        self.chosen[reason] += 1

    def damage(self, what: object, frame: int = 0) -> None:
        """Leave one sample out because `what`, a file or a sentence about one, is damaged."""
        self.damaged.setdefault(str(what), []).append(frame)


def damage_text(what: str, frames: Sequence[int]) -> str:
    """One sentence about damaged frames of a file."""
    if not any(frames):
        return what if len(frames) == 1 else f"{what} ({len(frames)} samples)"
    shown = ", ".join(str(frame) for frame in frames[:SHOWN]) + (", ..." if len(frames) > SHOWN else "")
    return f"{what}: {len(frames)} frame{'s' * (len(frames) > 1)} missing or damaged ({shown})"


class Task(Protocol):
    """A piece of work that one process does alone, e.g. one video. Must be a picklable dataclass, and repeatable."""

    @property
    def name(self) -> str:
        """Unique in the plan, fit for a file name."""

    @property
    def num_samples(self) -> int:
        """How many samples are expected (fewer may come: see `Skips`)."""

    def files(self) -> Iterable[Path]:
        """Every file that `samples` reads. A preparation starts again when one of them has changed."""

    def samples(self, skips: Skips) -> Iterator[Sample]:
        """Decode, crop and label, in a fixed order."""


@dataclass(frozen=True)
class Plan:
    """Everything that is known before any image is decoded."""

    source: str
    joint_set: str
    sequence_names: Sequence[str]
    activity_names: Sequence[str]
    scene_names: Sequence[str]
    tasks: Sequence[Task]
    sampling: dict[str, Any]
    """How frames were chosen; goes into the file."""
    augmentable: Sequence[Sequence[str]] | None = None
    part_flip: Sequence[int] | None = None
    """For each part label the one that it has in a mirrored picture, where that is known."""
    notes: Sequence[str] = ()
    """Known defects met and what was done about them, one sentence each."""

    @property
    def num_samples(self) -> int:
        return sum(task.num_samples for task in self.tasks)


def shard_of(plan: Plan, number: int, count: int) -> Plan:
    """Shard `number` of `count` (from 1): whole tasks, in order, so that the shards end to end are the plan.

    Raises:
        PoseError: there is no such shard, or it would be empty.
    """
    if not 1 <= number <= count:
        raise PoseError(f"there is no shard {number}/{count}; count from 1/{count} to {count}/{count}")
    sizes = [task.num_samples for task in plan.tasks]
    total, before = sum(sizes), 0
    tasks = []
    for task, size in zip(plan.tasks, sizes, strict=True):
        # A task belongs to the shard in which its middle sample lies.
        if int((before + size / 2) * count / max(total, 1)) == number - 1:
            tasks.append(task)
        before += size
    if not tasks:
        raise PoseError(
            f"shard {number}/{count} of {plan.source} is empty: there are {len(sizes)} pieces of work; use fewer shards"
        )
    return replace(plan, tasks=tasks, sampling={**plan.sampling, "shard": f"{number}/{count}"})


@dataclass
class Missing:
    """Collects what a tree lacks, so that one error names all of it before hours of work begin."""

    source: str
    root: Path
    found: list[str] = field(default_factory=list)

    def need(self, path: Path, what: str = "") -> bool:
        """Whether `path` exists and is not empty; if not it is remembered, with `what` it is."""
        if path.is_dir() or (path.is_file() and path.stat().st_size > 0):
            return True
        state = "empty" if path.is_file() else "missing"
        shown = path.relative_to(self.root) if path.is_relative_to(self.root) else path
        self.found.append(f"{shown}{f' ({what})' if what else ''} is {state}")
        return False

    def add(self, problem: str) -> None:
        """Remember a problem that is not a missing file."""
        self.found.append(problem)

    def raise_if_any(self, advice: str = "unpack the archives fully, or correct --root") -> None:
        """One PoseError that lists what was found, the first few by name."""
        if self.found:
            more = f"; and {len(self.found) - SHOWN} more" if len(self.found) > SHOWN else ""
            raise PoseError(
                f"{len(self.found)} problem(s) in the {self.source} tree {self.root}: "
                f"{'; '.join(self.found[:SHOWN])}{more}. What to do: {advice}"
            )


def existing_root(root: Path, source: str) -> Path:
    """The tree's root as an absolute path; a PoseError where there is no such folder."""
    if not root.is_dir():
        raise PoseError(f"there is no folder {root}; --root must name the folder that holds the {source} files")
    return root.resolve()
