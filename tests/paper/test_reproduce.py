"""Reproducing rows, with a stand-in for the trainings: order, resuming, figures, refusals."""

import argparse
import json
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from pose3d.app import main
from pose3d.checkpoint import sha256_of
from pose3d.commands import bench, predict
from pose3d.errors import PoseError
from pose3d.paper.ledger import find
from pose3d.paper.measure import lookup
from pose3d.paper.reproduce import Reproduction
from pose3d.paper.side_by_side import thread_share
from pose3d.paper.steps import FOUND_BOX, steps
from pose3d.paper.testing import box_step, trainings
from pose3d.predictions import Predictions, write_predictions
from tests.data.drawn import write_store

ROOT = Path(__file__).parents[2]
SHIFT_MM = {0: 40.0, 1: 60.0}


@pytest.fixture
def workplace(tmp_path, monkeypatch):
    """A repository with the configs and a drawn embedded; commands only leave files behind, and are counted."""
    shutil.copytree(ROOT / "configs", tmp_path / "configs")
    embedded = tmp_path / "data" / "embedded"
    embedded.mkdir(parents=True)
    write_store(embedded / "wild2d.h5", 11, three_d=False, masks=False, subjects=11)
    write_store(embedded / "lab3d.h5", 22, masks=False, subjects=11)
    write_store(embedded / "studio3d.h5", 8, subjects=8)
    write_store(embedded / "test.h5", 6, subjects=6)
    write_store(embedded / "test_wide.h5", 6, subjects=6)
    monkeypatch.chdir(tmp_path)
    calls = []

    def pretend(self, what, command, log):
        calls.append(command)
        options = [word.removeprefix("--") for word in command[2:] if word.startswith("--")]
        flags = dict(option.split("=", 1) for option in options if not option.startswith("config="))
        if command[:2] == ["pose3d", "predict"]:
            assert all(Path(path).is_file() for path in (command[2], flags["checkpoint"], flags["box-checkpoint"]))
            folder = Path(flags["out"]).parent
        elif command[:2] == ["pose3d", "bench"]:
            folder = Path(flags["json"]).parent
            folder.mkdir(parents=True, exist_ok=True)
            table = {"title": "Time per frame", "columns": ["part", "ms"], "rows": [["2DPoseNet", 9.0], ["All", 20.0]]}
            on = {"cpu": "drawn", "cores": 2, "device": "cpu"}
            Path(flags["json"]).write_text(json.dumps({"machine": on, "tables": [table]}))
            return
        else:
            folder = Path(flags["run_dir"])
        folder.mkdir(parents=True, exist_ok=True)
        if command[1] == "fit":
            if "model.init_args.init_from" in flags:
                assert Path(flags["model.init_args.init_from"]).is_file()
            (folder / "last.ckpt").write_text("weights")
            return
        seed = int(folder.parts[folder.parts.index("tests") - 1].removeprefix("seed"))
        target = np.zeros((4, 17, 3), np.float32)
        predictions = Predictions(
            joints_3d=target + np.float32([SHIFT_MM[seed], 0, 0]),
            target_3d=target,
            joints_2d=target[..., :2],
            target_2d=target[..., :2],
            visible=np.ones((4, 17), bool),
            head_size=np.ones(4, np.float32),
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
    assert result["tested_on"] == {"h36m": "data/embedded/lab3d_test.h5"}
    printed = capsys.readouterr().out
    assert "74.14" in printed
    assert "50.0 ± 14.1" in printed
    # The drawn people only walk and sit; the paper has thirteen activities more.
    assert "A dash in our line" in printed
    # The lab world was split by subject.
    assert Path("data/embedded/lab3d_test.h5").is_file()


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


def test_a_training_from_a_parent_that_was_replaced_is_refused(workplace):
    rows, run = find("table1/all-1"), Reproduction("mini", Path("runs/paper/mini"), say=lambda line: None)
    run.run(rows, [0])
    child = Path("runs/paper/mini/transfer/all-1/seed0")
    parent = Path("runs/paper/mini/pose2d/seed0/last.ckpt")
    child.joinpath("last.json").write_text(json.dumps({"parent": {"sha256": sha256_of(parent)}}))
    run.run(rows, [0])
    parent.write_text("trained again")
    with pytest.raises(PoseError, match=r"all-1/seed0 was trained from another .*pose2d/seed0/last.ckpt than"):
        run.run(rows, [0])


def test_changed_settings_are_refused(workplace):
    rows = find("table2/base")
    run = Reproduction("mini", Path("runs/paper/mini"), say=lambda line: None)
    run.run(rows, [0])
    schedule = Path("configs/schedules/mini_stage2.yaml")
    schedule.write_text(schedule.read_text().replace("iterations: 120", "iterations: 121"))
    first = len(workplace)
    # Said before anything else is trained.
    with pytest.raises(PoseError, match=r"h36m/base/seed0 was trained with other settings; delete it, or choose anoth"):
        run.run([*find("table1/all-1"), *rows], [1, 0])
    assert len(workplace) == first


def test_a_gain_is_the_difference_of_two_tests(workplace):
    rows = find("supp-text/perspective-gain-3dhp")
    run = Reproduction("mini", Path("runs/paper/mini"), say=lambda line: None)
    run.run(rows, [0])
    result = json.loads(Path("runs/paper/mini/results/supp-text/perspective-gain-3dhp/seed0.json").read_text())
    assert result["figures"] == {"3DPCK": 0.0}
    assert sum("configs/ablations/test/no_perspective.yaml" in word for c in workplace for word in c) == 1
    # Both tests see people away from the optical axis, where there is something to correct.
    tests = [command for command in workplace if command[1] == "test"]
    assert [sum("off_axis.yaml" in word for word in command) for command in tests] == [2, 2]
    assert result["tested_on"] == {"mpi_inf_3dhp": "data/embedded/test_wide.h5"}


def test_the_box_of_2dposenet_is_found_by_the_rows_own(workplace):
    Reproduction("mini", Path("runs/paper/mini"), say=lambda line: None).run(find("text/no-gt-box"), [1])
    assert [command[:2] for command in workplace] == 3 * [["lightning", "fit"]] + [["pose3d", "predict"]]
    runs = "runs/paper/mini"
    assert workplace[-1][2:] == [
        "data/embedded/test.h5",
        f"--checkpoint={runs}/full/h36m_3dhp/fusion/seed1/last.ckpt",
        f"--box-checkpoint={runs}/pose2d/seed1/last.ckpt",
        f"--out={runs}/full/h36m_3dhp/fusion/seed1/tests/mpi_inf_3dhp+box_2dposenet/predictions.npz",
    ]
    result = json.loads(Path(runs, "results/text/no-gt-box/seed1.json").read_text())
    assert result["figures"] == {"3DPCK": pytest.approx(100)}
    assert result["tested_on"] == {"mpi_inf_3dhp": "data/embedded/test.h5"}


def test_the_time_per_frame_is_measured_with_both_networks_and_names_its_machine(workplace, capsys):
    assert main(["paper", "run", "time", "--profile", "mini"]) == 0
    runs = "runs/paper/mini"
    assert workplace[-1][2:] == [
        "--store=data/embedded/test.h5",
        f"--checkpoint={runs}/full/h36m_3dhp/fusion/seed0/last.ckpt",
        f"--box-checkpoint={runs}/pose2d/seed0/last.ckpt",
        f"--json={runs}/full/h36m_3dhp/fusion/seed0/tests/mpi_inf_3dhp+frame_time/frame_time.json",
    ]
    # What the ledger prints is what `pose3d bench` understands.
    parser = argparse.ArgumentParser()
    bench.add_arguments(parser)
    assert parser.parse_args(workplace[-1][2:]).store == Path("data/embedded/test.h5")
    result = json.loads(Path(runs, "results/time/full/seed0.json").read_text())
    # The parts are measured too, although the paper prints their sum alone.
    assert result["figures"] == {"2DPoseNet": 9.0, "3DPoseNet + fusion": None, "All": 20.0}
    assert result["tested_on"]["machine"] == "drawn, 2 cores"
    assert "data/embedded/test.h5, drawn, 2 cores" in " ".join(capsys.readouterr().out.split())


def test_2dposenet_is_scored_where_the_profile_has_people_to_score(workplace):
    Reproduction("mini", Path("runs/paper/mini"), say=lambda line: None).run(find("supp-table2/localised"), [0])
    assert [command[1] for command in workplace] == ["fit", "test"]
    result = json.loads(Path("runs/paper/mini/results/supp-table2/localised/seed0.json").read_text())
    assert result["figures"] == {"MPII PCKh0.5": 100, "MPII AUC": 100, "LSP PCK0.2": None, "LSP AUC": None}


def test_the_found_box_goes_with_any_perspective_correction(monkeypatch):
    monkeypatch.chdir(ROOT)
    row = find("supp-table1/no-perspective")[0]
    step = steps()[row.step]
    command = Reproduction("paper", Path("runs")).test_command(step, 0, "humaneva", row.switches)
    assert command[:3] == ["pose3d", "predict", "data/humaneva/test.h5"]
    assert "--perspective-correction=off" in command
    # What the ledger prints is what `pose3d predict` understands.
    parser = argparse.ArgumentParser()
    predict.add_arguments(parser)
    assert parser.parse_args(command[2:]).perspective_correction == "off"


def test_a_network_without_2dposenet_among_its_parents_gets_one():
    row = replace(find("table3/aug-fusion")[0], switches=(FOUND_BOX,))
    assert [step.name for step in trainings([row])] == ["pose2d", "3dhp_aug/three-modes", "3dhp_aug/fusion"]
    assert box_step(steps()["3dhp_aug/fusion"]).name == "pose2d"
    gain = replace(row, switches=(), minus=(FOUND_BOX,))
    assert trainings([gain]) == trainings([row])


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
    Path("data/embedded/test.h5").unlink()
    assert main(["paper", "run", "table3", "--profile", "mini"]) == 2
    assert "data/embedded/test.h5, which is not prepared" in capsys.readouterr().err
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


def test_findings_are_written_once_all_their_tests_have_run(workplace):
    run = Reproduction("mini", Path("runs/paper/mini"), iterations_scale=0.5, say=lambda line: None)
    results = Path("runs/paper/mini/results/findings")
    run.run(find("table2/base"), [0])
    assert not results.exists()
    run.run(find("table2/regular"), [0, 1])
    # Base of seed 1 has not run.
    assert [path.name for path in results.rglob("*.json")] == ["seed0.json"]
    assert json.loads((results / "skips-regular/seed0.json").read_text()) == {
        "finding": "skips-regular",
        "seed": 0,
        "profile": "mini",
        "iterations_scale": 0.5,
        "figures": [pytest.approx(40), pytest.approx(40)],
        "value": pytest.approx(0),
    }


def test_a_pose_of_the_same_checkpoint_is_read_from_what_was_logged(workplace):
    run = Reproduction("mini", Path("runs/paper/mini"), say=lambda line: None)
    rows = find("table3/aug-fusion")
    run.run(rows, [0])
    results = Path("runs/paper/mini/results/findings")
    assert not results.exists()
    metrics = run.test_folder(rows[0].step, 0, "mpi_inf_3dhp", ()) / "metrics.json"
    metrics.write_text(json.dumps({"test/pck3d_150mm": 61.5, "test/P/pck3d_150mm": 60.0, "test/O1/pck3d_150mm": 3.0}))
    run.run(rows, [0])
    found = json.loads((results / "fusion-own-p-augmented/seed0.json").read_text())
    assert (found["figures"], found["value"]) == ([61.5, 60.0], 1.5)


def test_side_by_side_gives_the_same_and_shares_the_cores(workplace, monkeypatch):
    for module in ("reproduce", "side_by_side"):
        monkeypatch.setattr(f"pose3d.paper.{module}.available_cores", lambda: 6)
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    rows = [*find("table2/transfer"), *find("table2/fusion"), *find("table5/no-gt-box")]
    run = Reproduction("mini", Path("runs/paper/mini"), parallel=3, say=lambda line: None)
    run.run(rows, [0, 1])
    assert len(workplace) == 2 * (7 + 3)
    for row in rows:
        assert Path(f"runs/paper/mini/results/{row.table}/{row.id}/seed1.json").is_file()
    fits = [command for command in workplace if command[1] == "fit"]
    assert all("--data.init_args.num_workers=2" in command for command in fits)
    assert thread_share(3) == {"OMP_NUM_THREADS": "2"}
    # What was trained side by side is the same training when it goes on alone.
    Reproduction("mini", Path("runs/paper/mini"), say=lambda line: None).run(rows, [0, 1])
    assert len(workplace) == 2 * (7 + 3)


def test_a_dry_run_knows_that_the_lab_is_split_by_subject(workplace, capsys):
    assert main(["paper", "run", "table1", "--profile", "mini", "--dry-run"]) == 0
    assert "data/embedded/lab3d_test.h5: to be split from data/embedded/lab3d.h5" in capsys.readouterr().out
    Path("data/embedded/lab3d.h5").unlink()
    assert main(["paper", "run", "table1", "--profile", "mini", "--dry-run"]) == 1
    assert "data/embedded/lab3d_test.h5: `make data` makes the embedded data set" in capsys.readouterr().out
