"""Every result row of the paper (`tables/*.yaml`): its printed figures, its protocol and its training."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from pose3d.errors import PoseError
from pose3d.suggestions import did_you_mean

FOLDER = Path(__file__).parent
DASH = "–"
TABLES = (
    "table1",
    "table2",
    "table3",
    "table4",
    "table5",
    "figure5",
    "text",
    "time",
    "supp-table1",
    "supp-table2",
    "supp-text",
)


@dataclass(frozen=True)
class Column:
    """A printed column, and the cell of our evaluation with its figure.

    `test` names the test set, `scoring` the protocol of `pose3d evaluate`, `cell` the table, row and column of its
    result. The row may be a pattern; `row/skeleton` names the second cell too. Columns with `always` are measured for
    every row of the paper's method, even if the paper prints a dash.
    """

    name: str
    unit: str
    test: str
    scoring: str
    cell: tuple[str, str, str]
    always: bool = False


@dataclass(frozen=True, eq=False)
class Row:
    """A printed row: `printed` digit for digit, `figures` as numbers, None for a dash.

    `step` is the training (a key of `steps.yaml`) whose last checkpoint is tested, None for results of other works.
    `switches` are overlays of the test, or another way of testing; with `minus` the figure is the difference from a
    test with those switches. `blocked` is the reason why a result of the paper's method cannot be run.
    """

    id: str
    table: str
    name: str
    printed: Mapping[str, str]
    columns: Mapping[str, Column]
    step: str | None
    switches: tuple[str, ...]
    minus: tuple[str, ...] | None
    blocked: str | None

    @property
    def key(self) -> str:
        """`table2/corrective`."""
        return f"{self.table}/{self.id}"

    @property
    def figures(self) -> dict[str, float | None]:
        """The printed figures as numbers."""
        return {column: None if text == DASH else float(text) for column, text in self.printed.items()}

    @property
    def wanted(self) -> dict[str, Column]:
        """The columns to measure: those that the paper prints and those with `always`."""
        figures = self.figures
        return {name: column for name, column in self.columns.items() if figures[name] is not None or column.always}

    @property
    def ours(self) -> bool:
        """Whether the row is a result of the paper's method, not of another work."""
        return self.step is not None


@dataclass(frozen=True)
class PaperTable:
    """One table of the paper, or the results in its running text."""

    id: str
    title: str
    source: str
    protocol: str
    columns: Mapping[str, Column]
    rows: tuple[Row, ...]
    notes: tuple[str, ...]


@cache
def tables() -> dict[str, PaperTable]:
    """All tables, in the order of the paper."""
    # The base loader keeps every figure as it is printed, trailing zeros included.
    return {name: _table(name, yaml.load(_text(name), Loader=yaml.BaseLoader)) for name in TABLES}


def rows() -> dict[str, Row]:
    """All rows by key."""
    return {row.key: row for table in tables().values() for row in table.rows}


def find(name: str) -> tuple[Row, ...]:
    """The row of a key such as `table2/corrective`, or every row of a table such as `table2`.

    Raises:
        PoseError: The paper has no such table or row.
    """
    if name in tables():
        return tables()[name].rows
    if name in rows():
        return (rows()[name],)
    table = name.partition("/")[0]
    known = [row.key for row in tables()[table].rows] if table in tables() else [*TABLES, *rows()]
    hint = did_you_mean(name, known, shown=known if len(known) < 20 else TABLES)
    raise PoseError(f"the paper has no table or row {name!r}; {hint} (`pose3d paper` lists all)")


def _text(name: str) -> str:
    return (FOLDER / "tables" / f"{name}.yaml").read_text()


def _table(name: str, content: dict[str, Any]) -> PaperTable:
    """Read one file of `tables/`."""
    columns = {
        column: Column(
            name=column,
            unit=entry["unit"],
            test=entry.get("test", content["test"]),
            scoring=entry.get("scoring", content["scoring"]),
            cell=tuple(entry["cell"]),
            always=entry.get("always") == "true",
        )
        for column, entry in content["columns"].items()
    }
    return PaperTable(
        id=name,
        title=content["title"],
        source=content["source"],
        protocol=content["protocol"],
        columns=columns,
        rows=tuple(_row(name, entry, columns) for entry in content["rows"]),
        notes=tuple(content.get("notes", ())),
    )


def _row(table: str, entry: dict[str, Any], columns: dict[str, Column]) -> Row:
    """Read one row; its `scoring` and `skeleton` replace those of the columns."""
    printed = {
        column: DASH if figure == "null" else figure for column, figure in zip(columns, entry["figures"], strict=True)
    }
    own = {}
    for name, column in columns.items():
        label = column.cell[1].replace("/ours", "/" + entry.get("skeleton", "ours"))
        scoring = entry.get("scoring", column.scoring)
        cell = (column.cell[0], label, column.cell[2])
        own[name] = replace(column, scoring=scoring, cell=cell)
    return Row(
        id=entry["id"],
        table=table,
        name=entry["row"],
        printed=printed,
        columns=own,
        step=entry.get("step"),
        switches=tuple(entry.get("switches", ())),
        minus=tuple(entry["minus"]) if "minus" in entry else None,
        blocked=entry.get("blocked"),
    )
