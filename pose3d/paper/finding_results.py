"""Write and read the figures of findings, one file for each seed: `OUT/results/findings/<id>/seed<N>.json`."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from pose3d.errors import PoseError
from pose3d.files import write_whole
from pose3d.paper.findings import NAME, Finding, Term, findings, total
from pose3d.paper.measure import figure
from pose3d.paper.steps import steps

ANSWER: Final = {"stage2": "P", "stage3": "fused"}
"""The deployed pose of a network, whose logged metrics have no name in their keys."""
FolderOf = Callable[[str, str, tuple[str, ...]], Path | None]
"""Folder of the files of a test (training, test set, switches); None if the test was not completed."""


@dataclass(frozen=True)
class SeedResult:
    """A finding measured in the runs of one seed: the figure of each term, and their sum."""

    seed: int
    figures: tuple[float, ...]
    value: float
    iterations_scale: float | None


def write_findings(
    out: Path, seed: int, folder_of: FolderOf, every: int | None, about: Mapping[str, Any]
) -> dict[str, str]:
    """Write each finding whose tests have run, with the entries of `about` beside the figures.

    Returns:
        One sentence for each finding that could not be scored, for example because the test set has no pose classes.
    """
    problems = {}
    for finding in findings().values():
        try:
            figures = [_figure(term, folder_of, every) for term in finding.terms]
        except PoseError as error:
            problems[finding.key] = str(error)
            continue
        value = total(finding.terms, figures)
        if value is not None:
            content = {"finding": finding.id, "seed": seed, **about, "figures": figures, "value": value}
            write_whole(_folder(out, finding) / f"seed{seed}.json", json.dumps(content, indent=2) + "\n")
    return problems


def read_results(out: Path, finding: Finding) -> list[SeedResult]:
    """The results of a finding, by seed, without those that were measured with other terms."""
    entries = [json.loads(path.read_text()) for path in _folder(out, finding).glob("seed*.json")]
    return [
        SeedResult(entry["seed"], tuple(entry["figures"]), entry["value"], entry["iterations_scale"])
        for entry in sorted(entries, key=lambda entry: entry["seed"])
        if len(entry["figures"]) == len(finding.terms)
    ]


def _folder(out: Path, finding: Finding) -> Path:
    return out / "results" / NAME / finding.id


def _figure(term: Term, folder_of: FolderOf, every: int | None) -> float | None:
    """The figure of a term; None if a test is missing or has no such figure."""
    step, row = str(term.row.step), term.row
    needed = [row.switches, *([row.minus] if row.minus is not None else [])]
    if any(folder_of(step, term.test, switches) is None for switches in needed):
        return None
    if term.column is not None:
        return figure(row, term.column, lambda test, switches: folder_of(step, test, switches), every)
    folder = folder_of(step, term.test, row.switches)
    if folder is None or not (folder / "metrics.json").is_file():
        return None
    metrics = json.loads((folder / "metrics.json").read_text())
    named = "" if term.pose == ANSWER[steps()[step].stage] else f"{term.pose}/"
    value = metrics.get(f"test/{named}{term.metric}")
    return None if value is None else float(value)
