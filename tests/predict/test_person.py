"""Finding the person: the box lies around the joints wherever and however large the person is."""

import numpy as np
import pytest

from pose3d.geometry.crop import crop_matrix, decode_reduction, warp_crop
from pose3d.predict.candidates import find_most_prominent
from pose3d.predict.images import reduced
from pose3d.predict.person import around_crop, cut, find_people, letterbox, search_windows
from tests.predict.people import Reader2D, marked_image, standing_17

SIZE = 128


def person_at(centre, height):
    """(17, 2) px of an upright person."""
    flat = standing_17()[:, :2]
    return (flat - flat.mean(0)) / np.ptp(flat[:, 1]) * height + centre


@pytest.mark.parametrize(
    ("size", "centre", "height"),
    [
        ((400, 300), (200, 150), 250),
        ((400, 300), (90, 190), 150),
        ((300, 500), (200, 330), 220),
        ((96, 80), (50, 40), 60),
    ],
)
def test_the_box_is_tight_around_the_joints(size, centre, height):
    joints = person_at(centre, height)
    people = find_people(Reader2D(SIZE), [marked_image(joints, size)], SIZE)
    assert people.found.tolist() == [True]
    assert people.sure.sum() >= 13
    low, high = joints[:15].min(0), joints[:15].max(0)
    np.testing.assert_allclose(people.bbox[0], [*low, *(high - low)], atol=0.02 * height + 0.5)
    error = np.linalg.norm(people.joints_2d[0] - joints[:15], axis=1)[people.sure[0]]
    assert error.max() < 0.02 * height + 0.5


def test_the_second_look_is_sharper_than_the_first():
    joints = person_at((140, 300), 130)
    image = marked_image(joints, (500, 400))
    net = Reader2D(SIZE)
    sides = []
    net.register_forward_pre_hook(lambda _, crops: sides.append(float(crops[0][..., 1].float().mean())))
    find_people(net, [image], SIZE)
    assert len(sides) == 2
    assert sides[1] > 2.5 * sides[0]  # the person fills more of the crop than of the frame


def test_nobody_in_an_empty_image_and_too_few_joints():
    empty = np.zeros((120, 160, 3), np.uint8)
    joints = person_at((80, 60), 90)
    few = marked_image(joints[:5], (160, 120))
    people = find_people(Reader2D(SIZE), [empty, few, marked_image(joints, (160, 120))], SIZE)
    assert people.found.tolist() == [False, False, True]
    assert np.isnan(people.bbox[:2]).all()
    assert np.isfinite(people.bbox[2]).all()


@pytest.mark.parametrize("side", [90.0, 200.0, 391.0, 700.0])
def test_crops_show_what_lies_at_their_place_however_much_they_shrink(side):
    # In a ramp the value of a pixel is its coordinate, also of any average around it.
    xs, ys = np.meshgrid(np.arange(250), np.arange(235))
    ramp = np.stack([xs, ys, np.zeros_like(xs)], -1).astype(np.uint8)
    size = 64
    crop = crop_matrix(np.array([120.0, 111.0]), side, size)
    got = cut([ramp], [crop], size)[0].numpy()
    u, v = np.meshgrid(np.arange(size), np.arange(size))
    at = np.stack([u, v, np.ones_like(u)], -1) @ np.linalg.inv(crop).T
    step = side / size
    inside = ((at[..., :2] > 2 * step) & (at[..., :2] < np.array([249, 234]) - 2 * step)).all(-1)
    assert inside.any()
    # Half a grey level each for rounding the reduced image and the crop; OpenCV 4 samples on a grid of 1/32 px of the
    # reduced image, where one pixel is `decode_reduction` grey levels (OpenCV 5 does not round).
    limit = 1.0 + decode_reduction(crop) / 64
    np.testing.assert_allclose(got[..., :2][inside], at[..., :2][inside], rtol=0, atol=limit + 0.01)
    outside = ((at[..., :2] < -step - 1) | (at[..., :2] > np.array([249, 234]) + step + 9)).any(-1)
    assert (got[outside] == 0).all()


def test_the_letterbox_holds_the_whole_frame_and_no_more():
    crop = letterbox(np.zeros((100, 300, 3), np.uint8), 60)
    corners = np.array([[-0.5, -0.5, 1], [299.5, 99.5, 1]]) @ crop.T
    np.testing.assert_allclose(corners[:, :2], [[-0.5, 19.5], [59.5, 39.5]], atol=1e-9)


def test_windows_cover_the_image_at_every_share():
    for shape in ((480, 640, 3), (1920, 1080, 3), (100, 100)):
        crops = search_windows(shape, SIZE)
        assert 15 <= len(crops) <= 36
        corners = np.array([[0, 0], [shape[1] - 1, 0], [0, shape[0] - 1], [shape[1] - 1, shape[0] - 1]])
        inside = 0
        for crop in crops:
            seen = corners @ crop[:2, :2].T + crop[:2, 2]
            inside += ((seen > -1) & (seen < SIZE)).all(axis=1)
        # The whole picture, and one window of each smaller share.
        assert (inside == 3).all()


def test_a_person_who_is_small_in_the_picture_is_found_in_a_window():
    joints = person_at((1500, 300), 160)[:15]
    image = marked_image(joints, (1920, 1080))
    assert not find_people(Reader2D(SIZE), [image], SIZE).found.any()
    people = find_most_prominent(Reader2D(SIZE), [image, np.zeros((90, 160, 3), np.uint8)], SIZE)
    assert people.found.tolist() == [True, False]
    np.testing.assert_allclose(people.joints_2d[0], joints, atol=2)


@pytest.mark.parametrize("reduction", [1, 2, 4, 8])
def test_a_crop_reads_its_part_of_the_image_only(reduction):
    rng = np.random.default_rng(reduction)
    image = rng.integers(0, 256, (243, 331, 3), np.uint8)
    for _ in range(40):
        centre, side = rng.uniform((-60, -60), (390, 300)), rng.uniform(20, 500)
        crop = crop_matrix(centre, side, 64)
        whole = warp_crop(reduced(image, reduction), crop, 64, reduction)
        part, moved = around_crop(image, crop, 64, reduction)
        # Fractions of a pixel round differently where the image begins elsewhere.
        got = warp_crop(reduced(part, reduction), moved, 64, reduction).astype(int)
        assert np.abs(got - whole).max() <= 1
        assert (got != whole).mean() < 0.01
