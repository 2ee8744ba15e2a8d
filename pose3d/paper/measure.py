"""Score the predictions of a test under the protocol of a row (`pose3d.evaluation`)."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from fnmatch import fnmatchcase
from functools import cache
from pathlib import Path

from pose3d.paper.ledger import Column, Row

TIME, TIMES = "time", "frame_time.json"
"""The `scoring` of a column of times, and the file of a test that contains them."""
Tests = set[tuple[str, tuple[str, ...]]]


def needed_tests(row: Row, available: Callable[[str], bool]) -> Tests:
    """The tests that a row's figures come from, as (test set, switches), without those that have no test set."""
    sets = {column.test for column in row.wanted.values()}
    switches = [row.switches] + ([row.minus] if row.minus is not None else [])
    return {(test, chosen) for test in sets if available(test) for chosen in switches}


def measure(
    row: Row, folder_of: Callable[[str, tuple[str, ...]], Path | None], every: int | None = None
) -> dict[str, float | None]:
    """Our figure for each wanted column of this row.

    Args:
        folder_of: folder of the files of a test (test set, switches); None if it was not run.
        every: score every N-th frame, in place of the protocol's N.

    The figure is None for a column whose group, for example an activity, does not occur in the test set.
    """
    return {name: figure(row, column, folder_of, every) for name, column in row.wanted.items()}


def figure(
    row: Row, column: Column, folder_of: Callable[[str, tuple[str, ...]], Path | None], every: int | None = None
) -> float | None:
    """Our figure for one column in the tests of a row; arguments as in `measure`."""
    value = _figure(column, folder_of(column.test, row.switches), every)
    if row.minus is not None and value is not None:
        other = _figure(column, folder_of(column.test, row.minus), every)
        value = None if other is None else value - other
    return value


def _figure(column: Column, folder: Path | None, every: int | None) -> float | None:
    """One figure of one test."""
    if folder is None:
        return None
    if column.scoring == TIME:
        return lookup(json.loads((folder / TIMES).read_text())["tables"], column.cell)
    tables = _tables(folder / "predictions.npz", column.scoring, every, "pose class" in column.cell[0])
    return lookup(tables, column.cell)


def machine(row: Row, folder_of: Callable[[str, tuple[str, ...]], Path | None]) -> str | None:
    """The machine on which a row's times were measured; None for a row without times."""
    from pose3d.bench.frame_time import machine_words

    for column in row.wanted.values():
        if column.scoring == TIME and (folder := folder_of(column.test, row.switches)) is not None:
            return machine_words(json.loads((folder / TIMES).read_text())["machine"])
    return None


@cache
def _tables(predictions: Path, scoring: str, every: int | None, pose_classes: bool) -> list[dict]:
    """Tables of an evaluation as plain data."""
    from pose3d.evaluation import evaluate
    from pose3d.predictions import read_predictions

    result = evaluate([read_predictions(predictions)], scoring, every=every, draws=0, pose_classes=pose_classes)
    return result.as_json()["tables"]


def lookup(tables: Sequence[dict], cell: tuple[str, str, str]) -> float | None:
    """A cell (table, row, column): the row's first cell, or `first/second`, may be a pattern such as `*Box*/mapped`."""
    title, label, name = cell
    table = next((table for table in tables if table["title"] == title), None)
    if table is None or name not in table["columns"]:
        return None
    wanted = label.split("/") if "*" in label else [label]
    for entry in table["rows"]:
        if all(fnmatchcase(str(value), pattern) for value, pattern in zip(entry, wanted, strict=False)):
            value = entry[table["columns"].index(name)]
            return None if value is None else float(value)
    return None
