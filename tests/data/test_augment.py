import os
import subprocess
import sys

import numpy as np
import pytest
import torch

from pose3d.data.augment import A, ColourMatrix, Occluders, appearance, seed_transform
from pose3d.data.geometric import GeometricAugmentation
from pose3d.data.normalise import denormalise, normalise
from pose3d.errors import PoseError


@pytest.fixture
def image():
    return np.random.default_rng(0).integers(0, 255, (40, 40, 3), dtype=np.uint8)


def test_draws_stay_in_their_ranges():
    rng = np.random.default_rng(0)
    draws = [GeometricAugmentation(30, 0.5, 0.25, 0.1).draw(rng) for _ in range(2000)]
    angles, flips, zooms, shifts = (np.array(part) for part in zip(*draws, strict=True))
    assert -30 <= angles.min() < -28
    assert 28 < angles.max() <= 30
    assert flips.mean() == pytest.approx(0.5, abs=0.05)
    assert 0.8 <= zooms.min() < 0.82
    assert 1.22 < zooms.max() <= 1.25
    assert 0.09 < np.abs(shifts).max() <= 0.1


def test_no_augmentation_is_none():
    angle, flip, zoom, shift = GeometricAugmentation().draw(np.random.default_rng(1))
    assert (angle, flip, zoom, shift.tolist()) == (0, False, 1, [0, 0])


def test_colour_matrix_without_amounts_changes_nothing(image):
    np.testing.assert_allclose(ColourMatrix(0, 0, 0, 0, p=1)(image=image)["image"].astype(int), image, atol=1)


def test_colour_matrix_parts(image):
    grey = np.repeat(image[..., :1], 3, axis=2)
    turned = ColourMatrix(0, 0, 0.5, 90, p=1)(image=grey)["image"]
    np.testing.assert_allclose(turned.astype(int), grey, atol=2)  # hue and saturation leave grey alone
    low, high = image // 2 + 30, ColourMatrix(0.3, 0, 0, 0, p=1)
    ratio = high(image=low)["image"].mean() / low.mean()
    assert 0.69 < ratio < 1.31
    assert abs(ratio - 1) > 1e-3
    contrast = ColourMatrix(0, 0.5, 0, 0, p=1)(image=low)["image"]
    assert contrast.mean() == pytest.approx(low.mean(), abs=1.5)


@pytest.mark.parametrize("preset", ["light", "strong", "photo"])
def test_presets_change_pixels_reproducibly(image, preset):
    pipeline = appearance(preset)
    results = []
    for seed in (0, 0, *range(1, 9)):
        seed_transform(pipeline, np.random.default_rng(seed))
        results.append(pipeline(image=image.copy())["image"])
    np.testing.assert_array_equal(results[0], results[1])
    assert len({r.tobytes() for r in results}) >= 6
    assert all(r.shape == image.shape and r.dtype == np.uint8 for r in results)


def test_occluders_hide_a_part_and_leave_the_rest(image):
    covered = []
    occluders = Occluders((1, 2), (0.1, 0.4), p=1)
    for seed in range(20):
        seed_transform(occluders, np.random.default_rng(seed))
        before = image.copy()
        result = occluders(image=image)["image"]
        np.testing.assert_array_equal(image, before)  # the input is left alone
        covered.append((result != image).any(axis=2).mean())
    assert sum(share == 0 for share in covered) <= 2  # a blob may lie beyond the border
    assert 0.02 < np.mean(covered) < 0.2
    # Two discs of 0.4 of the side, with their lumps, cover at most this much.
    assert max(covered) < 2 * np.pi * (0.2 * 1.45) ** 2


def test_a_pipeline_of_the_users(image, tmp_path):
    path = tmp_path / "invert.json"
    A.save(A.Compose([A.InvertImg(p=1)]), path)
    np.testing.assert_array_equal(appearance(str(path))(image=image)["image"], 255 - image)
    assert appearance("none") is None
    with pytest.raises(PoseError, match="unknown appearance augmentation 'wild'"):
        appearance("wild")
    (tmp_path / "bad.json").write_text("{}")
    with pytest.raises(PoseError, match="holds no albumentations pipeline"):
        appearance(str(tmp_path / "bad.json"))


@pytest.mark.parametrize(
    ("transform", "message"),
    [
        (A.HorizontalFlip(p=1), "has HorizontalFlip, which may move pixels while the labels stay"),
        (A.Affine(rotate=(90, 90), p=1), "has Affine"),
        (A.RandomCrop(50, 50), "has RandomCrop"),
        (A.Resize(64, 64), "has Resize"),
        (A.RandomGridShuffle(), "has RandomGridShuffle"),
        (A.Normalize(), r"has Normalize, which makes \(96, 96, 3\) float32 of a \(96, 96, 3\) uint8 crop"),
        (A.ToFloat(), "has ToFloat, which makes"),
        (A.OneOf([A.InvertImg(), A.VerticalFlip()]), "has VerticalFlip"),
    ],
    ids=lambda value: type(value).__name__ if not isinstance(value, str) else "",
)
def test_files_that_would_part_pictures_and_labels_are_refused(tmp_path, transform, message):
    """Also where the transform is rare: it is not left to chance whether it is found."""
    transform.p = 0.01
    for suffix in ("json", "yaml"):
        path = tmp_path / f"pipeline.{suffix}"
        A.save(A.Compose([A.InvertImg(p=0.5), transform]), path, data_format=suffix)
        with pytest.raises(PoseError, match=message):
            appearance(str(path))


def test_files_may_hide_and_recolour(image, tmp_path):
    path = tmp_path / "pipeline.yaml"
    kinds = [A.CoarseDropout(p=1), A.GridDropout(p=1), A.OneOf([A.GaussNoise(p=1), A.MotionBlur(p=1)], p=1)]
    A.save(A.Compose(kinds), path, data_format="yaml")
    result = appearance(str(path))(image=image)["image"]
    assert result.shape == image.shape
    assert (result != image).any()


def test_albumentations_does_not_ask_the_network():
    code = "import pose3d.data.augment, os; print(os.environ['NO_ALBUMENTATIONS_UPDATE'])"
    env = {key: value for key, value in os.environ.items() if key != "NO_ALBUMENTATIONS_UPDATE"}
    result = subprocess.run([sys.executable, "-c", code], env=env, capture_output=True, text=True, check=True)
    assert result.stdout.strip() == "1"


@pytest.mark.parametrize("scheme", ["imagenet", "caffe"])
def test_normalisation_against_plain_arithmetic(scheme):
    images = torch.randint(0, 256, (2, 5, 7, 3), dtype=torch.uint8)
    found = normalise(images, scheme)
    assert found.shape == (2, 3, 5, 7)
    for b, y, x in ((0, 0, 0), (1, 4, 6), (0, 3, 2)):
        rgb = images[b, y, x].double() / 255
        if scheme == "imagenet":
            expected = (rgb - torch.tensor([0.485, 0.456, 0.406])) / torch.tensor([0.229, 0.224, 0.225])
        else:
            expected = rgb.flip(0) - 0.4
        torch.testing.assert_close(found[b, :, y, x].double(), expected.double(), atol=1e-5, rtol=0)
    assert (denormalise(found, scheme) == images).all()
    with pytest.raises(PoseError, match="unknown normalisation"):
        normalise(images, "zscore")
