"""The bench of prediction, on tiny settings."""

import json

import pytest
from rich.console import Console

from pose3d.bench import following, prediction, runtimes
from pose3d.bench.prediction import _frame_of_both, print_prediction
from pose3d.commands import bench as command
from pose3d.predict.runtimes.choice import KINDS


@pytest.mark.slow
def test_measures_and_writes_the_numbers(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(runtimes, "KINDS", {"bfloat16": KINDS["bfloat16"]})
    from pose3d.app import main

    out = tmp_path / "bench.json"
    arguments = ["--part", "prediction", "--small", "--repeats", "2", "--video-frames", "16", "--json", str(out)]
    assert main(["bench", *arguments]) == 0
    found = json.loads(out.read_text())
    for passes in found["passes"].values():
        assert passes["bound_ms"] > 0
        assert set(passes["runtimes"]) == {"float32", "bfloat16"}
        assert passes["runtimes"]["float32"]["times_float32"] == 1
    assert 0.1 < found["passes"][runtimes.RELEASED_3D]["gmacs"] < 1
    assert found["following"]["followed"]["median"] > 0
    printed = " ".join(capsys.readouterr().out.split())
    assert "frames a second" in printed
    assert "times faster than three passes in float32" in printed


def test_a_frame_with_both_networks():
    def passes(best, plain, bound):
        rows = {"float32": {"median": plain}, "quick": {"median": best}}
        return {"runtimes": rows, "bound_ms": bound}

    frame = _frame_of_both({runtimes.RESNET_3D: passes(100, 400, 80), runtimes.RESNET_2D: passes(90, 390, 75)})
    assert frame["runtime"] == "quick"
    assert frame["ms"] == pytest.approx(106)
    assert frame["times_bound"] == pytest.approx(106 / 85)
    assert frame["times_faster"] == pytest.approx(1180 / 106)


def test_the_tables_say_what_was_found(capsys):
    row = {"median": 10.0, "lower_quartile": 9.0, "upper_quartile": 12.0, "least": 8.5}
    found = {
        "machine": {"cpu": "a processor", "cores": 2, "system": "Linux"},
        "threads": 1,
        "passes": {
            "a network": {
                "gmacs": 0.5,
                "matmul_gmacs_per_s": {"float32": 50.0, "bfloat16": 100.0},
                "bound_ms": 5.0,
                "prepared_s": {"quick": 3.0},
                "runtimes": {"quick": row | {"times_float32": 0.5, "times_bound": 2.0}},
            }
        },
        "loss": {
            "float32": {"mpjpe_mm": 96.0, "pck3d_150mm": 80.0, "distance_mm": 0.0},
            "quick": {"mpjpe_mm": 95.75, "pck3d_150mm": 80.2, "distance_mm": 3.3},
        },
        "following": {"followed": row, "plain": row, "times_faster": 6.0, "choice": ["3D network by quick"]},
    }
    print_prediction(found, Console(width=160))
    printed = " ".join(capsys.readouterr().out.split())
    assert "MPJPE -0.25 mm, 3DPCK +0.20 points against float32; joints 3.3 mm apart" in printed
    assert "100 frames a second" in printed


def test_a_film_is_as_long_as_asked(tmp_path, monkeypatch):
    monkeypatch.setattr(following, "Film", lambda frames, activity: Reel(frames))
    path = following.film_video(tmp_path / "film.mp4", 9, rendered=4)
    frames = following.open_frames(path)
    levels = [round(float(frame.image.mean()) / 40) for frame in frames]
    assert levels == [0, 1, 2, 3, 2, 1, 0, 1, 2]


class Reel:
    """Grey pictures that become brighter."""

    size, fps = (64, 48), 25.0

    def __init__(self, frames):
        self.frames = frames

    def __iter__(self):
        import numpy as np

        for number in range(self.frames):
            yield type("Frame", (), {"image": np.full((48, 64, 3), 40 * number, np.uint8)})


def test_the_parts_of_the_command():
    assert (command.DATA, command.PREDICTION) == ("data", "prediction")
    assert prediction.NETWORKS[:2] == (runtimes.RELEASED_3D, runtimes.RELEASED_2D)
