import importlib.util
import json
from pathlib import Path

import cv2
import numpy as np
import pytest

from pose3d.predict.person import People
from pose3d.predictions import Predictions
from tests.predict.people import Reader2D

PATH = Path(__file__).parents[2] / "scripts" / "score_photographs.py"
SPEC = importlib.util.spec_from_file_location("score_photographs", PATH)
assert SPEC is not None
assert SPEC.loader is not None
scoring = importlib.util.module_from_spec(SPEC)
SPEC.loader.exec_module(scoring)

FRAMES, SIDE = 4, 64


@pytest.fixture
def reference():
    """Two cameras, the second turned by 180 degrees about the vertical; the last frame lacks a hip."""
    rng = np.random.default_rng(0)
    joints_3d = rng.normal(0, 400, (FRAMES, 15, 3))
    turned = np.diag([-1.0, 1.0, -1.0])
    valid = np.ones((FRAMES, 15), bool)
    valid[1, 5], valid[3, 8] = False, False
    boxes = np.tile([10.0, 5.0, 50.0, 60.0], (2, FRAMES, 1))
    return {
        "cameras": np.array(["cam02", "cam03"]),
        "K": np.tile(np.array([[100.0, 0, 32], [0, 100, 32], [0, 0, 1]]), (2, 1, 1)),
        "R": np.stack([np.eye(3), turned]),
        "t": np.array([[0, 0, 4000.0], [0, 0, 4000]]),
        "boxes": boxes,
        "joints_2d": rng.uniform(5, 60, (2, FRAMES, 15, 2)),
        "joints_3d": joints_3d,
        "valid": valid,
    }


class Oracle:
    """Answers with the reference itself, changed by `change`; sees the camera by the brightness of the picture."""

    def __init__(self, reference, change):
        self.reference, self.change, self.boxes = reference, change, []

    def predict(self, images, intrinsics, boxes):
        self.boxes.append(boxes)
        poses, joints = [], []
        for image in images:
            c, f = divmod(round(float(image.mean()) / 20) - 1, FRAMES)
            joints_cam = self.reference["joints_3d"][f] @ self.reference["R"][c].T
            poses.append(np.vstack([self.change(joints_cam), np.zeros((2, 3))]))
            joints.append(np.vstack([self.reference["joints_2d"][c, f], np.zeros((2, 2))]))
        return Predictions(joints_3d=np.stack(poses), joints_2d=np.stack(joints))


@pytest.fixture
def videos(tmp_path, monkeypatch):
    """A file for each camera; its frames are plain, brighter from frame to frame."""

    def frames_of(path, count):
        first = {"cam02": 1, "cam03": 1 + FRAMES}[path.stem]
        return [np.full((SIDE, SIDE, 3), 20 * (first + f), np.uint8) for f in range(count)]

    monkeypatch.setattr(scoring, "frames_of", frames_of)
    return tmp_path


def test_the_truth_scores_perfectly_in_every_camera(reference, videos):
    oracle = Oracle(reference, lambda pose: pose + 123.0)  # hips are centred, so a shift does not count
    result = scoring.score(oracle, reference, videos, true_boxes=True)
    assert result["frames"] == result["found"] == 6  # three scored frames, two cameras
    assert result["mpjpe_mm"] == pytest.approx(0, abs=1e-6)
    assert result["joints_2d_within_10pc"] == result["right_person"] == result["pck_150mm"] == 100
    np.testing.assert_allclose(oracle.boxes[0][0], [10, 5, 40, 55])  # x, y, w, h


def test_procrustes_forgives_a_turned_and_scaled_pose(reference, videos):
    turn = cv2.Rodrigues(np.array([0.3, -0.8, 0.2]))[0]
    result = scoring.score(Oracle(reference, lambda pose: 1.3 * pose @ turn.T), reference, videos, true_boxes=False)
    assert result["pa_mpjpe_mm"] == pytest.approx(0, abs=1e-4)
    assert result["mpjpe_mm"] > 100
    assert result["pck_150mm"] < 70


def test_people_who_are_not_found_count_against_the_right_person(reference, videos):
    def half(pose):
        return pose if pose[0, 0] > 0 else pose * np.nan

    result = scoring.score(Oracle(reference, half), reference, videos, true_boxes=False)
    assert 0 < result["found"] < result["frames"]
    assert result["right_person"] == pytest.approx(100 * result["found"] / result["frames"])
    assert json.dumps(result)


def test_a_video_that_is_too_short_is_told(tmp_path):
    path = tmp_path / "cam02.avi"
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"MJPG"), 25, (64, 48))
    for value in (10, 200):
        writer.write(np.full((48, 64, 3), (value, 0, 0), np.uint8))
    writer.release()
    assert [round(frame[..., 2].mean(), -1) for frame in scoring.frames_of(path, 2)] == [10, 200]  # RGB
    with pytest.raises(SystemExit, match="has 2 frames that decode, the reference has 3"):
        scoring.frames_of(path, 3)


def test_2d_joints_of_stage_1(reference, videos, monkeypatch):
    """Joints that are off by a twentieth of the box count, those off by a fifth do not."""
    net = Reader2D(SIDE)
    off = np.zeros((15, 2))
    off[2:8, 0], off[8:14, 0] = 0.05 * 55, 0.2 * 55
    seen = iter(np.concatenate(reference["joints_2d"]))
    blank = np.zeros((1, 15))

    def detect(net, images, crops, size):
        return People(np.zeros((1, 4)), (next(seen) + off)[None], blank > 1, blank)

    monkeypatch.setattr(scoring, "detect_in_crops", detect)
    result = scoring.score_2d(net, {**reference, "boxes": np.tile([5.0, 5, 60, 60], (2, FRAMES, 1))}, videos)
    counted = reference["valid"][:, 2:14]
    assert result["joints_2d_within_10pc"] == pytest.approx(100 * counted[:, :6].sum() / counted.sum())
