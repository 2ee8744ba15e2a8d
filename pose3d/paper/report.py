"""Summarise the runs of a profile: findings with verdicts, rank correlations, remaining trainings."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean
from typing import Final

from pose3d.paper.dry_run import images_of
from pose3d.paper.finding_results import SeedResult, read_results
from pose3d.paper.findings import NAME, Finding, find_rows, findings
from pose3d.paper.ledger import Row, tables
from pose3d.paper.reproduce import Reproduction
from pose3d.paper.statistics import Estimate, Verdict, decide, estimate, rank_correlation
from pose3d.paper.steps import Step
from pose3d.paper.testing import trainings

RANKED: Final = {"table1": "Total", "table2": "Total", "table3": "All", "table5": "All"}
"""Tables whose rows are ranked, with the column to rank them by."""


@dataclass(frozen=True)
class FindingReport:
    """A finding, its measurements, and the verdict of the decision rule. `trainings` are those that it depends on."""

    finding: Finding
    results: tuple[SeedResult, ...]
    estimate: Estimate | None
    verdict: Verdict
    trainings: tuple[str, ...]


@dataclass(frozen=True)
class RankReport:
    """Order of a table's rows, the paper's beside ours: (row, figure in the paper, mean over `seeds` here)."""

    table: str
    column: str
    unit: str
    rows: tuple[tuple[str, float, float], ...]
    of: int
    seeds: tuple[int, ...]
    correlation: float | None
    by_seed: tuple[float, ...]


@dataclass(frozen=True)
class Pending:
    """A training with the seeds that are not completed, and the number of images that they would see."""

    step: Step
    seeds: tuple[int, ...]
    done: int
    steps: int
    images: int

    def hours(self, images_per_second: float) -> float:
        """Time for all its seeds, one after the other."""
        return self.images / images_per_second / 3600


@dataclass(frozen=True)
class Report:
    """The content of the page."""

    profile: str
    findings: tuple[FindingReport, ...]
    ranks: tuple[RankReport, ...]
    pending: tuple[Pending, ...]
    goal: int
    rehearsal: bool

    @property
    def counts(self) -> dict[str, int]:
        """Number of findings with each verdict."""
        found = Counter(entry.verdict for entry in self.findings)
        return {verdict.value: found[verdict] for verdict in Verdict}


def make_report(reproduction: Reproduction, goal: int) -> Report:
    """Read the results of a profile; `goal` is the number of seeds that all findings should have."""
    entries = [_finding(reproduction, finding) for finding in findings().values()]
    pending = [_pending(reproduction, step, goal) for step in trainings(find_rows(NAME))]
    ranks = [_ranks(reproduction, table, column) for table, column in RANKED.items()]
    scales = {result.iterations_scale for entry in entries for result in entry.results}
    return Report(
        reproduction.profile,
        tuple(entries),
        tuple(rank for rank in ranks if rank is not None),
        tuple(entry for entry in pending if entry.seeds),
        goal,
        bool(scales - {None}),
    )


def markdown(report: Report) -> str:
    """The report as Markdown tables."""
    lines = ["| finding | gain here | 95 % interval | seeds | in the paper | counts from | verdict |"]
    lines.append("| --- | ---: | --- | ---: | ---: | ---: | --- |")
    for entry in report.findings:
        found, finding = entry.estimate, entry.finding
        cells = [finding.claim]
        cells.append("–" if found is None else f"{found.mean:+.1f} {finding.unit}")
        cells.append("–" if found is None or found.low is None else f"{found.low:+.1f} to {found.high:+.1f}")
        cells.append(str(len(entry.results)))
        cells.append("–" if finding.paper is None else f"{finding.paper:+.1f}")
        cells.append(limit_words(finding))
        cells.append(entry.verdict.value)
        lines.append("| " + " | ".join(cells) + " |")
    lines += ["", "| table | rows | rank correlation | by seed |", "| --- | ---: | ---: | --- |"]
    for rank in report.ranks:
        by_seed = ", ".join(f"{value:.2f}" for value in rank.by_seed)
        of = "–" if rank.correlation is None else f"{rank.correlation:.2f}"
        lines.append(f"| {rank.table} | {len(rank.rows)} of {rank.of} | {of} | {by_seed} |")
    return "\n".join(lines)


def limit_words(finding: Finding) -> str:
    """`0.5`, or `at most 4.2` for a cost."""
    return f"{finding.least:.1f}" if finding.at_most is None else f"at most {finding.at_most:.1f}"


def _finding(reproduction: Reproduction, finding: Finding) -> FindingReport:
    results = read_results(reproduction.out, finding)
    found = estimate([result.value for result in results]) if results else None
    names = [step.name for step in trainings([term.row for term in finding.terms])]
    verdict = decide(found, finding.least, finding.at_most)
    return FindingReport(finding, tuple(results), found, verdict, tuple(names))


def _pending(reproduction: Reproduction, step: Step, goal: int) -> Pending:
    missing = tuple(seed for seed in range(goal) if not reproduction.is_trained(step, seed))
    steps, images = images_of(reproduction, step)
    return Pending(step, missing, goal - len(missing), steps, images * len(missing))


def _ranks(reproduction: Reproduction, table: str, column: str) -> RankReport | None:
    """Rank the measured rows by their means over the seeds that all of them have; None if there are no such seeds."""
    ours = [row for row in tables()[table].rows if row.ours]
    measured = {row: _figures(reproduction, row, column) for row in ours}
    rows = [row for row in ours if measured[row]]
    seeds = sorted(set.intersection(*(set(measured[row]) for row in rows))) if rows else []
    if not seeds:
        return None
    paper = [row.figures[column] or 0.0 for row in rows]
    means = [fmean(measured[row][seed] for seed in seeds) for row in rows]
    by_seed = [rank_correlation(paper, [measured[row][seed] for row in rows]) for seed in seeds]
    return RankReport(
        table,
        column,
        tables()[table].columns[column].unit,
        tuple(zip((row.id for row in rows), paper, means, strict=True)),
        len(ours),
        tuple(seeds),
        rank_correlation(paper, means),
        tuple(value for value in by_seed if value is not None),
    )


def _figures(reproduction: Reproduction, row: Row, column: str) -> dict[int, float]:
    """Figures of a row by seed."""
    entries = [
        json.loads(path.read_text()) for path in (reproduction.out / "results" / row.table / row.id).glob("seed*.json")
    ]
    return {entry["seed"]: entry["figures"][column] for entry in entries if entry["figures"].get(column) is not None}


def hours_of(entry: FindingReport, pending: Sequence[Pending], images_per_second: float) -> float:
    """Time for the trainings that a finding still requires."""
    return sum(p.hours(images_per_second) for p in pending if p.step.name in entry.trainings)
