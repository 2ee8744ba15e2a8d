"""Pose classes: the rule on plain postures, headings ignored, the paper's three classes."""

from pathlib import Path

import numpy as np
import pytest

from pose3d.errors import PoseError
from pose3d.evaluation import evaluate
from pose3d.evaluation.pose_classes import CLASSES, classify, draw_classes, facing, pose_class
from tests.evaluation.people import LYING, POSTURES, SITTING, SQUATTING, STANDING, make_predictions, turned


@pytest.mark.parametrize(
    ("pose", "name"), [(STANDING, "Stand/Walk"), (SITTING, "Sit"), (SQUATTING, "Crouch"), (LYING, "Crouch")]
)
def test_the_rule(pose: np.ndarray, name: str) -> None:
    assert CLASSES[pose_class(pose, leg=830.0, trunk=480.0)] == name


def test_bending_over_on_straight_legs_is_no_standing() -> None:
    bent = STANDING.copy()
    bent[[0, 1, 15, 16]] = [[0, 100, -650], [0, 50, -450], [0, 0, -240], [0, 80, -600]]
    assert CLASSES[pose_class(bent, leg=830.0, trunk=480.0)] == "Crouch"


def test_facing_removes_the_heading_and_nothing_else() -> None:
    for posture in POSTURES:
        straight = facing(np.stack([turned(posture, yaw) for yaw in (0.0, 1.0, 2.5, -2.0)]))
        np.testing.assert_allclose(straight, np.broadcast_to(straight[0], straight.shape), atol=1e-9)
        np.testing.assert_allclose(straight[..., 1], np.broadcast_to(posture[:, 1], (4, 17)), atol=1e-9)
        assert (straight[:, 11, 0] > straight[:, 8, 0]).all()


def test_frames_get_the_class_of_their_posture() -> None:
    pytest.importorskip("sklearn")
    target = make_predictions(frames=120).target_3d
    classes, clusters, centroids = classify(target)
    assert centroids.shape == (20, 17, 3)
    assert clusters.max() < 20
    expected = np.array([0, 1, 2, 2])[np.arange(120) % 4]
    np.testing.assert_array_equal(classes, expected)
    np.testing.assert_array_equal(classify(target)[0], classes)  # the seed is fixed


def test_picture(tmp_path: Path) -> None:
    pytest.importorskip("sklearn")
    draw_classes(tmp_path / "c.png", *classify(make_predictions().target_3d))
    assert (tmp_path / "c.png").stat().st_size > 10_000


def test_too_few_poses_are_refused() -> None:
    pytest.importorskip("sklearn")
    with pytest.raises(PoseError, match="fewer than 20"):
        classify(make_predictions(frames=12).target_3d)


def test_the_table_has_shares_and_scores_that_add_up() -> None:
    pytest.importorskip("sklearn")
    predictions = make_predictions(frames=120)
    (table,) = [t for t in evaluate([predictions], "3dhp", draws=0, pose_classes=True).tables if "class" in t.title]
    rows = {row[0]: dict(zip(table.columns, row, strict=True)) for row in table.rows}
    assert [rows[name]["share %"] for name in (*CLASSES, "All")] == [25.0, 25.0, 50.0, 100.0]
    assert [rows[name]["frames"] for name in CLASSES] == [30, 30, 60]
    weighted = sum(rows[name]["share %"] / 100 * rows[name]["MPJPE mm"] for name in CLASSES)
    assert weighted == pytest.approx(rows["All"]["MPJPE mm"], rel=1e-12)
