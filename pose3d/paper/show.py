"""The ledger on the screen: the paper's figures, and ours on lines of their own with the data they come from."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean, stdev
from typing import TYPE_CHECKING

from pose3d.paper.ledger import PaperTable, Row
from pose3d.paper.steps import Step, chain

if TYPE_CHECKING:
    from rich.table import Table


@dataclass(frozen=True)
class Ours:
    """Figures of one row under one profile: the seeds that ran, and for each column their values."""

    profile: str
    tested_on: tuple[str, ...]
    seeds: tuple[int, ...]
    figures: dict[str, list[float]]

    def text(self, column: str) -> str:
        """Mean and standard deviation over the seeds; a dash where nothing could be measured."""
        values = self.figures.get(column, [])
        if not values:
            return "–"
        return f"{fmean(values):.1f}" + (f" ± {stdev(values):.1f}" if len(values) > 1 else "")


def read_ours(out: Path, row: Row) -> list[Ours]:
    """What was measured for a row, one entry a profile; `out` holds a folder for each profile."""
    found = []
    for folder in sorted(out.glob(f"*/results/{row.table}/{row.id}")):
        entries = [json.loads(path.read_text()) for path in sorted(folder.glob("seed*.json"))]
        if not entries:
            continue
        figures = {
            column: [e["figures"][column] for e in entries if e["figures"].get(column) is not None]
            for column in row.columns
        }
        tested_on = tuple(dict.fromkeys(path for e in entries for path in e["tested_on"].values()))
        found.append(Ours(entries[0]["profile"], tested_on, tuple(e["seed"] for e in entries), figures))
    return found


def config_words(row: Row) -> str:
    """The configuration that is this row: its trainings from first to last, each with data and switches."""
    if row.step is None:
        return "another work's published figure"
    tested = [" ".join(switch.rpartition("/")[2] for switch in row.switches)] if row.switches else []
    return " > ".join([*(_words(step) for step in chain(row.step)), *(f"test: {words}" for words in tested)])


def show(table: PaperTable, rows: Sequence[Row], out: Path) -> Table:
    """One table of the ledger."""
    from rich import box
    from rich.markup import escape
    from rich.table import Table

    shown = Table(title=f"{table.id} · {table.title}", box=box.SIMPLE_HEAD, title_justify="left")
    shown.add_column("row", overflow="fold")
    shown.add_column("result", overflow="fold")
    shown.add_column("figures of")
    for column in table.columns.values():
        shown.add_column(f"{column.name}\n{column.unit}", justify="right")
    shown.add_column("config, or data", overflow="fold")
    measured = {row.key: read_ours(out, row) for row in rows}
    shown.caption = "\n".join([f"{table.source}. {table.protocol}", *table.notes, *_gaps(rows, measured)])
    shown.caption_justify = "left"
    for row in rows:
        shown.add_row(row.key, escape(row.name), "paper", *row.printed.values(), config_words(row))
        for ours in measured[row.key]:
            where = f"{ours.profile} profile, {', '.join(ours.tested_on)}"
            by = f"here, {len(ours.seeds)} seed{'s' if len(ours.seeds) > 1 else ''}"
            shown.add_row("", "", by, *(ours.text(column) for column in table.columns), where, style="cyan")
    return shown


def _gaps(rows: Sequence[Row], measured: Mapping[str, Sequence[Ours]]) -> list[str]:
    """Why rows have no figures of ours, or not in every column that the paper prints."""
    notes = [f"{row.key} cannot be run: {row.blocked}." for row in rows if row.blocked is not None]
    gaps = any(
        row.figures[column] is not None and not ours.figures[column]
        for row in rows
        for ours in measured[row.key]
        for column in row.columns
    )
    if gaps:
        notes.append(
            "A dash in a line of ours, where the paper has a figure: the data named there have no such activity, scene "
            "or test set (the embedded lab world has activities of its own, not Human3.6M's)."
        )
    return notes


def _words(step: Step) -> str:
    """One training in a few words."""
    switches = ", ".join(switch.replace("fusion/", "").replace("multipliers/", "") for switch in step.switches)
    return f"{step.stage} {step.data}" + (f" ({switches})" if switches else "")
