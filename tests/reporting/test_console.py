"""The table of results reads the keys as they are logged."""

from rich.console import Console

from pose3d.reporting.console import pose_metrics, results_table


def text(metrics, answer=None):
    console = Console(width=100)
    with console.capture() as capture:
        console.print(results_table(metrics, answer=answer))
    return [line.split() for line in capture.get().splitlines() if line.strip()]


def test_one_row_for_each_pose_in_each_scene_and_in_all():
    metrics = {
        "test/mpjpe_mm": 100.04,
        "test/pck3d_150mm": 70.0,
        "test/auc3d": 30.0,
        "test/P/mpjpe_mm": 110.0,
        "test/mean_pose/mpjpe_mm": 300.0,
        "test/outdoor/fused/mpjpe_mm": 99.0,
        "test/outdoor/mean_pose/mpjpe_mm": 299.0,
        "val/mpjpe_mm": 1.0,
    }
    rows = text(metrics)
    assert ["outdoor", "P", "–", "–", "–"] in rows
    assert ["fused", "–", "–", "99.0"] in rows
    assert ["all", "P", "–", "–", "110.0"] in rows
    assert ["fused", "70.0", "30.0", "100.0"] in rows
    assert ["mean", "pose", "–", "–", "300.0"] in rows


def test_metrics_of_2d_poses_are_listed():
    assert ["pckh50", "61.23"] in text({"test/pckh50": 61.234, "val/pckh50": 1.0})


def test_candidates_of_other_peoples_networks_are_listed_and_the_answer_may_be_named():
    metrics = {"test/mpjpe_mm": 90.0, "test/mean_pose/mpjpe_mm": 300.0, "test/lifted/mpjpe_mm": 110.0}
    metrics |= {"test/domain/accuracy": 0.5, "test/loss": 1.0}
    found = pose_metrics(metrics, answer="graph", order=("graph", "lifted"))
    assert found.candidates == ("graph", "lifted", "mean_pose")
    assert found.values["all", "graph", "mpjpe_mm"] == 90.0
    assert found.scenes == ("all",)
    rows = text(metrics, answer="graph")
    assert ["graph", "–", "–", "90.0"] in rows
    assert ["all", "lifted", "–", "–", "110.0"] in rows
