"""The findings of the paper (`findings.yaml`): the rows that each compares, and the difference that confirms it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from typing import Any, Final

import yaml

from pose3d.errors import PoseError
from pose3d.paper.ledger import FOLDER, Column, Row, rows, tables
from pose3d.suggestions import did_you_mean

NAME: Final = "findings"
"""Name of all findings together on the command line, and of the folder of their results."""
LOGGED: Final = {"mpjpe_mm": "mm", "pck3d_150mm": "%", "auc3d": "%"}
"""Metrics of a test that are logged for every pose of a network, with their units."""
LEAST: Final = 0.5
QUARTER: Final = 0.25


@dataclass(frozen=True, eq=False)
class Term:
    """One figure in a finding, times `factor`.

    It is `column` of the row's test or, with `pose`, the logged metric `metric` of one of the poses of its network.
    """

    factor: float
    row: Row
    column: Column | None
    pose: str | None
    metric: str

    @property
    def unit(self) -> str:
        """Unit of the figure, "mm" or "%"."""
        return LOGGED[self.metric] if self.column is None else self.column.unit

    @property
    def test(self) -> str:
        """The test set that the figure is measured on."""
        column = self.column or next(iter(self.row.columns.values()))
        return column.test

    @property
    def words(self) -> str:
        """Name of the term, for example `table2/fusion`, followed by the pose if it is one of several."""
        return f"{self.row.key} ({self.pose})" if self.pose else self.row.key

    @property
    def paper(self) -> float | None:
        """The figure in the paper; None if it prints none."""
        return self.row.figures.get(self.metric) if self.column is self.row.columns.get(self.metric) else None


@dataclass(frozen=True, eq=False)
class Finding:
    """A claim of the paper as a sum of terms, which is positive if the claim holds.

    `least` is the smallest gain that counts; for a cost `at_most` is the largest that agrees with the paper.
    """

    id: str
    group: str
    place: str
    claim: str
    terms: tuple[Term, ...]
    least: float | None
    at_most: float | None

    @property
    def key(self) -> str:
        """Key of the finding, for example `findings/transfer-h36m`."""
        return f"{NAME}/{self.id}"

    @property
    def unit(self) -> str:
        """Unit of the sum: mm or percentage points."""
        return "mm" if self.terms[0].unit == "mm" else "points"

    @property
    def paper(self) -> float | None:
        """The sum with the paper's figures; None if it prints not all of them."""
        return total(self.terms, [term.paper for term in self.terms])


def total(terms: Sequence[Term], figures: Sequence[float | None]) -> float | None:
    """Sum of the figures times their factors; None if a figure is missing."""
    known = [figure for figure in figures if figure is not None]
    if len(known) < len(terms):
        return None
    return sum(term.factor * figure for term, figure in zip(terms, known, strict=True))


@cache
def findings() -> dict[str, Finding]:
    """All findings by id, in the order of the file."""
    entries = yaml.safe_load((FOLDER / "findings.yaml").read_text())
    return {entry["id"]: _finding(entry) for entry in entries}


def find_rows(name: str) -> tuple[Row, ...]:
    """The rows that `findings`, or one finding such as `findings/found-box`, compares.

    Raises:
        PoseError: There is no such finding.
    """
    chosen = name.partition("/")[2]
    if chosen and chosen not in findings():
        raise PoseError(f"there is no finding {chosen!r}; {did_you_mean(chosen, findings())}")
    wanted = [findings()[chosen]] if chosen else [*findings().values()]
    return tuple(dict.fromkeys(term.row for finding in wanted for term in finding.terms))


def _finding(entry: Mapping[str, Any]) -> Finding:
    if "value" in entry:
        terms: tuple[Term, ...] = (_term(1.0, entry["value"]),)
    else:
        terms = (*_gain(1.0, entry["gain"]), *_gain(-1.0, entry.get("exceeds", ())))
    least, at_most = entry.get("least"), entry.get("at_most")
    if least is None and at_most is None:
        paper = total(terms, [term.paper for term in terms])
        if paper is None:
            raise PoseError(f"the finding {entry['id']} needs `least`, as the paper prints no figure for it")
        least = max(LEAST, QUARTER * paper)
    return Finding(entry["id"], entry["group"], entry["place"], entry["claim"], terms, least, at_most)


def _gain(factor: float, pair: Sequence[Mapping[str, str]]) -> tuple[Term, ...]:
    """Terms whose sum is the gain of the first of a pair over the second: fewer mm, or more %."""
    made = [_term(factor * sign, entry) for sign, entry in zip((1.0, -1.0), pair, strict=False)]
    return tuple(replace(term, factor=-term.factor) if term.unit == "mm" else term for term in made)


def _term(factor: float, entry: Mapping[str, str]) -> Term:
    row, name = rows()[entry["row"]], entry["column"]
    if "pose" in entry:
        return Term(factor, row, None, entry["pose"], name)
    table, _, rest = name.partition("/")
    if table not in tables():
        return Term(factor, row, row.columns[name], None, name)
    return Term(factor, row, tables()[table].columns[rest], None, rest)
