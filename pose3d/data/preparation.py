"""From an official folder to a pose store, with progress: what `pose3d prepare` and the data modules share.

Beside the store lies `<store>.json`, which says from which folder and with which options it was made.
"""

from __future__ import annotations

import inspect
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeRemainingColumn

from pose3d.cores import available_cores
from pose3d.data.sources import SOURCES, WHOLE_IMAGES
from pose3d.data.sources.framing import Framing
from pose3d.data.sources.plan import Plan, shard_of
from pose3d.data.sources.prepare import Summary, prepare
from pose3d.errors import PoseError
from pose3d.files import write_whole
from pose3d.suggestions import did_you_mean

SHARED = ("root", "framing", "seed", "limit")


@dataclass(frozen=True)
class Preparation:
    """Which official folder is read, and how.

    Attributes:
        source: a name of `sources.SOURCES`.
        root: the folder.
        limit: prepare only so many samples, spread over the whole set; 0: all.
        seed: of the random draw of frames.
        margin: stored square over the joint box; 0 keeps whole images; None: what suits the source.
        person_px: people are shrunk to this; 0 keeps the resolution; None: what suits the source.
        options: the source's own, by the names of its `plan`.
        shard: number and count of the shard to write, from 1; None: everything.
    """

    source: str
    root: Path
    limit: int = 0
    seed: int = 0
    margin: float | None = None
    person_px: int | None = None
    options: Mapping[str, Any] = field(default_factory=dict)
    shard: tuple[int, int] | None = None

    @property
    def framing(self) -> Framing:
        """How images are cut and shrunk."""
        whole = self.source in WHOLE_IMAGES
        margin = (0.0 if whole else 2.0) if self.margin is None else self.margin
        return Framing(margin, (0 if whole else 300) if self.person_px is None else self.person_px)

    def record(self) -> dict[str, Any]:
        """What decides the samples, as plain data."""
        framing = self.framing
        # An option left out and one given at its default make the same samples.
        options = reader_defaults(self.source) | dict(self.options)
        own = {name: value for name, value in sorted(options.items()) if value is not None}
        content = {
            "source": self.source,
            "root": str(self.root.resolve()),
            "limit": self.limit,
            "seed": self.seed,
            "margin": framing.margin,
            "person_px": framing.person_px,
            "options": own,
            **({"shard": self.shard} if self.shard else {}),
        }
        return dict(json.loads(json.dumps(content, default=str)))

    def plan(self) -> Plan:
        """Scan the folder; raise a PoseError that names everything that is missing."""
        reader = reader_of(self.source)
        if unknown := sorted(set(self.options) - set(reader_options(self.source))):
            hint = did_you_mean(unknown[0], reader_options(self.source))
            raise PoseError(f"the reader of {self.source} has no option {unknown[0]!r}; {hint}")
        plan: Plan = reader.plan(self.root, framing=self.framing, seed=self.seed, limit=self.limit, **self.options)
        return shard_of(plan, *self.shard) if self.shard else plan


def reader_of(source: str) -> Any:
    """The module that reads a layout."""
    if source not in SOURCES:
        raise PoseError(f"there is no source {source!r}; {did_you_mean(source, SOURCES)}")
    return import_module(f"pose3d.data.sources.{source}")


def reader_options(source: str) -> list[str]:
    """Names of the options that only this source has."""
    return [name for name in inspect.signature(reader_of(source).plan).parameters if name not in SHARED]


def reader_defaults(source: str) -> dict[str, Any]:
    """The options that only this source has, at their defaults."""
    parameters = inspect.signature(reader_of(source).plan).parameters
    return {name: parameters[name].default for name in reader_options(source)}


def record_path(store: Path) -> Path:
    """Path of the record of how a store was made."""
    return store.with_name(store.name + ".json")


def prepare_store(preparation: Preparation, out: Path, workers: int | None = None) -> tuple[Plan, Summary]:
    """Write the pose store `out`, with progress bars on stderr; a run that was interrupted continues where it stopped.

    What is known beforehand of the folder's defects, and of what is done about them, is said on stderr first.

    Args:
        workers: processes that decode; None: one for each core.
    """
    console = Console(stderr=True)
    with console.status(f"looking at {preparation.root}"):
        plan = preparation.plan()
    for note in plan.notes:
        console.print(f"{out.name}: note: {note}", soft_wrap=True, markup=False, highlight=False)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console) as bar:
        steps: dict[str, TaskID] = {}

        def advance(step: str, done: int, total: int) -> None:
            if step not in steps:
                steps[step] = bar.add_task(f"{out.name}: {step}", total=total)
            bar.update(steps[step], advance=done)

        summary = prepare(plan, out, seed=preparation.seed, workers=workers or available_cores(), progress=advance)
    write_whole(record_path(out), json.dumps(preparation.record(), indent=2) + "\n")
    return plan, summary


def require_same(preparation: Preparation, store: Path) -> None:
    """Raise PoseError where a store that is there was made from another folder or with other options."""
    try:
        known = dict(json.loads(record_path(store).read_text()))
    except (OSError, ValueError, TypeError):
        return  # made elsewhere, or by hand: it counts as it is
    wanted = preparation.record()
    for key in wanted:
        if known.get(key) != wanted[key]:
            raise PoseError(
                f"{store} was prepared with {key} {known.get(key)!r}, this run asks for {wanted[key]!r}; set "
                f"data.stores to another folder, delete {store}, or leave data.root out to use it as it is"
            )
