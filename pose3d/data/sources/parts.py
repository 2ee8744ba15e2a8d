"""Run tasks in parallel and keep each finished one on disk, so that a killed run continues where it stopped.

The folder `<out>.parts` holds one small pose store per task, with a JSON file beside it that appears last: a part
without it is unfinished and made again. `plan.json` says which plan the parts belong to: parts of another plan, of
other files or of files that have changed since are deleted.
"""

from __future__ import annotations

import json
import shutil
from collections import Counter
from dataclasses import dataclass, replace
from itertools import chain
from pathlib import Path
from typing import Any

from pose3d import __version__
from pose3d.data.sources.fingerprint import content_digest, file_state
from pose3d.data.sources.plan import Plan, Skips, Task
from pose3d.data.store_writer import StoreWriter
from pose3d.data.workers import Progress, run_tasks
from pose3d.errors import PoseError
from pose3d.files import write_whole

PLAN = "plan.json"


@dataclass(frozen=True)
class Part:
    """A finished task: its store (absent if every sample was left out) and why samples were left out."""

    path: Path
    num_samples: int
    skips: Skips


@dataclass(frozen=True)
class Parts:
    """The folder of parts of one plan."""

    folder: Path
    plan: Plan
    fingerprint: str

    @classmethod
    def open(cls, out: Path, plan: Plan) -> Parts:
        """`<out>.parts`, emptied if it belongs to another plan or its files have changed."""
        fingerprint = plan_fingerprint(plan)
        parts = cls(out.with_name(out.name + ".parts"), plan, fingerprint)
        record = parts.folder / PLAN
        try:
            known = json.loads(record.read_text())["fingerprint"] if record.is_file() else None
            if known != fingerprint:
                shutil.rmtree(parts.folder, ignore_errors=True)
                parts.folder.mkdir(parents=True)
                write_whole(record, json.dumps({"fingerprint": fingerprint}))
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise PoseError(
                f"cannot use {parts.folder} for unfinished work: {error}; delete it or move --out"
            ) from error
        return parts

    def path(self, number: int) -> Path:
        """Store of task `number`."""
        return self.folder / f"{number:05d}-{self.plan.tasks[number].name}.h5"

    def finished(self, number: int) -> Part | None:
        """The part of task `number`, if it is done."""
        record = self.path(number).with_suffix(".json")
        if not record.is_file():
            return None
        try:
            content = json.loads(record.read_text())
            skips = Skips(Counter(content["chosen"]), content["damaged"])
            return Part(self.path(number), content["num_samples"], skips)
        except (ValueError, KeyError, TypeError):
            return None

    def run(self, workers: int, progress: Progress) -> list[Part]:
        """Make every part that is not there yet; the result is in the order of the tasks."""
        todo = []
        for number in range(len(self.plan.tasks)):
            if (part := self.finished(number)) is None:
                todo.append(number)
            else:
                progress(part.num_samples)
        head = replace(self.plan, tasks=())
        run_tasks(_make, [(head, self.plan.tasks[number], self.path(number)) for number in todo], workers, progress)
        return [part for number in range(len(self.plan.tasks)) if (part := self.finished(number)) is not None]

    def remove(self) -> None:
        """Delete the folder, its plan first: what is left where that is interrupted counts for nothing."""
        (self.folder / PLAN).unlink(missing_ok=True)
        shutil.rmtree(self.folder, ignore_errors=True)


def plan_fingerprint(plan: Plan) -> str:
    """Differs where this plan, these files or this version would write other samples."""
    head = (__version__, plan.source, plan.joint_set, plan.sequence_names, plan.activity_names, plan.scene_names)
    digest = content_digest((head, plan.augmentable, plan.sampling, tuple(plan.tasks)))
    for path in sorted({path for task in plan.tasks for path in task.files()}):
        digest.update(file_state(path).encode())
    return digest.hexdigest()


def _make(plan: Plan, task: Task, path: Path, tick: Progress) -> None:
    """Run one task into one part."""
    skips = Skips()
    written = 0
    samples = task.samples(skips)
    first = next(samples, None)
    if first is not None:
        with part_writer(plan, path) as writer:
            for sample in chain([first], samples):
                writer.append(sample.image, sample.mask, sample.part_labels, **sample.labels)
                written += 1
                tick(1)
    record = path.with_suffix(".json")
    write_whole(record, json.dumps({"num_samples": written, "chosen": skips.chosen, "damaged": skips.damaged}))


def part_writer(plan: Plan, path: Path, **attrs: Any) -> StoreWriter:
    """A store with the names of `plan`, for one part or for the whole."""
    if plan.part_flip is not None:
        attrs["part_flip"] = list(plan.part_flip)
    return StoreWriter(
        path,
        joint_set=plan.joint_set,
        source=plan.source,
        sequence_names=plan.sequence_names,
        activity_names=plan.activity_names,
        scene_names=plan.scene_names,
        augmentable=plan.augmentable,
        **attrs,
    )
