"""The page of `pose3d paper report`: a chart for each finding, rank correlations, remaining trainings."""

from __future__ import annotations

from itertools import groupby
from pathlib import Path
from statistics import fmean, stdev
from typing import Any, Final

from pose3d.files import check_target, write_whole
from pose3d.paper.findings import Finding
from pose3d.paper.ledger import DASH
from pose3d.paper.report import FindingReport, RankReport, Report, hours_of, limit_words
from pose3d.paper.statistics import Verdict
from pose3d.reporting.embedding import Figures, render_page
from pose3d.reporting.figures import ACCENT, HUES, INK, LINE, MUTED, go, new_figure

CLASSES: Final = {Verdict.SEEN: "seen", Verdict.NOT_SEEN: "not", Verdict.UNDECIDED: "open", Verdict.NOT_RUN: "absent"}
DEAR_HOURS: Final = 10.0
"""Longer times are marked: ten hours are what a machine can run over night."""


def write_page(report: Report, out: Path, images_per_second: float) -> None:
    """Write the page."""
    check_target(out)
    write_whole(out, render(report, images_per_second))


def render(report: Report, images_per_second: float) -> str:
    """The page as HTML; times assume `images_per_second` and one training after the other."""
    figures = Figures()
    cards = [_card(entry, report, images_per_second, figures) for entry in report.findings]
    groups = [(name, list(found)) for name, found in groupby(cards, key=lambda card: card["finding"].group)]
    pending = [(entry, entry.hours(images_per_second)) for entry in report.pending]
    return render_page(
        "pose3d.paper",
        "findings.html.j2",
        figures,
        report=report,
        groups=groups,
        ranks=[(rank, figures.place(rank_figure(rank))) for rank in report.ranks],
        pending=pending,
        hours=sum(hours for _, hours in pending),
        images_per_second=images_per_second,
        dear=DEAR_HOURS,
        classes={verdict.value: name for verdict, name in CLASSES.items()},
    )


def _card(entry: FindingReport, report: Report, images_per_second: float, figures: Figures) -> dict[str, Any]:
    finding, found = entry.finding, entry.estimate
    terms = []
    for place, term in enumerate(finding.terms):
        ours = [result.figures[place] for result in entry.results]
        here = f"{fmean(ours):.1f}" + (f" ± {stdev(ours):.1f}" if len(ours) > 1 else "") if ours else DASH
        paper = DASH if term.paper is None else f"{term.paper:.1f}"
        terms.append((term.words, f"{term.metric} {term.unit}", here, paper))
    interval = "" if found is None or found.low is None else f"{found.low:+.1f} to {found.high:+.1f}"
    return {
        "finding": finding,
        "verdict": entry.verdict.value,
        "css": CLASSES[entry.verdict],
        "chart": figures.place(finding_figure(entry)) if entry.results else None,
        "terms": terms,
        "gain": "" if found is None else f"{found.mean:+.1f} {finding.unit}",
        "interval": interval,
        "method": "" if found is None else found.method,
        "paper": "" if finding.paper is None else f"{finding.paper:+.1f} {finding.unit}",
        "limit": limit_words(finding),
        "hours": hours_of(entry, report.pending, images_per_second),
        "trainings": [name for name in entry.trainings if name in {p.step.name for p in report.pending}],
    }


def finding_figure(entry: FindingReport) -> go.Figure:
    """The value of each seed, mean and interval, above the paper's value."""
    finding, found = entry.finding, entry.estimate
    assert found is not None
    figure = new_figure(118, xaxis_title=_axis(finding), showlegend=False, hovermode="closest")
    if found.low is not None:
        line = {"color": ACCENT, "width": 5}
        figure.add_trace(go.Scatter(x=[found.low, found.high], y=["here"] * 2, mode="lines", line=line, opacity=0.35))
    seeds = [f"seed {result.seed}: {result.value:+.2f}" for result in entry.results]
    figure.add_trace(
        go.Scatter(
            x=found.values,
            y=["here"] * len(seeds),
            mode="markers",
            text=seeds,
            hovertemplate="%{text}<extra></extra>",
            marker={"color": ACCENT, "size": 8, "opacity": 0.75},
        )
    )
    mean = {"symbol": "line-ns", "size": 16, "line": {"width": 2.5, "color": INK}}
    figure.add_trace(
        go.Scatter(
            x=[found.mean], y=["here"], mode="markers", marker=mean, hovertemplate="mean %{x:+.2f}<extra></extra>"
        )
    )
    paper = [] if finding.paper is None else [finding.paper]
    diamond = {"symbol": "diamond", "size": 10, "color": HUES[1]}
    figure.add_trace(
        go.Scatter(
            x=paper, y=["paper"] * len(paper), mode="markers", marker=diamond, hovertemplate="%{x:+.2f}<extra></extra>"
        )
    )
    figure.add_vline(x=0, line={"color": MUTED, "width": 1})
    limit = finding.least if finding.at_most is None else finding.at_most
    figure.add_vline(x=limit, line={"color": HUES[1] if finding.at_most else MUTED, "width": 1, "dash": "dot"})
    figure.update_yaxes(
        categoryorder="array",
        categoryarray=["paper", "here"] if paper else ["here"],
        range=[-0.6, 1.6 if paper else 0.6],
        showgrid=False,
    )
    figure.update_xaxes(gridcolor=LINE, nticks=6)
    return figure


def rank_figure(rank: RankReport) -> go.Figure:
    """Rows of a table, the paper's figure against ours."""
    figure = new_figure(
        280,
        xaxis_title=f"paper, {rank.column} {rank.unit}",
        yaxis_title=f"here, {rank.unit}",
        showlegend=False,
        hovermode="closest",
    )
    names, paper, ours = zip(*rank.rows, strict=True)
    figure.add_trace(
        go.Scatter(
            x=paper,
            y=ours,
            text=names,
            mode="markers+text",
            textposition=["top center" if place % 2 else "bottom center" for place in range(len(names))],
            cliponaxis=False,
            textfont={"size": 10, "color": MUTED},
            marker={"color": ACCENT, "size": 9},
            hovertemplate="%{text}: %{x} in the paper, %{y:.1f} here<extra></extra>",
        )
    )
    low, high = min(paper), max(paper)
    room = 0.15 * max(high - low, 1.0)
    figure.update_xaxes(range=[low - room, high + room])
    return figure


def _axis(finding: Finding) -> str:
    return f"{'cost' if finding.at_most is not None else 'gain'}, {finding.unit}"
