"""The page about the findings: from result files to verdicts, ranks and remaining trainings; shown by a browser."""

import json
import shutil
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest

from pose3d.app import main
from pose3d.paper.findings import findings
from pose3d.paper.ledger import rows
from pose3d.paper.report import make_report
from pose3d.paper.reproduce import Reproduction
from pose3d.paper.statistics import Verdict
from tests.reporting.browser import Browser

ROOT = Path(__file__).parents[2]
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")


def pretend(out: Path, seeds: int, scale: float | None = None) -> None:
    """Results as the paper's, half of it a row, with noise; fusion findings are the reverse, found-box has not run."""
    rng = np.random.default_rng(0)
    for finding in findings().values():
        if finding.id == "found-box":
            continue
        for seed in range(seeds):
            sign = -1.0 if finding.group == "Fusion" else 1.0
            figures = [term.factor * sign * (finding.paper or 5.0) / len(finding.terms) for term in finding.terms]
            figures = [60 + figure + rng.normal(0, 0.05) for figure in figures]
            value = sum(t.factor * f for t, f in zip(finding.terms, figures, strict=True))
            content = {"finding": finding.id, "seed": seed, "iterations_scale": scale}
            write(
                out / f"results/findings/{finding.id}/seed{seed}.json", content | {"figures": figures, "value": value}
            )
    for row in rows().values():
        if row.table in ("table1", "table3") and row.ours:
            for seed in range(seeds):
                factor = -1.0 if row.table == "table1" else 1.0
                figures = {name: factor * figure for name, figure in row.figures.items() if figure is not None}
                write(out / f"results/{row.table}/{row.id}/seed{seed}.json", {"seed": seed, "figures": figures})


def write(path: Path, content: dict) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content))


@pytest.fixture
def in_repository(monkeypatch):
    monkeypatch.chdir(ROOT)


def test_verdicts_ranks_and_what_is_left(in_repository, tmp_path):
    out = tmp_path / "mini"
    pretend(out, 3)
    done = Reproduction("mini", out)
    for seed in (0, 1):
        write(out / f"pose2d/seed{seed}/step.json", {"done": True})
    write(out / "pose2d/seed2/step.json", {"done": False})
    report = make_report(done, 3)
    found = {entry.finding.id: entry for entry in report.findings}
    assert found["multipliers-best"].verdict is Verdict.SEEN
    assert found["fusion-augmented"].verdict is Verdict.NOT_SEEN
    assert found["found-box"].verdict is Verdict.NOT_RUN
    assert found["found-box"].estimate is None
    assert found["transfer-h36m"].estimate.mean == pytest.approx(25.65, abs=0.3)
    assert report.counts["not run"] == 1
    assert sum(report.counts.values()) == len(findings())
    ranks = {rank.table: rank for rank in report.ranks}
    assert {name: round(rank.correlation, 6) for name, rank in ranks.items()} == {"table1": -1, "table3": 1}
    assert (len(ranks["table1"].rows), ranks["table1"].of, ranks["table1"].seeds) == (5, 5, (0, 1, 2))
    pending = {entry.step.name: entry for entry in report.pending}
    assert (pending["pose2d"].seeds, pending["pose2d"].done) == ((2,), 2)
    # 400 steps with batches of 16, three seeds.
    assert pending["transfer/all-1"].images == 3 * 400 * 16
    assert pending["transfer/all-1"].hours(60) == pytest.approx(3 * 400 * 16 / 60 / 3600)


def test_a_single_seed_decides_nothing(in_repository, tmp_path):
    pretend(tmp_path, 1)
    report = make_report(Reproduction("mini", tmp_path), 5)
    assert {entry.verdict for entry in report.findings} == {Verdict.UNDECIDED, Verdict.NOT_RUN}


def test_the_order_is_that_of_the_seeds_that_all_rows_have(in_repository, tmp_path):
    pretend(tmp_path, 3)
    (tmp_path / "results/table1/all-1/seed0.json").unlink()
    shutil.rmtree(tmp_path / "results/table1/trunk-tenth")
    (rank, _) = make_report(Reproduction("mini", tmp_path), 5).ranks
    assert (rank.seeds, len(rank.rows), rank.of) == ((1, 2), 4, 5)
    for seed in (1, 2):
        (tmp_path / f"results/table1/all-1/seed{seed}.json").unlink()
    (rank, _) = make_report(Reproduction("mini", tmp_path), 5).ranks
    assert len(rank.rows) == 3


class Text(HTMLParser):
    """The words of a page."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.words: list[str] = []
        self.feed(page)

    def handle_data(self, data: str) -> None:
        self.words.append(data)


def test_the_command_writes_the_page(in_repository, tmp_path, capsys):
    pretend(tmp_path / "mini", 2, scale=0.01)
    page = tmp_path / "page.html"
    words = ["paper", "report", "--profile", "mini", "--runs", str(tmp_path), "--out", str(page), "--seeds", "2"]
    assert main([*words, "--markdown"]) == 0
    printed = capsys.readouterr().out
    assert "| Transfer from 2DPoseNet is worth most | +25." in printed
    assert "| table3 | 6 of 6 | 1.00 | 1.00, 1.00 |" in printed
    assert f"{page}: " in printed
    shown = " ".join(" ".join(Text(page.read_text().split("<script>")[0]).words).split())
    assert "a rehearsal" in shown
    assert "pose3d paper run findings/found-box --profile mini --seeds 2" in shown
    assert "pose3d paper run findings --profile mini --seeds 2" in shown
    assert "Student's t over 2 seeds" in shown


def test_without_any_run_everything_is_left_to_run(in_repository, tmp_path, capsys):
    assert main(["paper", "report", "--profile", "mini", "--runs", str(tmp_path)]) == 0
    assert f"0 seen, 0 not seen, 0 undecided, {len(findings())} not run" in capsys.readouterr().out
    assert (tmp_path / "mini/findings.html").is_file()


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["--profile", "tiny"], "no profile 'tiny'"),
        (["--out", "runs/paper"], "must be a .html file"),
        (["--seeds", "0"], "--seeds is 0"),
    ],
)
def test_what_is_refused(in_repository, capsys, words, says):
    assert main(["paper", "report", *words]) == 2
    assert says in capsys.readouterr().err


@pytest.mark.slow
@pytest.mark.skipif(CHROMIUM is None, reason="chromium is not installed")
def test_a_browser_draws_every_chart(in_repository, tmp_path):
    pretend(tmp_path / "mini", 3)
    assert main(["paper", "report", "--profile", "mini", "--runs", str(tmp_path)]) == 0
    browser = Browser(CHROMIUM, tmp_path / "profile")
    try:
        browser.send("Page.navigate", url=(tmp_path / "mini/findings.html").as_uri())
        browser.wait_for("document.readyState === 'complete' && location.protocol === 'file:'")
        count = browser.evaluate("document.querySelectorAll('.drawing').length")
        assert count == len(findings()) - 1 + 2
        for i in range(count):
            drawing = f"document.querySelectorAll('.drawing')[{i}]"
            browser.evaluate(f"{drawing}.scrollIntoView({{block: 'center'}})")
            browser.wait_for(f"{drawing}.classList.contains('js-plotly-plot')")
            # Points, mean and the paper's value are on the chart.
            assert browser.evaluate(f"{drawing}.querySelectorAll('.point').length") >= 3
        assert not browser.complaints()
        assert all(url.startswith(("file:", "data:", "blob:")) for url in browser.requests())
        assert browser.evaluate("document.documentElement.scrollWidth <= innerWidth")
    finally:
        browser.close()
