"""Following one person: networks that read marks, so that every joint is known."""

import cv2
import numpy as np
import pytest
import torch

from pose3d.geometry.crop import tight_box
from pose3d.heatmaps import cells_from_crop, render_heatmaps
from pose3d.predict import PosePredictor
from pose3d.predict.candidates import Candidate, choose, find_candidates, local_maxima, overlap
from pose3d.predict.follow import Follower
from tests.predict.people import Reader2D, Reader3D, marked_image, standing_17

SIZE, IMAGE = 128, (420, 320)
CAMERA = np.array([[380.0, 0, 205], [0, 380, 161], [0, 0, 1]])


def joints_at(x: float, z: float = 4200.0) -> np.ndarray:
    points = (standing_17() + np.array([x, 120.0, z])) @ CAMERA.T
    return points[:, :2] / points[:, 2:]


class Several2D(Reader2D):
    """A 2DPoseNet that reads the marks of several people: a peak for each blot of a joint's colour."""

    def __init__(self, size: int) -> None:
        super().__init__(size)
        self.calls = 0

    def forward(self, crops):
        self.calls += 1
        return {"heatmaps": torch.stack([blots(crop) for crop in crops])}


def blots(crop: torch.Tensor) -> torch.Tensor:
    """Maps (15, S / 16, S / 16) of one crop; of the blots of a joint each has a peak."""
    side = len(crop)
    red, green = crop[..., 0].double(), crop[..., 1].double()
    which = torch.where(green > 120, (red / green.clamp(min=1) * 25.5).round(), torch.zeros_like(red))
    maps = torch.zeros(15, side // 16, side // 16)
    for joint in range(15):
        count, _, _, middles = cv2.connectedComponentsWithStats((which == joint + 1).numpy().astype(np.uint8))
        for middle in middles[1:count]:
            cell = cells_from_crop(torch.from_numpy(middle).float())[None, None]
            one = render_heatmaps(cell, torch.ones(1, 1, dtype=torch.bool), maps.shape[1:])
            maps[joint] = torch.maximum(maps[joint], one[0, 0])
    return maps


def image_of(*people: np.ndarray) -> np.ndarray:
    return np.maximum.reduce([np.zeros((IMAGE[1], IMAGE[0], 3), np.uint8), *(marked_image(p, IMAGE) for p in people)])


def follower(**options) -> tuple[Follower, Several2D, list[str]]:
    said: list[str] = []
    pose2d = Several2D(SIZE)
    predictor = PosePredictor(Reader3D(standing_17(), SIZE), pose2d)
    return Follower(predictor, say=said.append, **options), pose2d, said


def test_the_whole_picture_is_looked_at_only_now_and_then():
    follow, pose2d, said = follower(look_every=10)
    for number in range(25):
        joints = joints_at(-900 + 60 * number)
        row = follow.predict(image_of(joints), CAMERA[None], number)
        assert row.valid.all()
        assert row.joints_2d is not None
        np.testing.assert_allclose(row.joints_2d[0], joints, atol=2)
        assert row.confidence.min() > 0.5
    assert follow.looks == 3
    # The first look searches windows as well.
    assert pose2d.calls == 4 + 2 * (follow.looks - 1)
    assert not said


def test_lost_and_found_again():
    follow, _, said = follower()
    there, elsewhere, nobody = joints_at(-700), joints_at(500), image_of()
    images = [image_of(there)] * 3 + [nobody] * 4 + [image_of(elsewhere)] * 3
    valid = [bool(follow.predict(image, CAMERA[None], i).valid[0]) for i, image in enumerate(images)]
    assert valid == [True] * 3 + [False] * 4 + [True] * 3
    assert [sentence.split(" at ")[0] for sentence in said] == ["frame 3: the person is lost", "frame 7: found again"]


def test_a_cut_costs_no_frame():
    follow, _, said = follower()
    rows = [follow.predict(image_of(joints_at(x)), CAMERA[None], i) for i, x in enumerate([-800, -800, 900, 900])]
    assert all(row.valid.all() for row in rows)
    np.testing.assert_allclose(rows[2].joints_2d[0], joints_at(900), atol=2)
    assert "frame 2: the person is lost" in said


def test_who_is_followed():
    near, far = joints_at(-800, 4000), joints_at(1200, 8000)
    pose2d = Several2D(192)
    people = find_candidates(pose2d, image_of(near, far), 192)
    assert len(people) == 2
    for person, joints in ((None, near), ("1", near), ("2", far), ("355,150", far), ("9", far)):
        box = choose(people, person).bbox
        middle = box[:2] + box[2:] / 2
        assert np.linalg.norm(middle - (joints.min(0) + joints.max(0)) / 2) < 8
    follow, _, said = follower(person="355,150")
    follow.predictor.pose2d.settings = type(pose2d.settings)(192, 1.25, "imagenet")
    row = follow.predict(image_of(near, far), CAMERA[None], 0)
    np.testing.assert_allclose(row.joints_2d[0, :15].mean(0), far[:15].mean(0), atol=4)
    assert "2 people in view" in said[0]


def test_an_empty_picture():
    assert find_candidates(Several2D(SIZE), image_of(), SIZE) == []
    assert all(len(part) == 0 for part in local_maxima(torch.zeros(15, 8, 8)))


def test_overlap():
    assert overlap(np.array([0.0, 0, 2, 2]), np.array([1.0, 0, 2, 2])) == pytest.approx(1 / 3)
    assert overlap(np.array([0.0, 0, 2, 2]), np.array([5.0, 0, 2, 2])) == 0
    assert overlap(np.zeros(4), np.zeros(4)) == 0


def test_two_people_cross():
    """One of the two is followed before and after, whoever it is, and the box is of one person."""
    follow, _, _ = follower(look_every=5)
    boxes = []
    for number in range(31):
        first, second = joints_at(-1100 + 75 * number, 4000), joints_at(1100 - 75 * number, 5000)
        row = follow.predict(image_of(second, first), CAMERA[None], number)
        boxes.append((row, first, second))
    apart = [row for row, *_ in boxes[:8] + boxes[-8:]]
    assert all(row.valid.all() for row in apart)
    row, first, second = boxes[-1]
    away = min(np.linalg.norm(row.joints_2d[0] - joints, axis=-1).max() for joints in (first, second))
    assert away < 10


@pytest.mark.parametrize("misled", [True, False])
def test_a_look_keeps_a_better_box(monkeypatch, misled):
    """A look that finds something above the person is set against the box that was followed; a drifted box is not."""
    follow, _, said = follower(look_every=3)
    joints = joints_at(0.0)
    truth = tight_box(joints, np.ones(17, bool))
    for number in range(3):
        follow.predict(image_of(joints), CAMERA[None], number)
    wrong = truth * np.array([1, 1, 1, 1.3]) - np.array([0, 0.8 * truth[3], 0, 0])
    assert 0.2 < overlap(wrong, truth) < 0.6
    looked = [truth, wrong]
    if misled:
        looked.reverse()
    else:
        follow.box = wrong
    seen = Candidate(looked[0].astype(np.float32), 1.0, joints[:15], np.ones(15))
    monkeypatch.setattr("pose3d.predict.follow.find_candidates", lambda *_, **__: [seen])
    row = follow.predict(image_of(joints), CAMERA[None], 3)
    assert follow.looks == 2
    assert overlap(follow.box, truth) > 0.8
    np.testing.assert_allclose(row.joints_2d[0], joints, atol=2)
    assert not said
