"""The time per frame: both networks on whole pictures, from the command line to the JSON."""

import json

import pytest

from pose3d.app import main
from pose3d.bench.frame_time import machine_words
from pose3d.pretrained import RELEASED, find_weights, required_stage_file
from tests.data.drawn import write_store


@pytest.fixture
def networks():
    place = find_weights(RELEASED)
    return [
        f"--checkpoint={required_stage_file(place, 'stage3')}",
        f"--box-checkpoint={required_stage_file(place, 'stage1')}",
    ]


def test_both_networks_and_all_together(networks, tmp_path, capsys):
    store, out = write_store(tmp_path / "test.h5", 3), tmp_path / "time.json"
    words = ["bench", *networks, f"--store={store}", "--pictures=2", "--repeats=2", "--device=cpu", f"--json={out}"]
    assert main(words) == 0
    found = json.loads(out.read_text())
    times = dict(found["tables"][0]["rows"])
    assert list(times) == ["2DPoseNet", "3DPoseNet and fusion", "All"]
    assert all(len(turns) == 2 * 2 for turns in found["turns"].values())
    assert min(times.values()) > 0
    assert machine_words(found["machine"]) in " ".join(capsys.readouterr().out.split())


def test_2dposenet_looks_twice_and_not_in_windows(networks, tmp_path, monkeypatch):
    def searched(*args):
        raise AssertionError("searched in windows")

    monkeypatch.setattr("pose3d.predict.predictor.find_most_prominent", searched)
    store = write_store(tmp_path / "test.h5", 1)
    assert main(["bench", *networks, f"--store={store}", "--pictures=1", "--repeats=1", "--device=cpu"]) == 0


def test_half_of_it_is_refused(networks, capsys):
    assert main(["bench", networks[0]]) == 2
    assert "needs all of --checkpoint, --box-checkpoint and --store" in capsys.readouterr().err
