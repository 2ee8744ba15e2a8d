"""Print the ledger: the paper's figures, and below them ours with the data they were measured on."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean, stdev
from typing import TYPE_CHECKING

from pose3d.paper.ledger import DASH, PaperTable, Row
from pose3d.paper.steps import Step, chain

if TYPE_CHECKING:
    from rich.table import Table


@dataclass(frozen=True)
class Ours:
    """Figures of one row under one profile: the completed seeds, and for each column their values."""

    profile: str
    tested_on: tuple[str, ...]
    seeds: tuple[int, ...]
    figures: dict[str, list[float]]

    def text(self, column: str) -> str:
        """Mean and standard deviation over the seeds; a dash if nothing could be measured."""
        values = self.figures.get(column, [])
        if not values:
            return DASH
        return f"{fmean(values):.1f}" + (f" ± {stdev(values):.1f}" if len(values) > 1 else "")


def read_ours(out: Path, row: Row) -> list[Ours]:
    """The measurements of a row, one entry for each profile; `out` has a folder for each profile."""
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
    """The configuration of a row: its trainings from first to last, each with data and switches."""
    if row.step is None:
        return "another work's published figure"
    tested = [" ".join(switch.rpartition("/")[2] for switch in row.switches)] if row.switches else []
    return " > ".join([*(_words(step) for step in chain(row.step)), *(f"test: {words}" for words in tested)])


@dataclass(frozen=True)
class Line:
    """One line of a shown table: the paper's figures of a row, or ours below them."""

    cells: tuple[str, ...]
    ours: bool


def head(table: PaperTable) -> list[str]:
    """Column titles, with a line break before the unit."""
    columns = [f"{column.name}\n{column.unit}" for column in table.columns.values()]
    return ["row", "result", "figures of", *columns, "config, or data"]


def lines(table: PaperTable, rows: Sequence[Row], out: Path) -> list[Line]:
    """Each row as the paper prints it, and below it our figures with the data they were measured on."""
    found = []
    for row in rows:
        found.append(Line((row.key, row.name, "paper", *row.printed.values(), config_words(row)), ours=False))
        for ours in read_ours(out, row):
            where = f"{ours.profile} profile, {', '.join(ours.tested_on)}"
            by = f"here, {len(ours.seeds)} seed{'s' if len(ours.seeds) > 1 else ''}"
            found.append(Line(("", "", by, *(ours.text(column) for column in table.columns), where), ours=True))
    return found


def caption(table: PaperTable, rows: Sequence[Row], out: Path) -> list[str]:
    """Source, protocol and notes of a table, one sentence or two each."""
    measured = {row.key: read_ours(out, row) for row in rows}
    return [f"{table.source}. {table.protocol}", *table.notes, *_gaps(rows, measured)]


def show(table: PaperTable, rows: Sequence[Row], out: Path) -> Table:
    """One table of the ledger, for a terminal."""
    from rich import box
    from rich.markup import escape
    from rich.table import Table

    shown = Table(title=f"{table.id} · {table.title}", box=box.SIMPLE_HEAD, title_justify="left")
    shown.caption, shown.caption_justify = escape("\n".join(caption(table, rows, out))), "left"
    titles = head(table)
    for place, title in enumerate(titles):
        number = 3 <= place < len(titles) - 1
        shown.add_column(title, justify="right" if number else "left", overflow="ellipsis" if number else "fold")
    for line in lines(table, rows, out):
        shown.add_row(*map(escape, line.cells), style="cyan" if line.ours else None)
    return shown


def markdown(table: PaperTable, rows: Sequence[Row], out: Path) -> str:
    """One table of the ledger as Markdown. If some columns were measured, the others are left out."""
    titles, body = [title.replace("\n", " ") for title in head(table)], lines(table, rows, out)
    figures = range(3, len(titles) - 1)
    measured = [place for place in figures if any(line.ours and line.cells[place] != DASH for line in body)]
    left_out = [titles[place] for place in figures if measured and place not in measured]
    kept = [place for place in range(len(titles)) if place not in figures or not measured or place in measured]
    rule = ["---:" if place in figures else "---" for place in range(len(titles))]
    grid = [[cells[place] for place in kept] for cells in (titles, rule, *(line.cells for line in body))]
    notes = caption(table, rows, out) + ([f"Columns not measured here: {', '.join(left_out)}."] if left_out else [])
    return "\n".join(
        [f"### {table.id} · {table.title}", ""]
        + ["| " + " | ".join(cells) + " |" for cells in grid]
        + ["", *(f"- {note}".replace("*", "\\*") for note in notes), ""]
    )


def _gaps(rows: Sequence[Row], measured: Mapping[str, Sequence[Ours]]) -> list[str]:
    """Sentences on why rows have no figures of ours, or not in every column that the paper prints."""
    notes = [f"{row.key} cannot be run: {row.blocked}." for row in rows if row.blocked is not None]
    gaps = any(
        row.figures[column] is not None and not ours.figures[column]
        for row in rows
        for ours in measured[row.key]
        for column in row.columns
    )
    if gaps:
        notes.append(
            "A dash in our line below a figure of the paper: our data have no such activity, scene or test set (the "
            "activities of the embedded lab world are not those of Human3.6M)."
        )
    return notes


def _words(step: Step) -> str:
    """One training in a few words."""
    switches = ", ".join(switch.replace("fusion/", "").replace("multipliers/", "") for switch in step.switches)
    return f"{step.stage} {step.data}" + (f" ({switches})" if switches else "")
