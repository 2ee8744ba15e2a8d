"""The ledger is complete, and its figures are consistent except where those of the paper are not."""

import json
from statistics import fmean

import pytest

from pose3d.app import main
from pose3d.errors import PoseError
from pose3d.paper.ledger import find, rows, tables
from pose3d.paper.steps import chain, needed, steps

ROWS = {
    "table1": (5, 5),
    "table2": (6, 6),
    "table3": (6, 6),
    "table4": (14, 3),
    "table5": (7, 7),
    "figure5": (2, 2),
    "text": (10, 7),
    "time": (1, 1),
    "supp-table1": (12, 3),
    "supp-table2": (12, 2),
    "supp-text": (13, 12),
}


@pytest.mark.parametrize("name", ROWS)
def test_every_row_is_there(name):
    table = tables()[name]
    assert (len(table.rows), sum(row.ours for row in table.rows)) == ROWS[name]
    assert all(any(figure is not None for figure in row.figures.values()) for row in table.rows)


def test_ids_are_unique():
    assert len(rows()) == sum(count for count, _ in ROWS.values())


def test_totals_lie_where_means_of_their_parts_lie():
    """Guards against typing errors: Table 2's Total is near the mean of its activities, All is between the scenes."""
    for row in tables()["table2"].rows:
        *activities, total = [f for f in row.figures.values() if f is not None]
        assert len(activities) == 15
        assert abs(fmean(activities) - total) < 1.5
    for row in (*tables()["table3"].rows, *tables()["table5"].rows):
        *scenes, everything, auc = [f for f in row.figures.values() if f is not None]
        assert min(scenes) < everything < max(scenes)
        assert auc < everything
    # The frames of the six test sequences (datasets.md: 1, 2 | 3, 4 | 5, 6) weight the scenes.
    frames = {"Studio GS": 603 + 540, "Studio no GS": 505 + 553, "Outdoor": 276 + 452}
    for row in (*tables()["table3"].rows, *tables()["table5"].rows):
        weighted = sum(row.figures[scene] * count for scene, count in frames.items()) / sum(frames.values())
        assert abs(weighted - row.figures["All"]) < 0.6


def test_the_contradictions_are_kept_as_printed():
    base, corrective = find("table2/base")[0].figures, find("table2/corrective")[0].figures
    better = [c for c in base if c != "Total" and base[c] - corrective[c] > 5]
    assert len(better) == 6  # the text says 7; Photo improves by 4.93
    assert find("table2/transfer")[0].printed["Total"] == "74.14"
    assert find("table4/full")[0].printed["Total"] == "74.11"
    assert find("text/aug-no-transfer")[0].printed["3DPCK"] == "63.7"
    assert find("table3/aug-fusion")[0].printed["All"] == "57.3"


def test_restated_figures_agree():
    assert find("supp-text/base")[0].printed["MPJPE"] == find("table2/base")[0].printed["Total"]
    assert find("supp-text/corrective")[0].printed["MPJPE"] == find("table2/corrective")[0].printed["Total"]
    for name in ("domain-adaptation", "transfer"):
        table5 = {"domain-adaptation": "domain-adaptation", "transfer": "h36m"}[name]
        assert find(f"supp-text/{name}")[0].printed["3DPCK"] == find(f"table5/{table5}")[0].printed["All"]
    assert find("text/joint")[0].printed["3DPCK"] == find("table5/joint")[0].printed["All"]
    gain = find("table5/joint")[0].figures["All"] - find("table5/no-perspective")[0].figures["All"]
    assert gain == pytest.approx(find("supp-text/perspective-gain-3dhp")[0].figures["3DPCK"])


def test_figures_are_shown_as_printed():
    assert find("table2/fusion")[0].printed["Direct"] == "93.80"
    assert find("supp-table1/zhou")[0].printed["Box P[G]"] == "–"


def test_steps_fit_together():
    used = {step.name for row in rows().values() if row.step for step in chain(row.step)}
    assert used == set(steps())
    order = list(steps())
    for step in steps().values():
        if step.parent is not None:
            assert order.index(step.parent) < order.index(step.name)
            assert steps()[step.parent].stage == {"stage2": "stage1", "stage3": "stage2"}[step.stage]
    assert [step.name for step in needed(["full/h36m/fusion", "transfer/all-1"])] == [
        "pose2d",
        "transfer/all-1",
        "full/h36m/three-modes",
        "full/h36m/fusion",
    ]


@pytest.mark.parametrize(
    ("name", "says"),
    [("table2/corective", "did you mean table2/corrective"), ("tabel2", "did you mean table2"), ("zzz", "known are")],
)
def test_unknown_names(name, says):
    with pytest.raises(PoseError, match=says):
        find(name)


def test_markdown_keeps_the_papers_figures_and_ours_on_lines_of_their_own(tmp_path, capsys):
    folder = tmp_path / "mini" / "results" / "table1" / "all-1"
    folder.mkdir(parents=True)
    for seed, figure in enumerate((100.0, 103.0)):
        content = {"row": "table1/all-1", "profile": "mini", "seed": seed, "tested_on": {"h36m": "lab.h5"}}
        (folder / f"seed{seed}.json").write_text(json.dumps(content | {"figures": {"Total": figure}}))
    assert main(["paper", "table1", "--markdown", "--out", str(tmp_path)]) == 0
    grid = [line for line in capsys.readouterr().out.splitlines() if line.startswith("|")]
    assert len({line.count("|") for line in grid}) == 1
    assert " paper | 118.7 |" in grid[2]
    assert grid[3] == "|  |  | here, 2 seeds | 101.5 ± 2.1 | mini profile, lab.h5 |"
    assert not any("118.7" in line for line in grid[3:])
