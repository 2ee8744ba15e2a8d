"""Protocols: found by name, each rule takes effect, and the tables equal the plain metrics to the last digit."""

import numpy as np
import pytest
import torch

from pose3d.errors import PoseError
from pose3d.evaluation import PROTOCOLS, evaluate, find_protocol
from pose3d.evaluation.tables import Table
from pose3d.metrics import AUC3D, MPJPE, PCK3D
from pose3d.predictions import Predictions
from pose3d.skeleton import MPI_INF_3DHP_17
from tests.evaluation.people import make_predictions
from tests.metrics import reference

ALL, FIRST_14 = list(range(17)), list(range(14))


def _table(predictions: Predictions, protocol: str, title: str, **options) -> Table:
    tables = {t.title: t for t in evaluate([predictions], protocol, **options).tables}
    return tables[title]


def _row(table: Table, name: str) -> dict[str, float]:
    return next(dict(zip(table.columns, row, strict=True)) for row in table.rows if row[0] == name)


def test_official_numbers_equal_the_metrics_that_a_test_run_uses() -> None:
    """`lightning test` feeds the same classes in batches: not a digit may differ."""
    predictions = make_predictions()
    metrics = {"MPJPE mm": MPJPE(), "PCK %": PCK3D(), "AUC %": AUC3D()}
    pairs = zip(*(torch.from_numpy(p).split(7) for p in (predictions.joints_3d, predictions.target_3d)), strict=True)
    for preds, target in pairs:
        for metric in metrics.values():
            metric.update(preds, target)
    found = _row(_table(predictions, "3dhp", "By scene"), "All")
    assert {k: found[k] for k in metrics} == {k: float(m.compute()) for k, m in metrics.items()}


def test_tables_of_3dhp_equal_plain_loops() -> None:
    predictions = make_predictions()
    preds, target = predictions.joints_3d, predictions.target_3d
    labels = {
        "By scene": (predictions.scene, [(0, "green screen"), (1, "studio"), (2, "outdoor")]),
        "By sequence": (predictions.sequence, [(0, "TS1"), (5, "TS6")]),
        "By activity": (predictions.activity, [(1, "Standing/Walking"), (5, "On The Floor")]),
    }
    for title, (label, groups) in labels.items():
        table = _table(predictions, "3dhp", title)
        for value, name in groups:
            rows, found = label == value, _row(table, name)
            assert found["frames"] == rows.sum()
            assert found["MPJPE mm"] == pytest.approx(reference.mpjpe(preds[rows], target[rows], ALL), abs=1e-6)
            assert found["PCK %"] == pytest.approx(reference.pck(preds[rows], target[rows], FIRST_14, 150.0))
            expected = reference.auc(preds[rows], target[rows], FIRST_14, [5.0 * i for i in range(31)])
            assert found["AUC %"] == pytest.approx(expected)
    assert _row(_table(predictions, "3dhp", "By activity"), "Sports") == {
        "activity": "Sports", "frames": 0, "MPJPE mm": None, "PCK %": None, "AUC %": None,
    }  # fmt: skip
    shoulders = _row(_table(predictions, "3dhp", "By joint group"), "Shoulder")
    assert shoulders["PCK %"] == pytest.approx(reference.pck(preds, target, [2, 5], 150.0))


@pytest.mark.parametrize(
    ("name", "joints", "pck_joints", "thresholds", "inclusive"),
    [
        ("3dhp-j17", ALL, ALL, 31, False),
        ("3dhp-200", ALL, FIRST_14, 41, False),
        ("3dhp-le", ALL, FIRST_14, 31, True),
        ("h36m-j14", FIRST_14, FIRST_14, 31, False),
        ("h36m-j16", [j for j in ALL if j != 14], FIRST_14, 31, False),
    ],
)
def test_variants_equal_plain_loops(name: str, joints, pck_joints, thresholds: int, inclusive: bool) -> None:
    predictions = make_predictions()
    predictions.joints_3d[::3] = predictions.target_3d[::3]  # exact hits, where < and <= part at threshold 0
    rows = predictions.frame % PROTOCOLS[name].every == 0
    preds, target = predictions.joints_3d[rows], predictions.target_3d[rows]
    found = _row(_table(predictions, name, "By activity"), "All")
    assert found["frames"] == rows.sum()
    assert found["MPJPE mm"] == pytest.approx(reference.mpjpe(preds, target, joints), abs=1e-6)
    assert found["PCK %"] == pytest.approx(reference.pck(preds, target, pck_joints, 150.0, inclusive=inclusive))
    steps = [5.0 * i for i in range(thresholds)]
    assert found["AUC %"] == pytest.approx(reference.auc(preds, target, pck_joints, steps, inclusive=inclusive))


def test_human36m_takes_every_64th_frame_and_prints_both_totals() -> None:
    predictions = make_predictions()
    predictions.activity[:] = 2
    predictions.activity[predictions.frame % 192 == 0] = 1
    table = _table(predictions, "h36m", "By activity")
    assert _row(table, "All")["frames"] == (predictions.frame % 64 == 0).sum() == 24
    by_activity = [_row(table, n)["MPJPE mm"] for n in ("Standing/Walking", "Exercising")]
    assert _row(table, "Mean of activities")["MPJPE mm"] == pytest.approx(np.mean(by_activity))
    assert _row(table, "All")["MPJPE mm"] == pytest.approx(np.average(by_activity, weights=[8, 16]))
    assert _row(_table(predictions, "h36m", "By activity", every=1), "All")["frames"] == 96


def test_perfect_predictions() -> None:
    predictions = make_predictions()
    predictions.joints_3d = predictions.target_3d
    found = _row(_table(predictions, "3dhp", "By scene"), "All")
    assert (found["MPJPE mm"], found["PCK %"], round(found["AUC %"], 3)) == (0.0, 100.0, 96.774)


def test_one_frame_has_scores_but_no_interval() -> None:
    predictions = make_predictions().select(np.array([5]))
    table = _table(predictions, "3dhp", "All")
    assert table.rows[0][1] > 0
    assert table.rows[0][2:] == [None, None]
    assert "no interval" in table.notes[0]


def test_invalid_frames_are_left_out() -> None:
    predictions = make_predictions()
    predictions.valid = np.arange(96) % 2 == 0
    predictions.target_3d[1::2] = np.nan
    found = _row(_table(predictions, "3dhp", "By scene"), "All")
    rows = predictions.valid
    expected = reference.mpjpe(predictions.joints_3d[rows], predictions.target_3d[rows], ALL)
    assert found["frames"] == 48
    assert found["MPJPE mm"] == pytest.approx(expected, abs=1e-6)


def test_labels_may_be_strings_and_names_must_reach() -> None:
    predictions = make_predictions()
    predictions.scene = np.array(["lab", "street"])[np.arange(96) % 2]
    assert [row[0] for row in _table(predictions, "3dhp", "By scene").rows] == ["lab", "street", "All"]
    predictions.sequence = predictions.sequence + 1
    with pytest.raises(PoseError, match="'sequence' runs from 1 to 6, but sequence_names has 6 entries"):
        evaluate([predictions], "3dhp")


def test_labels_that_count_from_one_have_no_empty_row() -> None:
    predictions = make_predictions()
    rows = _table(predictions, "3dhp", "By scene").rows
    predictions.scene = predictions.scene + 1
    predictions.scene_names = np.array(["", *predictions.scene_names])
    assert _table(predictions, "3dhp", "By scene").rows == rows


def test_unknown_names_get_the_closest_ones() -> None:
    with pytest.raises(PoseError, match=r"unknown protocol '3dph'; the closest are 3dhp"):
        find_protocol("3dph")
    for name, protocol in PROTOCOLS.items():
        assert find_protocol(name) is protocol
        assert protocol.rules()


@pytest.mark.parametrize(
    ("protocol", "key"),
    [("3dhp", "target_3d"), ("h36m-s", "target_3d_true"), ("humaneva", "translation"), ("mpii", "target_2d")],
)
def test_a_missing_ground_truth_is_named(protocol: str, key: str) -> None:
    predictions = make_predictions()
    if key == "target_3d":
        predictions.target_3d = None
    predictions.joints_2d = np.zeros((96, 17, 2))
    with pytest.raises(PoseError, match=f"has no '{key}', which protocol '{protocol}'"):
        evaluate([predictions], protocol)


def test_no_sampled_frame_is_named() -> None:
    predictions = make_predictions()
    predictions.frame = predictions.frame + 1
    with pytest.raises(PoseError, match="leaves no frame"):
        evaluate([predictions], "h36m")


def test_predictions_are_scaled_by_one_factor_per_subject() -> None:
    """Not per frame: a frame whose true pose is larger than its subject's others keeps that error."""
    predictions = make_predictions(noise=0.0, full=True)
    sizes = np.linspace(0.8, 1.3, 6)[predictions.subject]
    true = predictions.target_3d.astype(np.float64) * sizes[:, None, None]
    predictions.target_3d_true = true
    assert _row(_table(predictions, "h36m-s", "By activity", every=1), "All")["MPJPE mm"] < 1e-3
    assert _row(_table(predictions, "3dhp-true", "By scene"), "All")["MPJPE mm"] > 5
    wobble = np.where(np.arange(len(predictions)) % 2 == 0, 1.05, 0.95)
    predictions.target_3d_true = true * wobble[:, None, None]
    found = _row(_table(predictions, "h36m-s", "By activity", every=1), "All")["MPJPE mm"]
    expected = []
    for subject in range(6):
        rows = predictions.subject == subject
        bones = [
            sum(np.linalg.norm(p[:, j] - p[:, q], axis=1).sum() for j, q in enumerate(MPI_INF_3DHP_17.parents_o1))
            for p in (predictions.target_3d_true[rows], predictions.target_3d[rows].astype(np.float64))
        ]
        scaled = predictions.joints_3d[rows] * (bones[0] / bones[1])
        expected.append(np.linalg.norm(scaled - predictions.target_3d_true[rows], axis=2))
    assert found == pytest.approx(np.concatenate(expected).mean(), abs=1e-3)
    assert found > 10
    predictions.subject = None
    with pytest.raises(PoseError, match="has no 'subject', which protocol 'h36m-s'"):
        evaluate([predictions], "h36m-s", every=1)
