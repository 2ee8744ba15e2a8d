"""From the crop to the image and the camera."""

import numpy as np
import pytest
import torch

from pose3d.geometry.crop import crop_matrix, transform_points
from pose3d.geometry.decode import (
    DecodeConfig,
    correction_centre,
    crop_view_rotation,
    joints_2d_from_heatmaps,
    rotate,
)
from pose3d.heatmaps import cells_from_crop, render_heatmaps

SIZE = 128
INTRINSICS = torch.tensor([[[900.0, 0, 320], [0, 900.0, 240], [0, 0, 1]]])


@pytest.fixture
def crop_from_img():
    return torch.from_numpy(crop_matrix(np.array([420.0, 200.0]), 300.0, SIZE)).float()[None]


def test_heatmap_maxima_return_to_the_image(crop_from_img):
    joints_2d_img = torch.rand(1, 17, 2) * 200 + torch.tensor([320.0, 100.0])
    cells = cells_from_crop(transform_points(crop_from_img, joints_2d_img))
    maps = render_heatmaps(cells, torch.ones(1, 17, dtype=torch.bool), (SIZE // 16, SIZE // 16))
    found = joints_2d_from_heatmaps(maps, crop_from_img, SIZE)
    torch.testing.assert_close(found, joints_2d_img, atol=0.05, rtol=0)


def test_the_centres_of_the_correction(crop_from_img):
    joints = torch.rand(1, 17, 2) * 100
    centre = correction_centre("centroid", joints, crop_from_img, SIZE)
    torch.testing.assert_close(centre, joints.mean(1))
    torch.testing.assert_close(correction_centre("pelvis", joints, crop_from_img, SIZE), joints[:, 14])
    for mode, known in (("crop", joints), ("centroid", None)):
        middle = correction_centre(mode, known, crop_from_img, SIZE)
        torch.testing.assert_close(middle, torch.tensor([[420.0, 200.0]]), atol=1e-3, rtol=0)


def test_the_correction_turns_the_view_of_the_crop_into_the_cameras(crop_from_img):
    rotation = crop_view_rotation(DecodeConfig("crop"), None, crop_from_img, SIZE, INTRINSICS)
    # Yaw only: straight ahead in the crop's view is the horizontal direction of the crop's centre in the camera's.
    ahead = rotate(torch.tensor([[[0.0, 0.0, 1.0], [0.0, 1.0, 0.0]]]), rotation)[0]
    torch.testing.assert_close(ahead[0, 0] / ahead[0, 2], torch.tensor(100.0 / 900.0), atol=1e-5, rtol=0)
    torch.testing.assert_close(ahead[1], torch.tensor([0.0, 1.0, 0.0]))


def test_off_changes_nothing(crop_from_img):
    pose = torch.randn(1, 17, 3)
    rotation = crop_view_rotation(DecodeConfig("off"), None, crop_from_img, SIZE, INTRINSICS)
    assert torch.equal(rotate(pose, rotation), pose)


def test_the_full_rotation_also_pitches(crop_from_img):
    """Straight ahead in the crop's view is the whole direction of the crop's centre (switch of decision G1)."""
    rotation = crop_view_rotation(DecodeConfig("crop", rotation="full"), None, crop_from_img, SIZE, INTRINSICS)
    ahead = rotate(torch.tensor([[[0.0, 0.0, 1.0]]]), rotation)[0, 0]
    torch.testing.assert_close(ahead[:2] / ahead[2], torch.tensor([100.0, -40.0]) / 900.0, atol=1e-5, rtol=0)
