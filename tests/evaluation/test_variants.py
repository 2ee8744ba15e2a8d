"""Side by side: every protocol at once, HumanEva, 2D, and the switches of test time."""

import numpy as np
import pytest
import torch

from pose3d.errors import PoseError
from pose3d.evaluation import PROTOCOLS, evaluate
from pose3d.evaluation.tables import Table
from pose3d.evaluation.variants import distinct_tails
from pose3d.metrics import MPJPE, PCKh
from tests.evaluation.people import make_predictions


def _rows(table: Table) -> dict[str, dict[str, float]]:
    return {row[0]: dict(zip(table.columns, row, strict=True)) for row in table.rows}


def test_all_prints_each_protocol_with_the_number_it_has_alone() -> None:
    predictions = make_predictions(full=True)
    rows = _rows(evaluate([predictions], "all").tables[0])
    assert list(rows) == list(PROTOCOLS)
    assert all(row["frames"] for row in rows.values())
    for name in ("3dhp", "3dhp-pa", "h36m-j14-a"):
        by_activity = next(t for t in evaluate([predictions], name).tables if t.title == "By activity")
        alone = _rows(by_activity)["All"]
        assert [rows[name][c] for c in ("MPJPE mm", "PCK %", "AUC %")] == [
            alone[c] for c in ("MPJPE mm", "PCK %", "AUC %")
        ]
    drift = {name: row["AUC %"] for name, row in rows.items() if name.startswith("3dhp")}
    assert drift["3dhp"] < drift["3dhp-200"] < drift["3dhp-pa"] + 30
    assert drift["3dhp"] <= drift["3dhp-le"]


def test_all_says_why_a_protocol_has_no_number() -> None:
    table = evaluate([make_predictions()], "all").tables[0]
    rows = _rows(table)
    assert rows["3dhp"]["MPJPE mm"] > 0
    assert rows["mpii"]["frames"] is None
    assert any(note.startswith("mpii: ") and "joints_2d" in note for note in table.notes)


def test_all_refuses_a_file_without_any_ground_truth() -> None:
    predictions = make_predictions()
    predictions.target_3d = None
    with pytest.raises(PoseError, match="under no protocol"):
        evaluate([predictions], "all")


def test_humaneva_improves_with_each_freedom_and_with_the_joint_map() -> None:
    predictions = make_predictions(full=True)
    predictions.joints_3d[:, 0] += 60  # a constant offset of the head, as the supplement describes
    table = evaluate([predictions], "humaneva").tables[0]
    ours, mapped = (dict(zip(table.columns, row, strict=True)) for row in table.rows[-2:])
    for row in (ours, mapped):
        assert row["P[G] mm"] > row["align S,T mm"] > row["align R,S,T mm"]
    assert mapped["align R,S,T mm"] < ours["align R,S,T mm"]
    metric = MPJPE(alignment="procrustes", joints=14)
    metric.update(torch.from_numpy(predictions.joints_3d), torch.from_numpy(predictions.target_3d_true))
    assert ours["align R,S,T mm"] == float(metric.compute())


def test_mpii_equals_the_metric() -> None:
    predictions = make_predictions(full=True)
    metric = PCKh()
    keys = ("joints_2d", "target_2d", "visible", "head_size")
    metric.update(*(torch.from_numpy(getattr(predictions, k)) for k in keys))
    assert _rows(evaluate([predictions], "mpii").tables[0])["All"]["PCKh %"] == float(metric.compute())
    assert 0 < _rows(evaluate([predictions], "lsp").tables[0])["All"]["PCK %"] < 100


def test_perspective_correction_off_is_the_pose_before_it() -> None:
    """Rows of one table, as in paper Table 5; turning R back must restore the uncorrected pose."""
    corrected = make_predictions(noise=0.0, full=True)
    before = corrected.joints_3d
    corrected.joints_3d = np.einsum("nij,nkj->nki", corrected.perspective_rotation, before).astype(np.float32)
    other = make_predictions(noise=40.0)
    other.box = "2DPoseNet"
    table = next(t for t in evaluate([corrected, other], "3dhp").tables if t.title == "Switches at test time")
    rows = [dict(zip(table.columns, row, strict=True)) for row in table.rows]
    assert [(r["box"], r["correction"]) for r in rows] == [
        ("ground truth", "on"),
        ("ground truth", "off"),
        ("2DPoseNet", "as predicted"),
    ]
    expected = np.linalg.norm(before - corrected.joints_3d, axis=2).mean()
    assert rows[0]["MPJPE mm"] == pytest.approx(expected, abs=1e-2)
    assert rows[1]["MPJPE mm"] < 1e-3


def test_long_paths_are_named_by_what_tells_them_apart() -> None:
    paths = ["/data/runs/a/stage3/predictions.npz", "/data/runs/b/stage3/predictions.npz", "/data/other.npz"]
    tails = ["a/stage3/predictions.npz", "b/stage3/predictions.npz", "other.npz"]
    assert distinct_tails(paths) == dict(zip(paths, tails, strict=True))
    # One path may be the end of another, or be given twice.
    assert distinct_tails(["p.npz", "x/p.npz", "p.npz"]) == {"p.npz": "p.npz", "x/p.npz": "x/p.npz"}
    assert distinct_tails(["x//p.npz", "x/p.npz"]) == {"x//p.npz": "p.npz", "x/p.npz": "p.npz"}


def test_the_table_of_switches_shows_tails_and_notes_whole_paths() -> None:
    files = [make_predictions(), make_predictions(noise=40.0)]
    files[0].path, files[1].path = "/data/runs/a/predictions.npz", "/data/runs/b/predictions.npz"
    table = next(t for t in evaluate(files, "3dhp").tables if t.title == "Switches at test time")
    assert [row[0] for row in table.rows] == ["a/predictions.npz", "b/predictions.npz"]
    assert table.notes == [f"{x}/predictions.npz: /data/runs/{x}/predictions.npz" for x in "ab"]
