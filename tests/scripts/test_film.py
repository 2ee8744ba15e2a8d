"""The script that renders a film and scores its predictions."""

from dataclasses import replace

import cv2
import numpy as np
import pytest

from pose3d.predict.place import place
from pose3d.predictions import write_predictions
from scripts.film import main, render, score, truth_of
from tests.predict.motions import camera_at, film, planted_walk


def test_what_is_true_has_no_error(tmp_path):
    filmed = film(planted_walk(150, seed=2), camera_at(1.5, 6))
    video = tmp_path / "film.mp4"
    np.savez(truth_of(video), joints=filmed.joints_cam, up=filmed.up, height_mm=1800.0)
    exact = replace(filmed.predictions, translation=filmed.joints_cam[:, 14].astype(np.float32))
    write_predictions(tmp_path / "predictions.npz", exact)
    placed = place(exact).predictions
    write_predictions(tmp_path / "refined.npz", placed)
    plain, refined = score(video, tmp_path)
    assert plain.startswith("predictions: MPJPE 0.0 mm, acceleration 0.0 mm a frame squared, distance ")
    assert "at most 0.0 %)" in plain
    assert "degrees" in refined
    assert "mm a frame at most" in refined
    write_predictions(tmp_path / "predictions.npz", replace(exact, translation=exact.translation * 1.1))
    assert "distance +10.0 %" in score(video, tmp_path)[0]


@pytest.mark.slow
def test_renders_what_it_says(tmp_path, capsys):
    from pose3d.synth.film import Film

    path = tmp_path / "film.mp4"
    render(path, Film(2, size=(320, 180), focal=275.0))
    assert "--intrinsics 275,275,159.5,89.5 --height 1." in capsys.readouterr().out
    truth = np.load(truth_of(path))
    assert truth["joints"].shape == (2, 17, 3)
    np.testing.assert_allclose(truth["joints"][..., 2].mean(), 5500, atol=700)
    capture = cv2.VideoCapture(str(path))
    assert capture.get(cv2.CAP_PROP_FRAME_COUNT) == 2
    with pytest.raises(SystemExit):
        main([])
