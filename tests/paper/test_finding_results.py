"""The figures of findings are written once their tests have run."""

import json
from pathlib import Path

import pytest

from pose3d.paper.ledger import find
from pose3d.paper.reproduce import Reproduction


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
