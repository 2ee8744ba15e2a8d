"""How rows are tested: in crops, with both networks on whole images, by the time per frame, as a difference."""

import argparse
import json
from dataclasses import replace
from pathlib import Path

import pytest

from pose3d.app import main
from pose3d.commands import bench, predict
from pose3d.paper.ledger import find
from pose3d.paper.reproduce import Reproduction
from pose3d.paper.steps import FOUND_BOX, steps
from pose3d.paper.testing import box_step, trainings

ROOT = Path(__file__).parents[2]


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
