"""Reproducing rows, with a stand-in for the trainings: order, resuming, figures, refusals."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from pose3d.app import main
from pose3d.errors import PoseError
from pose3d.paper.ledger import find
from pose3d.paper.measure import lookup
from pose3d.paper.reproduce import Reproduction
from pose3d.predictions import Predictions, write_predictions
from tests.data.drawn import write_store

ROOT = Path(__file__).parents[2]
SHIFT_MM = {0: 40.0, 1: 60.0}


@pytest.fixture
def workplace(tmp_path, monkeypatch):
    """A repository with the configs and a drawn twin; `lightning` only leaves files behind, and is counted."""
    shutil.copytree(ROOT / "configs", tmp_path / "configs")
    twin = tmp_path / "data" / "twin"
    twin.mkdir(parents=True)
    write_store(twin / "wild2d.h5", 11, three_d=False, masks=False, subjects=11)
    write_store(twin / "lab3d.h5", 22, masks=False, subjects=11)
    write_store(twin / "studio3d.h5", 8, subjects=8)
    write_store(twin / "test.h5", 6, subjects=6)
    monkeypatch.chdir(tmp_path)
    calls = []

    def pretend(self, what, command, log):
        calls.append(command)
        flags = dict(word.removeprefix("--").split("=", 1) for word in command[2:] if not word.startswith("--config="))
        folder = Path(flags["run_dir"])
        folder.mkdir(parents=True, exist_ok=True)
        if command[1] == "fit":
            if "model.init_args.init_from" in flags:
                assert Path(flags["model.init_args.init_from"]).is_file()
            (folder / "best.ckpt").write_text("weights")
            return
        seed = int(folder.parts[folder.parts.index("tests") - 1].removeprefix("seed"))
        target = np.zeros((4, 17, 3), np.float32)
        predictions = Predictions(
            joints_3d=target + np.float32([SHIFT_MM[seed], 0, 0]),
            target_3d=target,
            frame=np.arange(4),
            activity=np.array([0, 0, 1, 1]),
            activity_names=np.array(["Walking", "Sitting"]),
            scene=np.zeros(4, np.int64),
            scene_names=np.array(["green screen"]),
        )
        write_predictions(folder / "predictions.npz", predictions)

    monkeypatch.setattr(Reproduction, "_call", pretend)
    # Poses that are zero are no people; the check of plausibility is not what is tested here.
    monkeypatch.setattr("pose3d.evaluation.run.check_plausible", lambda predictions: None)
    return calls


def test_a_row_is_trained_with_its_parents_tested_and_listed(workplace, capsys):
    assert main(["paper", "run", "table2/transfer", "--profile", "mini", "--seeds", "2"]) == 0
    assert [(c[1], "stage" + c[2][-6]) for c in workplace] == 2 * [
        ("fit", "stage1"),
        ("fit", "stage2"),
        ("fit", "stage3"),
        ("test", "stage3"),
    ]
    result = json.loads(Path("runs/paper/mini/results/table2/transfer/seed1.json").read_text())
    assert result["figures"]["Total"] == pytest.approx(60)
    assert result["figures"]["Walk"] == pytest.approx(60)
    assert result["figures"]["Direct"] is None
    assert result["tested_on"] == {"h36m": "data/twin/lab3d_test.h5"}
    printed = capsys.readouterr().out
    assert "74.14" in printed
    assert "50.0 ± 14.1" in printed
    # The lab world was split by subject.
    assert Path("data/twin/lab3d_test.h5").is_file()


def test_what_is_done_is_not_done_again(workplace):
    rows = find("table2/fusion")
    run = Reproduction("mini", Path("runs/paper/mini"), say=lambda line: None)
    run.run(rows, [0])
    first = len(workplace)
    run.run(rows, [0])
    assert len(workplace) == first
    # Table 3's row tests the same network on another set.
    run.run(find("table3/h36m-fusion"), [0])
    assert [c[1] for c in workplace[first:]] == ["test"]


def test_a_training_that_was_cut_off_goes_on(workplace, monkeypatch):
    pretend = Reproduction._call

    def killed(self, what, command, log):
        Path(dict(w.split("=", 1) for w in command if "run_dir" in w)["--run_dir"]).joinpath("last.ckpt").write_text("")
        raise KeyboardInterrupt

    rows = find("table2/base")
    run = Reproduction("mini", Path("runs/paper/mini"), say=lambda line: None)
    monkeypatch.setattr(Reproduction, "_call", killed)
    with pytest.raises(KeyboardInterrupt):
        run.run(rows, [0])
    monkeypatch.setattr(Reproduction, "_call", pretend)
    run.run(rows, [0])
    assert workplace[0][-1] == "--ckpt_path=runs/paper/mini/h36m/base/seed0/last.ckpt"


def test_changed_settings_are_refused(workplace):
    rows = find("table2/base")
    run = Reproduction("mini", Path("runs/paper/mini"), say=lambda line: None)
    run.run(rows, [0])
    schedule = Path("configs/schedules/mini_stage2_no_skips.yaml")
    schedule.write_text(schedule.read_text().replace("iterations: 120", "iterations: 121"))
    with pytest.raises(PoseError, match="other settings"):
        run.run(rows, [0])


def test_a_gain_is_the_difference_of_two_tests(workplace):
    rows = find("supp-text/perspective-gain-3dhp")
    run = Reproduction("mini", Path("runs/paper/mini"), say=lambda line: None)
    run.run(rows, [0])
    result = json.loads(Path("runs/paper/mini/results/supp-text/perspective-gain-3dhp/seed0.json").read_text())
    assert result["figures"] == {"3DPCK": 0.0}
    assert sum("configs/ablations/test/no_perspective.yaml" in word for c in workplace for word in c) == 1


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("table4/smplify", "another work's published figure"),
        ("supp-table1/full", "profile 'mini' has no data"),
        ("table2/corective", "did you mean table2/corrective"),
    ],
)
def test_rows_that_cannot_be_run(workplace, capsys, name, says):
    assert main(["paper", "run", name, "--profile", "mini"]) == 2
    assert says in capsys.readouterr().err


def test_missing_data_are_named_before_anything_is_trained(workplace, capsys):
    Path("data/twin/test.h5").unlink()
    assert main(["paper", "run", "table3", "--profile", "mini"]) == 2
    assert "data/twin/test.h5, which is not prepared" in capsys.readouterr().err
    assert workplace == []


def test_the_listing_has_every_row(capsys):
    assert main(["paper"]) == 0
    printed = capsys.readouterr().out
    for text in ("table1/all-1", "118.7", "table5/joint", "supp-table2/carreira", "107.14", "another work"):
        assert text in printed


def test_lookup_by_pattern():
    tables = [
        {"title": "T", "columns": ["a", "b", "mm"], "rows": [["S1 Box 1", "ours", 3.0], ["S1 Box 1", "mapped", 2]]}
    ]
    assert lookup(tables, ("T", "*Box*/mapped", "mm")) == 2
    assert lookup(tables, ("T", "S1 Box 1", "mm")) == 3
    assert lookup(tables, ("T", "*Walk*/ours", "mm")) is None
    assert lookup(tables, ("T", "S1 Box 1", "px")) is None
