"""The bench runs end to end with tiny settings, and its inputs are correct."""

import json

import numpy as np
import pytest

from pose3d.app import main
from pose3d.bench.pictures import take_pictures, write_store
from pose3d.bench.throughput import rates, ratio
from pose3d.data.check import check_store
from pose3d.data.store import PoseStore

TINY = ["--samples", "2", "--repeats", "1", "--pictures", "1", "--rows", "16", "--image-size", "64"]
TINY += ["--frames", "1", "--video-px", "64", "--embedded", "none"]


@pytest.fixture(scope="module")
def pictures():
    return take_pictures(2)


def test_measures_and_writes_the_numbers(tmp_path, capsys):
    out = tmp_path / "bench.json"
    assert main(["bench", *TINY, "--gpu-images-per-second", "100", "--json", str(out)]) == 0
    found = json.loads(out.read_text())
    assert all(rate > 0 for rate in found["samples_per_core_second"].values())
    store = found["large_store"]
    assert 10 < store["worker_private_mb"] < store["worker_mb"] < 5000
    assert found["prepared"]["frames_per_core_second"] > 0
    assert min(found["metrics"]["update_ms"], found["metrics"]["forward_ms"]) > 0
    full = found["samples_per_core_second"]["all augmentation"]
    assert (found["gpu"]["cores"] - 1) * full < 100 <= found["gpu"]["cores"] * full
    printed = capsys.readouterr().out
    assert "an assumption, not measured" in printed
    assert "not measured, the store is not there" in printed


def test_the_store_holds_what_prepare_would_write(tmp_path, pictures):
    store = write_store(pictures, tmp_path / "store.h5", len(pictures))
    assert [finding for finding in check_store(store) if finding.kind == "error"] == []
    labels = PoseStore(store)
    points = np.einsum("nij,nkj->nki", labels.labels("intrinsics"), labels.labels("joints_3d"))
    assert np.abs(points[..., :2] / points[..., 2:] - labels.labels("joints_2d")).max() < 0.01
    assert labels.labels("bbox")[:, 2:].max() < 401
    assert labels.has_mask(1)


def test_routes_take_turns_and_slow_turns_do_not_count():
    calls = []
    measured = rates({"a": lambda n: calls.append("a"), "b": lambda n: calls.append("b")}, samples=4, repeats=2)
    assert calls == ["a", "b", "a", "b", "a", "b"]
    assert [len(turns) for turns in measured.values()] == [2, 2]
    assert ratio([4.0, 400.0, 4.0], [1.0, 100.0, 2.0]) == 4.0


def test_a_wrong_number_is_one_sentence(capsys):
    assert main(["bench", "--samples", "0"]) == 2
    assert "must be at least 1" in capsys.readouterr().err
