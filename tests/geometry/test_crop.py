import cv2
import numpy as np
import pytest
import torch

from pose3d.errors import PoseError
from pose3d.geometry.crop import (
    crop_matrix,
    decode_reduction,
    image_from_roll,
    roll_matrix,
    square_box,
    tight_box,
    transform_points,
    warp_crop,
    whole_square,
    zoom_of,
)


def blob(image_size, at):
    """An image with one smooth spot whose centroid is `at`."""
    y, x = np.mgrid[: image_size[1], : image_size[0]]
    return (255 * np.exp(-((x - at[0]) ** 2 + (y - at[1]) ** 2) / (2 * 6.0**2))).astype(np.uint8)


def centroid(image):
    y, x = np.mgrid[: image.shape[0], : image.shape[1]]
    weight = image.astype(float)
    return np.array([(x * weight).sum(), (y * weight).sum()]) / weight.sum()


def test_box_is_tight_and_its_square_grows_about_the_centre():
    joints = np.array([[10.0, 20], [30, 100], [500, 500]])
    box = tight_box(joints, np.array([True, True, False]))
    np.testing.assert_allclose(box, [10, 20, 20, 80])
    centre, side = square_box(box, 1.25)
    np.testing.assert_allclose(centre, [20, 60])
    assert side == 100


def test_the_whole_image_fits_into_its_square():
    centre, side = whole_square(np.array([640, 480]))
    crop = crop_matrix(centre, side, 64)
    corners = transform_points(crop, np.array([[-0.5, -0.5], [639.5, 479.5]]))
    np.testing.assert_allclose(corners, [[-0.5, 7.5], [63.5, 55.5]])


def test_the_square_fills_the_crop_from_edge_to_edge():
    """G4: the crop spans [-0.5, S - 0.5], so the square's corners land there and not on 0 and S."""
    matrix = crop_matrix(np.array([20.0, 60.0]), 100, 50)
    corners = np.array([[-30.0, 10.0], [70.0, 110.0], [20.0, 60.0]])
    np.testing.assert_allclose(transform_points(matrix, corners), [[-0.5, -0.5], [49.5, 49.5], [24.5, 24.5]])


def test_identity_crop_copies_the_image_bit_for_bit():
    image = np.random.default_rng(0).integers(0, 255, (64, 64, 3), dtype=np.uint8)
    matrix = crop_matrix(np.array([31.5, 31.5]), 64, 64)
    np.testing.assert_array_equal(warp_crop(image, matrix, 64), image)


def test_scale_shrinks_about_the_centre():
    centre = np.array([20.0, 60.0])
    full, small = (crop_matrix(centre, 100, 50, scale) for scale in (1.0, 0.7))
    point = np.array([[45.0, 80.0]])
    middle = (50 - 1) / 2
    np.testing.assert_allclose(
        transform_points(small, point) - middle, 0.7 * (transform_points(full, point) - middle), atol=1e-9
    )
    assert zoom_of(small) == pytest.approx(0.35)


@pytest.mark.parametrize("reduction", [1, 2, 4])
@pytest.mark.parametrize(("angle", "flip", "scale"), [(0, False, 1.0), (30, False, 0.7), (-20, True, 1.0)])
def test_pixels_go_where_points_go(reduction, angle, flip, scale):
    at = np.array([131.3, 92.7])
    image = blob((256, 240), at)
    matrix = crop_matrix(np.array([120.0, 100.0]), 200, 128, scale, angle, flip)
    if reduction > 1:
        image = cv2.resize(image, (256 // reduction, 240 // reduction), interpolation=cv2.INTER_AREA)
    found = centroid(warp_crop(image, matrix, 128, reduction))
    np.testing.assert_allclose(found, transform_points(matrix, at[None])[0], atol=0.05)


def test_outside_the_image_is_black():
    crop = warp_crop(np.full((40, 40), 200, np.uint8), crop_matrix(np.array([0.0, 0.0]), 40, 40), 40)
    assert (crop[:19, :19] == 0).all()
    assert (crop[21:, 21:] == 200).all()


@pytest.mark.parametrize("zoom", [0.05, 0.2, 0.3, 0.5, 0.62, 0.7, 1.0, 2.0])
def test_decoding_is_coarse_only_as_far_as_the_crop_is(zoom):
    reduction = decode_reduction(crop_matrix(np.zeros(2), 100, 100, zoom))
    assert reduction in (1, 2, 4, 8)
    assert reduction == 1 or reduction * zoom <= 1.25
    assert reduction == 8 or 2 * reduction * zoom > 1.25


@pytest.mark.parametrize(("angle", "flip"), [(25, False), (0, True), (-40, True)])
def test_rolling_the_scene_is_moving_the_image(angle, flip):
    """Projecting rolled points equals moving the projections by K A K^-1, also with fx != fy."""
    intrinsics = np.array([[900.0, 0, 310], [0, 880, 250], [0, 0, 1]])
    points = np.random.default_rng(0).normal((0, 0, 4000), 500, (9, 3))

    def project(p):
        q = p @ intrinsics.T
        return q[:, :2] / q[:, 2:]

    roll = roll_matrix(angle, flip)
    moved = transform_points(image_from_roll(roll, intrinsics), project(points))
    np.testing.assert_allclose(moved, project(points @ roll.T), atol=1e-8)
    assert np.linalg.det(roll) == pytest.approx(-1 if flip else 1)


def test_roll_and_crop_turn_the_same_way():
    """The linear part of a crop is its zoom times the roll that its 3D labels go through."""
    matrix = crop_matrix(np.array([5.0, 9.0]), 80, 40, 0.7, 33, True)
    np.testing.assert_allclose(matrix[:2, :2], zoom_of(matrix) * roll_matrix(33, True)[:2, :2], atol=1e-12)


def test_torch_and_numpy_agree():
    matrix = np.stack([crop_matrix(np.array([5.0, k]), 80, 40, 0.7, 10 * k) for k in range(3)])
    points = np.random.default_rng(0).normal(size=(3, 7, 2))
    tensor = transform_points(torch.from_numpy(matrix), torch.from_numpy(points))
    np.testing.assert_allclose(tensor.numpy(), transform_points(matrix, points))
    np.testing.assert_allclose(transform_points(np.linalg.inv(matrix), tensor.numpy()), points, atol=1e-9)


def test_impossible_crop_is_refused():
    with pytest.raises(PoseError, match="above zero"):
        crop_matrix(np.zeros(2), 10, 64, scale=0)
