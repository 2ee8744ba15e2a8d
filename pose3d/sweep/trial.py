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
    """A trial under way. `reported` counts the metric values that the pruner has seen."""

    trial: Any
    folder: Path
    device: int | None
    process: subprocess.Popen[bytes]
    reported: int = 0
    values: list[float] = field(default_factory=list)

    @property
    def log(self) -> Path:
        """Where the command's output goes."""
        return self.folder / "log.txt"

    def read(self, metric: str) -> list[float]:
        """All values of the metric that the run has logged so far."""
        self.values = read_metric(self.folder, metric)
        return self.values

    def end(self) -> None:
        """Stop the process, if it still runs."""
        stop(self.process)

    def reason(self) -> str:
        """What the command said last."""
        return last_words(self.log)


def read_metric(folder: Path, metric: str) -> list[float]:
    """Values of one column of the newest `metrics.csv` below a folder, in order; blank cells are skipped.

    A resumed run continues in a new file of CSVLogger (version_1 after version_0), so the files are read in turn.
    """
    values = []
    for path in sorted(folder.rglob("metrics.csv"), key=lambda path: path.stat().st_mtime):
        with path.open(newline="") as file:
            rows = list(csv.DictReader(file))
        for row in rows:
            try:
                values.append(float(row.get(metric) or "nan"))
            except ValueError:
                continue
    return [value for value in values if not math.isnan(value)]


def metric_names(folder: Path) -> list[str]:
    """The columns that a run's CSV files have, to help with a metric that never came."""
    names: set[str] = set()
    for path in folder.rglob("metrics.csv"):
        with path.open(newline="") as file:
            names |= set(next(csv.reader(file), []))
    return sorted(names - {"step", "epoch"})
