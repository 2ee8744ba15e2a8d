"""Result tables: one object that is printed as text and written as JSON, so that the two cannot differ."""

import math
from dataclasses import dataclass, field
from typing import Any

from rich import box
from rich.console import Console
from rich.table import Table as RichTable

Cell = str | int | float | None


@dataclass
class Table:
    """Rows of cells under named columns; `protocol` and `rules` say how every number in it was made."""

    title: str
    protocol: str
    rules: str
    columns: list[str]
    rows: list[list[Cell]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def add(self, *cells: Cell) -> None:
        """Append one row; NaN becomes None, since JSON has no NaN."""
        assert len(cells) == len(self.columns)
        self.rows.append([None if isinstance(c, float) and not math.isfinite(c) else c for c in cells])

    def as_json(self) -> dict[str, Any]:
        """Plain data; numbers unrounded."""
        return {
            "title": self.title,
            "protocol": self.protocol,
            "rules": self.rules,
            "columns": self.columns,
            "rows": self.rows,
            "notes": self.notes,
        }

    def print(self, console: Console) -> None:
        """Text; None is a dash."""
        table = RichTable(title=f"{self.title} · protocol {self.protocol}", box=box.SIMPLE_HEAD, title_justify="left")
        for i, column in enumerate(self.columns):
            numeric = any(isinstance(row[i], (int, float)) for row in self.rows)
            table.add_column(column, justify="right" if numeric else "left", overflow="fold")
        for row in self.rows:
            table.add_row(*[cell_text(column, cell) for column, cell in zip(self.columns, row, strict=True)])
        console.print(table)
        for line in [self.rules, *self.notes]:
            console.print(f"  {line}", style="dim", highlight=False)
        console.print()


def cell_text(column: str, cell: Cell) -> str:
    """Millimetres to one digit, percent to two, nothing as a dash."""
    if cell is None:
        return "–"
    if isinstance(cell, float):
        return f"{cell:.1f}" if "mm" in column else f"{cell:.2f}"
    return str(cell)
