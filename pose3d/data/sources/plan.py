"""What a reader hands to the driver: samples, tasks and the plan that lists them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from pose3d.errors import PoseError

Skip = Callable[[str], None]
"""Called with a reason for each sample that a task leaves out."""

SHOWN = 10


@dataclass(frozen=True)
class Sample:
    """One row of the store: encoded image, encoded mask or None, every label column, encoded part labels or None."""

    image: bytes
    mask: bytes | None
    labels: dict[str, Any]
    part_labels: bytes | None = None


class Task(Protocol):
    """A piece of work that one process does alone, e.g. one video. Must be picklable and repeatable."""

    @property
    def name(self) -> str:
        """Unique in the plan, fit for a file name."""

    @property
    def num_samples(self) -> int:
        """How many samples are expected (fewer may come: see `Skip`)."""

    def samples(self, skip: Skip) -> Iterator[Sample]:
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
    notes: Sequence[str] = ()
    """Known defects met and what was done about them, one sentence each."""

    @property
    def num_samples(self) -> int:
        return sum(task.num_samples for task in self.tasks)


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
