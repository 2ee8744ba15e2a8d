"""The trainer and a bare loop are measured alternately within one run."""

import json

import pytest
import yaml

from pose3d.bench.training_step import summary
from stages.cli import main
from tests.stages.conftest import Workshop


def test_both_take_turns_on_the_same_network(tmp_path):
    workshop, out = Workshop(tmp_path), tmp_path / "out.json"
    callback = {
        "class_path": "pose3d.bench.training_step.InterleavedBareLoop",
        "init_args": {"out": str(out), "steps": 2, "turns": 3},
    }
    overlay = tmp_path / "overlay.yaml"
    overlay.write_text(yaml.safe_dump({"trainer": {"callbacks+": [callback]}}))
    flags = ["--model.init_from=null", "--test_after_fit=false", "--trainer.max_steps=40"]
    assert main(["fit", f"--config={workshop.config(2)}", f"--config={overlay}", *flags]) == 0
    found = json.loads(out.read_text())
    assert {name: len(turns) for name, turns in found.items()} == {"trainer": 3, "bare": 3}
    assert all(seconds > 0 for turns in found.values() for seconds in turns)


def test_summary_takes_the_median_of_the_turns_own_ratios():
    found = summary({"trainer": [1.1, 2.2, 9.0], "bare": [1.0, 2.0, 3.0]}, steps=10)
    assert found["overhead"] == pytest.approx(0.1)
    assert found["bare_ms"] == pytest.approx(200)
    assert found["turns"] == 3
