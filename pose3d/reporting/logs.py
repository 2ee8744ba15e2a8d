"""The CSV logs of a run as curves."""

import csv
import math
from dataclasses import dataclass
from pathlib import Path

from pose3d.errors import PoseError


@dataclass(frozen=True)
class Curve:
    """One logged key over the optimiser steps."""

    steps: list[int]
    values: list[float]


Log = dict[str, Curve]


def read_log(run_dir: Path, interval: int) -> Log | None:
    """Curves of the newest training in `run_dir`; None where nothing was logged.

    Each start of a training writes a file of its own, logs/version_N. One that begins later than `interval`, the number
    of steps between two rows, was resumed: what the file before it has of earlier steps belongs to the same training.
    """
    files = sorted(run_dir.glob("logs/version_*/metrics.csv"), key=lambda p: int(p.parent.name.rpartition("_")[2]))
    rows: list[dict[str, float]] = []
    for file in reversed(files):
        found = [row for row in _read_rows(file) if math.isfinite(row.get("step", math.nan))]
        rows = [row for row in found if not rows or row["step"] < rows[0]["step"]] + rows
        if rows and rows[0]["step"] <= interval:
            break
    curves: Log = {}
    for row in rows:
        for key, value in row.items():
            if key not in ("step", "epoch") and math.isfinite(value):
                curve = curves.setdefault(key, Curve([], []))
                curve.steps.append(int(row["step"]))
                curve.values.append(value)
    return curves or None


def _read_rows(file: Path) -> list[dict[str, float]]:
    try:
        with file.open(newline="") as stream:
            return [{k: float(v) for k, v in row.items() if v} for row in csv.DictReader(stream)]
    except (OSError, ValueError, TypeError, csv.Error) as error:
        raise PoseError(f"{file} is no CSV log of numbers ({error}); remove it, or train again") from error
