"""One trial of a sweep: a child process whose CSV metrics are read while it runs."""

from __future__ import annotations

import csv
import math
import subprocess
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pose3d.sweep.process import last_words, stop


@dataclass
class Running:
    """A running trial. `reported` counts the metric values that the pruner has seen."""

    trial: Any
    folder: Path
    device: str | None
    process: subprocess.Popen[bytes]
    reported: int = 0
    values: list[float] = field(default_factory=list)

    @property
    def log(self) -> Path:
        """File of the command's output."""
        return self.folder / "log.txt"

    def read(self, metric: str) -> list[float]:
        """All values of the metric that the run has logged so far."""
        self.values = read_metric(self.folder, metric)
        return self.values

    def end(self) -> None:
        """Stop the process, if it still runs."""
        stop(self.process)

    def reason(self) -> str:
        """The last lines that the command printed."""
        return last_words(self.log)


def read_metric(folder: Path, metric: str) -> list[float]:
    """Values of one column of every `metrics.csv` below a folder, in the order of their steps; blank cells are skipped.

    A continued run writes a new file of CSVLogger (version_1 after version_0). What was logged after its checkpoint it
    logs again, so the files are read in turn and a step has the value that came last.
    """
    values: dict[float, float] = {}
    for path in sorted(folder.rglob("metrics.csv"), key=lambda path: path.stat().st_mtime):
        with path.open(newline="", errors="replace") as file:
            rows = list(csv.DictReader(file))
        for number, row in enumerate(rows):
            try:
                value, step = float(row.get(metric) or "nan"), float(row.get("step") or number)
            except ValueError:
                continue  # half a row, as the file is being written
            if not math.isnan(value):
                values[step] = value
    return [values[step] for step in sorted(values)]


def metric_names(folder: Path) -> list[str]:
    """The columns that a run's CSV files have, to help with a metric that never came."""
    names: set[str] = set()
    for path in folder.rglob("metrics.csv"):
        with path.open(newline="", errors="replace") as file:
            names |= set(next(csv.reader(file), []))
    return sorted(names - {"step", "epoch"})
