import warnings
from collections import Counter

import numpy as np
import pytest

from pose3d.data.composite import Compositor, recolour, replace, soft_region
from pose3d.data.dataset import PoseDataset
from pose3d.data.pictures import PictureBank, cloth, scenery
from pose3d.data.samplers import SampleSpec
from pose3d.data.schema import AUGMENTABLE, CHAIR, LOWER, PERSON, UPPER
from pose3d.data.store import PoseStore
from pose3d.errors import PoseError

SIZE = 64


def plain(colour):
    return lambda rng, side: np.full((side, side, 3), colour, np.uint8)


@pytest.fixture
def scene():
    """Grey picture with a shaded shirt, trousers, skin and a chair, and its region mask."""
    image = np.full((SIZE, SIZE, 3), 90, np.uint8)
    mask = np.zeros((SIZE, SIZE), np.uint8)
    for rows, columns, bits, tint in (
        (slice(8, 30), slice(20, 44), PERSON | UPPER, 120),
        (slice(30, 52), slice(20, 44), PERSON | LOWER, 60),
        (slice(52, 60), slice(20, 44), PERSON, 200),
        (slice(40, 60), slice(2, 14), CHAIR, 150),
    ):
        image[rows, columns], mask[rows, columns] = tint, bits
    image[8:30, 32:44] = 160  # the lit half of the shirt
    return image, mask


def compositor(mixture=(0.0, 0.0, 1.0), counts=None):
    backgrounds, textures = PictureBank(None, SIZE, plain((250, 0, 0))), PictureBank(None, SIZE, plain((0, 250, 0)))
    return Compositor(backgrounds, textures, counts, mixture, blur_px=0.7)


def changed(scene, mixture=(0.0, 0.0, 1.0), allowed=AUGMENTABLE):
    image, mask = scene
    return compositor(mixture, {allowed: 1})(image, lambda: mask, allowed, np.random.default_rng(0))


def test_recolour_is_texture_times_intensity_over_mean():
    """D5 against plain loops."""
    rng = np.random.default_rng(0)
    image = np.repeat(rng.integers(60, 140, (20, 20, 1), dtype=np.uint8), 3, axis=2)
    texture = rng.integers(0, 120, (20, 20, 3), dtype=np.uint8)
    weight = np.zeros((20, 20), np.uint8)
    weight[4:15, 3:12] = 255
    found = recolour(image, texture, weight)
    mean = np.mean([image[y, x, 0] for y in range(4, 15) for x in range(3, 12)])
    for y in range(20):
        for x in range(20):
            new = texture[y, x] * (image[y, x, 0] / mean) if weight[y, x] else image[y, x]
            np.testing.assert_allclose(found[y, x], np.minimum(new, 255), atol=1)


@pytest.mark.parametrize(("garment", "rim_shade"), [(50, 2.0), (5, 1 + 10 / 32)])
def test_a_light_rim_does_not_glow(garment, rim_shade):
    """Shading ends at twice the mean; near black, where the mean is 10 here, it is damped as well."""
    image = np.full((20, 20, 3), garment, np.uint8)
    image[4:15, 11] = 255 if garment == 50 else 50
    texture = np.full((20, 20, 3), 60, np.uint8)
    weight = np.zeros((20, 20), np.uint8)
    weight[4:15, 3:12] = 255
    mean = (8 * garment + int(image[4, 11, 0])) / 9
    found = recolour(image, texture, weight)
    assert found[4:15, 11] == pytest.approx(60 * rim_shade, abs=2)
    assert found[8, 5] == pytest.approx(60 * (1 + (garment - mean) / max(mean, 32)), abs=2)


def test_replace_blends():
    rng = np.random.default_rng(0)
    image, new = rng.integers(0, 256, (2, 30, 30, 3), dtype=np.uint8)
    weight = rng.integers(0, 256, (30, 30), dtype=np.uint8)
    weight[0], weight[1] = 0, 255
    found, share = replace(image, new, weight), weight[..., None] / 255
    np.testing.assert_allclose(found, image * (1 - share) + new * share, atol=1.01)
    np.testing.assert_array_equal(found[0], image[0])
    np.testing.assert_array_equal(found[1], new[1])


def test_borders_are_smoothed():
    mask = np.zeros((32, 32), np.uint8)
    mask[:, 16:] = UPPER
    weight = soft_region(mask, UPPER, 1.5) / 255
    assert weight[16, 2] < 1e-3
    assert weight[16, 29] > 1 - 1e-3
    assert 0.2 < weight[16, 15] < weight[16, 16] < 0.8
    assert soft_region(mask, LOWER, 1.5).max() == 0


def test_full_change_keeps_skin_and_shading(scene):
    result = changed(scene).astype(int)
    assert (result[2, 60] == (250, 0, 0)).all()  # background
    assert (np.abs(result[56, 32] - 200) <= 2).all()  # skin
    for point in ((18, 25), (40, 32), (50, 8)):  # shirt, trousers, chair
        red, green, blue = result[point]
        assert green > 150
        assert red == blue == 0
    lit, shadow = result[18, 38, 1], result[18, 25, 1]
    assert lit > shadow
    assert shadow / 250 == pytest.approx(120 / 140, abs=0.03)


def test_only_what_may_change_changes(scene):
    image, _ = scene
    result = changed(scene, (0.0, 1.0, 0.0), ("chair",))
    differs = (result != image).any(axis=-1)
    assert differs[50, 8]
    assert not differs[:, 18:].any()
    assert changed(scene, allowed=()) is image


def test_background_and_chair_leave_clothes_alone(scene):
    image, _ = scene
    before = image.copy()
    result = changed(scene, (0.0, 1.0, 0.0))
    np.testing.assert_allclose(result[12:50, 24:40].astype(int), image[12:50, 24:40], atol=1)
    assert (result[2, 60] == (250, 0, 0)).all()
    np.testing.assert_array_equal(image, before)


def test_mixture_is_25_40_35():
    """D4."""
    rng = np.random.default_rng(0)
    composite = compositor((0.25, 0.40, 0.35))
    counts = Counter(composite.choose(rng, AUGMENTABLE) for _ in range(8000))
    assert set(counts) == {(), AUGMENTABLE[:2], AUGMENTABLE}
    for chosen, share in (((), 0.25), (AUGMENTABLE[:2], 0.40), (AUGMENTABLE, 0.35)):
        assert counts[chosen] / 8000 == pytest.approx(share, abs=0.02)


def test_the_mixture_holds_over_the_whole_set_where_few_sequences_allow_everything():
    """Six of sixteen sequences allow both garments, as in MPI-INF-3DHP; two one garment and no background."""
    rng = np.random.default_rng(0)
    sequences = [AUGMENTABLE] * 6 + [("background", "chair")] * 8 + [("chair", "upper")] * 2
    composite = compositor((0.25, 0.40, 0.35), Counter(sequences))
    drawn = Counter(composite.choose(rng, sequences[i % 16]) for i in range(16000))
    untouched, both = drawn[()], drawn[AUGMENTABLE]
    assert untouched / 16000 == pytest.approx(0.25, abs=0.01)
    assert both / 16000 == pytest.approx(0.35, abs=0.01)
    assert composite.shares == pytest.approx((0.25, 0.40, 0.35))


@pytest.mark.parametrize("mixture", [(0.5, 0.5), (0.5, 0.6, 0.1), (-0.1, 0.6, 0.5)])
def test_impossible_mixture(mixture):
    with pytest.raises(PoseError, match="three shares that sum to one"):
        compositor(mixture)


def test_in_a_dataset_only_augmentable_sequences_change(store_3d):
    """Sequence 0 allows everything, sequence 1 the chair alone; one seed, one result."""
    banks = PictureBank(None, 96, scenery), PictureBank(None, 96, cloth)
    plain_set, changed_set = (PoseDataset(PoseStore(store_3d), image_size=96) for _ in range(2))
    # All that allow it have their garments changed, and of the others all that the mixture has left.
    shares = changed_set.exchange_regions(*banks, (0, 0.5, 0.5), 1.0)
    assert shares == pytest.approx((0, 0.5, 0.5))
    for item in (0, 1):
        spec = SampleSpec(0, item, 1.0, 9)
        before, after = plain_set[spec]["image"].astype(int), changed_set[spec]["image"].astype(int)
        np.testing.assert_array_equal(changed_set[spec]["image"], after)
        share = (np.abs(before - after).max(axis=-1) > 8).mean()
        assert share > 0.6 if item == 0 else 0 < share < 0.2


def test_a_store_without_masks_has_nothing_to_exchange(store_2d):
    dataset = PoseDataset(PoseStore(store_2d), image_size=32, with_3d=False)
    banks = PictureBank(None, 32, scenery), PictureBank(None, 32, cloth)
    assert dataset.exchange_regions(*banks, (0.25, 0.4, 0.35), 1.0) is None
    assert dataset.compositor is None


def test_the_mask_is_read_only_where_something_changes(scene):
    image, mask = scene
    composite = Compositor(PictureBank(None, SIZE, scenery), PictureBank(None, SIZE, cloth))
    reads = []
    for seed in range(40):
        before = len(reads)
        result = composite(image, lambda: reads.append(1) or mask, AUGMENTABLE, np.random.default_rng(seed))
        assert (len(reads) > before) == (result != image).any()
    assert 20 < len(reads) < 40


def test_patterns_differ_and_repeat():
    for pattern in (cloth, scenery):
        pictures = [pattern(np.random.default_rng(i), 64) for i in range(12)]
        assert all(p.shape == (64, 64, 3) and p.dtype == np.uint8 for p in pictures)
        np.testing.assert_array_equal(pictures[4], pattern(np.random.default_rng(4), 64))
        assert len({p.tobytes() for p in pictures}) == 12
        assert np.std([p.mean() for p in pictures]) > 10


def test_a_window_of_a_draw_is_cut_from_it():
    bank, window = PictureBank(None, 64, cloth), (slice(5, 30), slice(10, 90))
    for seed in range(8):
        whole = bank.draw(np.random.default_rng(seed))
        np.testing.assert_array_equal(bank.draw(np.random.default_rng(seed), window), whole[window])
        assert bank.draw(np.random.default_rng(seed), (slice(0), slice(0))).size == 0


def test_pictures_of_the_users(tmp_path):
    import cv2

    for i, tint in enumerate((40, 200)):
        (tmp_path / "sub").mkdir(exist_ok=True)
        cv2.imwrite(str(tmp_path / "sub" / f"{i}.png"), np.full((50, 80, 3), (tint, 0, 0), np.uint8))
    bank = PictureBank(tmp_path, 32, cloth)
    drawn = {tuple(bank.draw(np.random.default_rng(i))[3, 3].tolist()) for i in range(20)}
    assert drawn == {(0, 0, 40), (0, 0, 200)}  # RGB
    assert bank.draw(np.random.default_rng(0)).shape == (32, 32, 3)
    with pytest.raises(PoseError, match="no folder of pictures"):
        PictureBank(tmp_path / "none", 32, cloth)
    (tmp_path / "empty").mkdir()
    with pytest.raises(PoseError, match="holds no pictures"):
        PictureBank(tmp_path / "empty", 32, cloth)


def test_a_bank_passes_over_what_cannot_be_read(tmp_path):
    import cv2

    (tmp_path / "b.jpg").mkdir()
    (tmp_path / "gone.jpg").symlink_to(tmp_path / "nowhere.jpg")
    for i in range(3):
        cv2.imwrite(str(tmp_path / f"{i}.png"), np.full((50, 80, 3), 60 * i, np.uint8))
    (tmp_path / "1.png").write_bytes((tmp_path / "1.png").read_bytes()[:-20])
    with pytest.warns(UserWarning, match="left out") as told:
        bank = PictureBank(tmp_path, 32, cloth)
    assert len(told) == 2
    with pytest.warns(UserWarning, match=r"1\.png is cut short.*the next picture"):
        drawn = {int(bank.draw(np.random.default_rng(i))[3, 3, 0]) for i in range(20)}
    assert drawn == {0, 120}
    bank._kept.clear()
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # each file is warned about once
        bank.draw(np.random.default_rng(0))
    for i in (0, 2):
        (tmp_path / f"{i}.png").write_bytes(b"")
    bank._kept.clear()
    with pytest.warns(UserWarning, match="does not decode"), pytest.raises(PoseError, match="none of the 3 pictures"):
        bank.draw(np.random.default_rng(0))


def test_pictures_of_a_store(store_2d):
    bank = PictureBank(store_2d, 32, cloth)
    assert str(bank) == f"10 images of {store_2d}"
    assert bank.draw(np.random.default_rng(0)).shape == (32, 32, 3)
    pixels = PoseStore(store_2d).image(3)
    assert abs(float(bank._picture(3).mean()) - float(pixels[:, 10:190].mean())) < 3


def test_memory_of_a_bank_is_bounded(monkeypatch):
    monkeypatch.setattr("pose3d.data.pictures.KEPT_BYTES", 5 * 3 * 24 * 24)
    bank = PictureBank(None, 16, cloth)
    for i in range(40):
        bank.draw(np.random.default_rng(i))
    assert len(bank._kept) <= 5


def test_seeding_decides_everything(scene):
    image, mask = scene
    composite = Compositor(PictureBank(None, SIZE, scenery), PictureBank(None, SIZE, cloth), None, (0, 0.5, 0.5))
    results = [composite(image, lambda: mask, AUGMENTABLE, np.random.default_rng(seed)) for seed in (1, 1, 2)]
    np.testing.assert_array_equal(results[0], results[1])
    assert (results[0] != results[2]).any()
