"""Curves of the newest training only, whole when it was resumed."""

import pytest

from pose3d.reporting.logs import read_log


def write(root, version, rows):
    file = root / "logs" / f"version_{version}" / "metrics.csv"
    file.parent.mkdir(parents=True)
    file.write_text("epoch,step,train/loss,val/x\n" + "".join(f"0,{s},{a},{b}\n" for s, a, b in rows))


def test_a_resumed_run_is_one_curve(tmp_path):
    write(tmp_path, 0, [(49, 5.0, ""), (99, 4.0, ""), (120, "", 60), (149, 9.9, "")])
    write(tmp_path, 1, [(130, 3.0, ""), (180, 2.0, ""), (199, "", 70)])
    log = read_log(tmp_path, interval=50)
    assert log["train/loss"].steps == [49, 99, 130, 180]
    assert log["train/loss"].values == [5.0, 4.0, 3.0, 2.0]
    assert (log["val/x"].steps, log["val/x"].values) == ([120, 199], [60.0, 70.0])


def test_a_fresh_run_forgets_the_one_before(tmp_path):
    write(tmp_path, 9, [(49, 5.0, ""), (99, 4.0, "")])
    write(tmp_path, 10, [(49, 1.0, "")])
    assert read_log(tmp_path, interval=50)["train/loss"].values == [1.0]


def test_nan_leaves_a_gap_and_no_log_is_none(tmp_path):
    assert read_log(tmp_path, interval=50) is None
    write(tmp_path, 0, [(9, "nan", ""), (19, 2.0, "")])
    assert read_log(tmp_path, interval=10)["train/loss"].steps == pytest.approx([19])
