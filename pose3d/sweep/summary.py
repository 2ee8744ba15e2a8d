"""Results of a sweep: one row per trial, the best first, as data, as CSV and as a table."""

from __future__ import annotations

import csv
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pose3d.files import whole_file, write_whole
from pose3d.sweep.file import Sweep

if TYPE_CHECKING:
    import optuna
    from rich.table import Table


@dataclass(frozen=True)
class Result:
    """One finished trial. `value` is the metric's last value; `state` is complete, stopped (early) or failed."""

    number: int
    state: str
    value: float | None
    values: dict[str, Any]
    folder: str
    iterations: int
    """How often the metric was logged."""


def results(study: optuna.Study, sweep: Sweep) -> list[Result]:
    """Finished trials: complete ones from best to worst, then those that were stopped early, then failures."""
    found = []
    for trial in study.get_trials(deepcopy=False):
        state = {"COMPLETE": "complete", "PRUNED": "stopped", "FAIL": "failed"}.get(trial.state.name)
        values = trial.user_attrs.get("values")
        if state is None or values is None:
            continue
        reached = list(trial.intermediate_values.values())
        value = trial.value if state == "complete" else (reached[-1] if reached else None)
        found.append(Result(trial.number, state, value, values, trial.user_attrs.get("folder", ""), len(reached)))
    finished = [result.values for result in found if result.state != "failed"]
    found = [result for result in found if result.state != "failed" or result.values not in finished]
    sign = -1 if sweep.maximize else 1
    rank = {"complete": 0, "stopped": 1, "failed": 2}
    return sorted(found, key=lambda r: (rank[r.state], sign * r.value if r.value is not None else 0.0, r.number))


def write_csv(found: list[Result], sweep: Sweep, path: Path) -> None:
    """One line per trial: number, state, metric, every flag, folder."""
    with whole_file(path) as partial, partial.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["trial", "state", sweep.metric, "iterations", *sweep.parameters, "folder"])
        for r in found:
            flags = (r.values[name] for name in sweep.parameters)
            writer.writerow([r.number, r.state, r.value, r.iterations, *flags, r.folder])


def write_json(found: list[Result], sweep: Sweep, path: Path) -> None:
    """The same with the sweep's name and goal, in the same order: the first trial is the best."""
    content = {
        "name": sweep.name,
        "method": sweep.method,
        "metric": sweep.metric,
        "goal": "maximize" if sweep.maximize else "minimize",
        "trials": [asdict(result) for result in found],
    }
    write_whole(path, json.dumps(content, indent=2) + "\n")


def short_names(names: Sequence[str]) -> dict[str, str]:
    """Each dotted name's shortest ending that no other name has: model.lr_multipliers.trunk -> trunk."""

    def ending(name: str) -> str:
        words = name.split(".")
        endings = (".".join(words[start:]) for start in reversed(range(len(words))))
        own = (e for e in endings if not any(n != name and f".{n}".endswith(f".{e}") for n in names))
        return next(own, name)

    return {name: ending(name) for name in names}


def table(found: list[Result], sweep: Sweep) -> Table:
    """The same for the terminal; constants are left out."""
    from rich.table import Table

    varied = [name for name, spec in sweep.parameters.items() if "value" not in spec]
    goal = "highest" if sweep.maximize else "lowest"
    shown = Table(title=f"sweep {sweep.name}: {sweep.metric}, {goal} first")
    for name in ["trial", *short_names(varied).values(), sweep.metric, "iterations", "state"]:
        shown.add_column(name, justify="right")
    for r in found:
        value = "-" if r.value is None else f"{r.value:.4g}"
        shown.add_row(str(r.number), *(_short(r.values[name]) for name in varied), value, str(r.iterations), r.state)
    return shown


def _short(value: Any) -> str:
    """A flag's value in a table cell."""
    return f"{value:.4g}" if isinstance(value, float) else str(value)
