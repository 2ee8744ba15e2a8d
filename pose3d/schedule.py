"""Phase tables: base learning rate and loss weights at every training step (supplement Tables 3 to 5, decision L4).

A schedule is a YAML file with `name`, `source` and a list of `phases`, each with `iterations`, `lr` and `weights`, and
where it was made for a number of data sets, `data_sets`.
Rates and weights are used as they stand; one factor scales all iteration counts, for quick runs, and nothing else.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import accumulate
from pathlib import Path
from typing import Any

import yaml

from pose3d.errors import PoseError
from pose3d.recipes import find_recipe
from pose3d.suggestions import closest


@dataclass(frozen=True)
class Phase:
    """Some iterations at one base learning rate and one set of loss weights.

    `weights` are keyed by the table's column: `Hsum`, `Hdeep`, ... of 2DPoseNet; `X4b5`, `X4b20`, `Xdeep`, `Xsum`, `H`,
    `PL` of 3DPoseNet, where X stands for each of P, O1, O2; `Pfused` of the fusion.
    """

    iterations: int
    lr: float
    weights: Mapping[str, float]


@dataclass(frozen=True)
class Schedule:
    """Phases one after the other. Raises PoseError when there are none.

    `data_sets` is the number of data sets that it is meant for: 1 or 2 in supplement Tables 4 and 5, None for any.
    """

    name: str
    phases: tuple[Phase, ...]
    source: str = ""
    data_sets: int | None = None

    def __post_init__(self) -> None:
        if not self.phases:
            raise PoseError(f"schedule {self.name!r} has no phases; give it at least one")

    @classmethod
    def load(cls, path: str | Path) -> Schedule:
        """Read a schedule file; whatever is wrong with it is a PoseError that names the file and the phase."""
        path = find_recipe(path)
        if not path.is_file():
            near = closest(path.name, [p.name for p in path.parent.glob("*.yaml")], n=1)
            hint = (
                f"did you mean {path.parent / near[0]}?" if near else "check model.schedule (relative to this folder)"
            )
            raise PoseError(f"there is no schedule file {path}; {hint}")
        try:
            content = yaml.safe_load(path.read_text())
        except (yaml.YAMLError, UnicodeDecodeError) as error:
            raise PoseError(f"{path} is not valid YAML: {' '.join(str(error).split())}") from error
        if not isinstance(content, dict) or not isinstance(content.get("phases"), list):
            raise PoseError(f"{path} is no schedule: it needs `name` and a list `phases`")
        if extra := set(content) - {"name", "source", "data_sets", "phases"}:
            known = "name, source, data_sets, phases"
            raise PoseError(f"{path} has the unknown key {sorted(extra)[0]!r}; known are {known}")
        data_sets = content.get("data_sets")
        if data_sets is not None and (type(data_sets) is not int or data_sets < 1):
            raise PoseError(f"data_sets of {path} is {data_sets!r}; it must be a whole number of at least 1")
        phases = tuple(_phase(entry, f"phase {i + 1} of {path}") for i, entry in enumerate(content["phases"]))
        if any(phase.weights.keys() != phases[0].weights.keys() for phase in phases):
            raise PoseError(
                f"the phases of {path} weight different losses; name the same ones in each (0 turns one off)"
            )
        name, source = str(content.get("name", path.stem)), str(content.get("source", ""))
        return cls(name, phases, source, data_sets)

    @property
    def total_iterations(self) -> int:
        """Length of the whole schedule in optimiser steps."""
        return sum(phase.iterations for phase in self.phases)

    @property
    def boundaries(self) -> tuple[int, ...]:
        """First step after each phase; the last is `total_iterations`."""
        return tuple(accumulate(phase.iterations for phase in self.phases))

    def scaled(self, factor: float) -> Schedule:
        """Every iteration count times `factor`, rounded, at least one; rates and weights untouched (decision L4)."""
        if not factor > 0:
            raise PoseError(f"the iteration scale of schedule {self.name!r} is {factor}; it must be greater than 0")
        phases = (replace(phase, iterations=max(1, round(phase.iterations * factor))) for phase in self.phases)
        return replace(self, phases=tuple(phases))

    def check_columns(self, wanted: Iterable[str]) -> None:
        """Raise PoseError unless every column that a loss is weighted by is in the table."""
        for column in wanted:
            if column not in self.phases[0].weights:
                raise PoseError(
                    f"model.schedule ({self.name}) has no weight for {column}; add the column to each of its phases, "
                    "or take the schedule of this stage"
                )

    def check_data_sets(self, names: Sequence[str]) -> None:
        """Raise PoseError unless this is a schedule for training on as many data sets as `names` lists."""
        if self.data_sets is None or self.data_sets == len(names):
            return
        wanted = "one data set" if self.data_sets == 1 else f"{self.data_sets} data sets together"
        longer = len(names) > self.data_sets
        advice = (
            "add --config configs/ablations/both_sets.yaml (both_sets_fusion.yaml in stage 3)"
            if longer
            else "take the schedule for one, without the overlay both_sets.yaml"
        )
        found = " and ".join(names)
        raise PoseError(f"model.schedule ({self.name}) is for training on {wanted}, and the data are {found}; {advice}")

    def at(self, step: int) -> Phase:
        """Phase of the zero-based optimiser step; the last phase holds after the end."""
        if step < 0:
            raise ValueError(f"step {step} is negative")
        return next((p for p, end in zip(self.phases, self.boundaries, strict=True) if step < end), self.phases[-1])


def _phase(entry: Any, where: str) -> Phase:
    """One entry of `phases`, checked."""
    if not isinstance(entry, dict) or set(entry) != {"iterations", "lr", "weights"}:
        raise PoseError(f"{where} must have exactly the keys iterations, lr, weights")
    iterations, weights = entry["iterations"], entry["weights"]
    if not isinstance(iterations, int) or isinstance(iterations, bool) or iterations < 1:
        raise PoseError(f"iterations of {where} is {iterations!r}; it must be a whole number of at least 1")
    if not isinstance(weights, dict) or not weights:
        raise PoseError(f"weights of {where} must name at least one loss, for example `Hsum: 1.0`")
    numbers = {name: _number(value, f"weight {name} of {where}") for name, value in weights.items()}
    return Phase(iterations, _number(entry["lr"], f"lr of {where}"), numbers)


def _number(value: Any, what: str) -> float:
    """A number of at least 0. YAML 1.1 reads `1e-3` (no point) as a string, so strings of numbers count."""
    try:
        number = float("nan") if isinstance(value, bool) else float(value)
    except (TypeError, ValueError):
        number = float("nan")
    if not 0 <= number < float("inf"):
        raise PoseError(f"{what} is {value!r}; it must be a number of at least 0")
    return number
