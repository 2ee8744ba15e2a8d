"""The script that renders and scores many films."""

import json

import numpy as np

from pose3d.predict.place import place
from pose3d.predictions import write_predictions
from scripts.film import truth_of
from scripts.films import films, main
from tests.predict.motions import camera_at, film, planted_walk


def test_films_of_a_seed_stay_as_they_are():
    few, many = films(3, seed=5), films(6, seed=5)
    assert few == many[:3]
    assert films(3, seed=6) != few
    for each in many:
        assert -10 <= each.pitch_deg <= 30
        assert abs(each.roll_deg) <= 5
        up = each.camera.cam_from_world[:3, 2]
        np.testing.assert_allclose(np.degrees(np.arcsin(-up[2])), each.pitch_deg, atol=1e-6)


def test_scores_of_a_folder(tmp_path, capsys):
    filmed = film(planted_walk(100, seed=2), camera_at(1.5, 6))
    for name in ("f00", "f01"):
        np.savez(truth_of(tmp_path / f"{name}.mp4"), joints=filmed.joints_cam, up=filmed.up, height_mm=1800.0)
        (tmp_path / f"{name}.json").write_text(json.dumps({"activity": 1, "stature": 1800.0}))
    (tmp_path / "f00").mkdir()
    write_predictions(tmp_path / "f00" / "refined.npz", place(filmed.predictions).predictions)
    assert main(["score", str(tmp_path)]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("f00: activity 1, pitch 6; up ")
    assert lines[1].startswith("1 films: up ")  # f01 was not predicted
