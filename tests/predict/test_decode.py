"""Decoding: each test-time setting has the effect that follows from the geometry, and no other."""

import pytest
import torch

from pose3d.geometry import perspective_rotation, weak_perspective_translation
from pose3d.geometry.decode import DecodeConfig
from pose3d.heatmaps import cells_from_crop, render_heatmaps
from pose3d.predict.decode import decode, place, weak_perspective
from tests.models.nets import SIDE, pose2d, pose3d
from tests.predict.people import standing_17

CAMERA = torch.tensor([[400.0, 0, 150], [0, 400, 120], [0, 0, 1]]).expand(1, 3, 3)
CROP = torch.tensor([[0.5, 0, -40.0], [0, 0.5, -12], [0, 0, 1]]).expand(1, 3, 3)
ROOT = torch.tensor([[-60.0, 100.0, 4000.0]])


@pytest.fixture
def scene():
    """A pose, its weak-perspective image K, and a batch with the crop's matrices."""
    pose = torch.from_numpy(standing_17()).float()[None] * 0.5
    joints_2d = weak_perspective(pose, ROOT, CAMERA)
    batch = {"image": torch.zeros(1, 3, SIDE, SIDE), "crop_from_img": CROP, "intrinsics": CAMERA}
    return pose, joints_2d, batch


def placed(scene, joints_2d=None, known=None, intrinsics=CAMERA, **choices):
    pose, image_2d, _ = scene
    joints_2d = image_2d if joints_2d is None else joints_2d
    return place({"P": pose}, "P", joints_2d, CROP, SIDE, intrinsics, DecodeConfig(**choices), known)


@pytest.mark.parametrize("rotation", ["yaw", "full"])
@pytest.mark.parametrize("mode", ["centroid", "crop", "pelvis"])
def test_the_correction_turns_towards_its_centre(scene, mode, rotation):
    pose, joints_2d, _ = scene
    middle = (torch.tensor([[(SIDE - 1) / 2, (SIDE - 1) / 2]]) - CROP[:, :2, 2]) / 0.5
    centre = {"centroid": joints_2d.mean(1), "crop": middle, "pelvis": joints_2d[:, 14]}[mode]
    expected = perspective_rotation(centre, CAMERA, yaw_only=rotation == "yaw")
    got = placed(scene, perspective_correction=mode, rotation=rotation)
    torch.testing.assert_close(got["perspective_rotation"], expected)
    torch.testing.assert_close(got["joints_3d"], pose @ expected.mT)
    assert (rotation == "yaw") == bool(expected[0, 1, 1] == 1)


@pytest.mark.parametrize("depth", ["closed_form", "exact"])
def test_the_depth_is_the_chosen_one(scene, depth):
    pose, joints_2d, _ = scene
    stretched = joints_2d + 3 * torch.randn(1, 17, 2, generator=torch.Generator().manual_seed(0))
    got = placed(scene, stretched, perspective_correction="off", depth=depth)["translation"]
    both = [weak_perspective_translation(pose, stretched, CAMERA, exact=exact) for exact in (False, True)]
    assert not torch.allclose(*both)
    torch.testing.assert_close(got, both[depth == "exact"])
    again = placed(scene, perspective_correction="off", depth=depth)["translation"]
    torch.testing.assert_close(again, ROOT, rtol=1e-3, atol=0.1)


@pytest.mark.parametrize("maximum", ["refined", "argmax"])
def test_joints_are_read_at_fractions_of_a_cell_or_not(scene, maximum):
    _, joints_2d, batch = scene
    crop_2d = joints_2d * 0.5 + CROP[:, :2, 2].unsqueeze(1)
    maps = render_heatmaps(cells_from_crop(crop_2d), torch.ones(1, 17, dtype=torch.bool), (SIDE // 16, SIDE // 16))
    inside = ((crop_2d > 8) & (crop_2d < SIDE - 8)).all(-1)[:, :15]
    assert inside.any()
    got = decode(pose2d(), {"Hdeep": maps[:, :15]}, batch, DecodeConfig(heatmap_maximum=maximum))["joints_2d"]
    error = (got - joints_2d[:, :15])[inside].norm(dim=-1)
    assert bool((error < 0.1).all()) == (maximum == "refined")
    assert error.max() <= 16 / 0.5


def test_joints_that_are_not_known_do_not_count(scene):
    _, joints_2d, _ = scene
    known = torch.ones(1, 17, dtype=torch.bool)
    known[0, 3] = False
    wrong = joints_2d.clone()
    wrong[0, 3] += 500
    got = placed(scene, wrong, known, perspective_correction="off")["joints_2d"]
    torch.testing.assert_close(got, joints_2d, atol=1e-2, rtol=0)


def test_without_a_camera_nothing_is_turned_or_placed(scene):
    got = placed(scene, intrinsics=None)
    assert torch.equal(got["perspective_rotation"][0], torch.eye(3))
    assert "translation" not in got
    assert torch.equal(got["joints_3d"], scene[0])


def test_every_candidate_of_a_network_is_decoded(scene):
    net = pose3d(heatmaps=False)
    got = decode(net, {f"{x}deep": torch.zeros(1, 17, 3) for x in ("P", "O1", "O2")}, scene[2], DecodeConfig())
    names = {"joints_3d", "joints_3d_P", "joints_3d_O1", "joints_3d_O2", "perspective_rotation"}
    assert got.keys() == names
