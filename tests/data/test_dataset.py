import numpy as np
import pytest

from pose3d.data.dataset import JoinedDataset, PoseDataset
from pose3d.data.geometric import GeometricAugmentation
from pose3d.data.loader import collate
from pose3d.data.samplers import SampleSpec
from pose3d.data.store import PoseStore
from pose3d.geometry.crop import transform_points
from pose3d.skeleton import MPI_INF_3DHP_17, MPI_INF_3DHP_28, POSE2D_15, remap
from tests.data.drawn import UNIVERSAL_RATIO, write_store

AUGMENTATIONS = {
    "none": GeometricAugmentation(),
    "rotation": GeometricAugmentation(rotation_deg=40),
    "flip": GeometricAugmentation(flip=1.0),
    "zoom": GeometricAugmentation(scale_jitter=0.3),
    "shift": GeometricAugmentation(shift=0.2),
    "all": GeometricAugmentation(rotation_deg=30, flip=0.5, scale_jitter=0.2, shift=0.1),
}
SPECS = [SampleSpec(0, item, scale, 1000 + item) for item in range(6) for scale in (1.0, 0.7)]


def dehomogenise(points):
    return points[..., :2] / points[..., 2:]


@pytest.mark.parametrize("name", AUGMENTATIONS)
def test_3d_projects_onto_2d_and_2d_goes_into_the_crop(store_3d, name):
    """The chain of `types.Batch`, written out with plain matrices, after every geometric augmentation."""
    dataset = PoseDataset(PoseStore(store_3d), image_size=96, geometry=AUGMENTATIONS[name])
    for spec in SPECS:
        sample = {key: np.asarray(value, np.float64) for key, value in dataset[spec].items()}
        joints_cam = sample["joints_3d_true"] + sample["translation"]
        in_image = dehomogenise(joints_cam @ sample["intrinsics"].T)
        np.testing.assert_allclose(in_image, sample["joints_2d_img"], atol=2e-3)
        homogeneous = np.concatenate([sample["joints_2d_img"], np.ones((17, 1))], axis=1)
        in_crop = (homogeneous @ sample["crop_from_img"].T)[:, :2]
        np.testing.assert_allclose(in_crop, sample["joints_2d_crop"], atol=2e-3)
        np.testing.assert_allclose(sample["joints_3d"], UNIVERSAL_RATIO * sample["joints_3d_true"], atol=1e-2)
        np.testing.assert_array_equal(sample["joints_3d"][MPI_INF_3DHP_17.root], 0)


@pytest.mark.parametrize("name", AUGMENTATIONS)
def test_pixels_follow_the_joints(store_3d, name):
    """The middle of each shin is on the drawn, blue shin of that leg, in every crop."""
    dataset = PoseDataset(PoseStore(store_3d), image_size=160, geometry=AUGMENTATIONS[name])
    names = MPI_INF_3DHP_17.names
    seen = 0
    for spec in SPECS:
        sample = dataset[spec]
        for side in "lr":
            ends = [names.index(f"{side}_{joint}") for joint in ("knee", "ankle")]
            x, y = np.round(sample["joints_2d_crop"][ends].mean(axis=0)).astype(int)
            if sample["visible"][ends].all() and 2 <= x < 158 and 2 <= y < 158:
                red, _, blue = sample["image"][y, x].astype(int)
                assert blue > red + 60, (spec, side)
                seen += 1
    assert seen > 10


def test_flip_swaps_sides_and_mirrors(store_3d):
    store = PoseStore(store_3d)
    plain = PoseDataset(store, image_size=96)[3]
    mirrored = PoseDataset(store, image_size=96, geometry=AUGMENTATIONS["flip"])[3]
    left, right = MPI_INF_3DHP_17.index("l_wrist"), MPI_INF_3DHP_17.index("r_wrist")
    np.testing.assert_allclose(mirrored["joints_3d"][left], plain["joints_3d"][right] * (-1, 1, 1), atol=1e-3)
    np.testing.assert_allclose(mirrored["joints_2d_crop"][left, 0], 95 - plain["joints_2d_crop"][right, 0], atol=1e-3)
    assert np.abs(mirrored["image"][:, ::-1].astype(int) - plain["image"]).mean() < 1
    # A subject's left stays on the same side of the body: the wrist is still left of the spine as the person sees it.
    assert (mirrored["joints_3d"][left, 0] > 0) == (plain["joints_3d"][left, 0] > 0)


def test_plain_sample_is_the_stored_one(store_3d):
    store = PoseStore(store_3d)
    order = remap(MPI_INF_3DHP_28, MPI_INF_3DHP_17)
    dataset = PoseDataset(store, np.array([4, 9]), image_size=64)
    sample = dataset[1]
    assert sample["index"] == 9
    assert sample["frame"] == 9
    assert sample["subject"] == 9 % 3 + 1
    np.testing.assert_array_equal(sample["joints_2d_img"], store.labels("joints_2d")[9, order])
    np.testing.assert_array_equal(sample["bbox"], store.labels("bbox")[9])
    np.testing.assert_array_equal(sample["visible"], store.labels("visible")[9, order].astype(bool))
    np.testing.assert_allclose(sample["translation"], store.labels("joints_3d")[9, MPI_INF_3DHP_28.root])
    # The square about the box times 1.25 fills the crop (G3).
    x, y, w, h = store.labels("bbox")[9]
    assert np.sqrt(np.linalg.det(sample["crop_from_img"][:2, :2])) == pytest.approx(64 / (1.25 * max(w, h)), rel=1e-5)
    np.testing.assert_allclose(sample["crop_from_img"] @ [x + w / 2, y + h / 2, 1], [31.5, 31.5, 1], atol=1e-3)


def test_a_sample_depends_on_its_draw_alone(store_3d):
    def make():
        return PoseDataset(
            PoseStore(store_3d), image_size=64, geometry=AUGMENTATIONS["all"], appearance_preset="strong"
        )

    one, other = make(), make()
    other[SampleSpec(0, 5, 1.0, 77)]  # what was made before must not matter
    for key, value in one[SampleSpec(0, 2, 0.7, 5)].items():
        np.testing.assert_array_equal(other[SampleSpec(0, 2, 0.7, 5)][key], value)
    assert (one[SampleSpec(0, 2, 0.7, 5)]["image"] != one[SampleSpec(0, 2, 0.7, 6)]["image"]).any()


def test_2d_only_store_beside_a_3d_one(store_3d, store_2d):
    joined = JoinedDataset([PoseDataset(PoseStore(path), image_size=48) for path in (store_3d, store_2d)])
    batch = collate([joined[SampleSpec(source, 1, 1.0, 0)] for source in (0, 1, 1)])
    assert batch["has_3d"].tolist() == [True, False, False]
    assert batch["joints_3d"].shape == (3, 17, 3)
    assert (batch["joints_3d"][1:] == 0).all()
    assert batch["intrinsics"].shape == (3, 3, 3)
    alone = collate([PoseDataset(PoseStore(store_2d), image_size=48, with_3d=False)[0]])
    assert {"joints_3d", "joints_3d_true", "translation", "intrinsics"}.isdisjoint(alone)
    assert not alone["has_3d"].any()


def test_batch_has_the_shapes_and_types_of_the_contract(store_3d):
    dataset = PoseDataset(PoseStore(store_3d), image_size=48)
    batch = collate([dataset[i] for i in range(5)])
    expected = {
        "image": ((5, 48, 48, 3), "uint8"),
        "joints_2d_crop": ((5, 17, 2), "float32"),
        "joints_2d_img": ((5, 17, 2), "float32"),
        "visible": ((5, 17), "bool"),
        "joints_3d": ((5, 17, 3), "float32"),
        "joints_3d_true": ((5, 17, 3), "float32"),
        "translation": ((5, 3), "float32"),
        "has_3d": ((5,), "bool"),
        "crop_from_img": ((5, 3, 3), "float32"),
        "intrinsics": ((5, 3, 3), "float32"),
        "bbox": ((5, 4), "float32"),
        "head_size": ((5,), "float32"),
    } | dict.fromkeys(("subject", "sequence", "activity", "scene", "camera", "frame", "index"), ((5,), "int64"))
    found = {key: (tuple(value.shape), str(value.dtype).removeprefix("torch.")) for key, value in batch.items()}
    assert found == expected


def test_joints_that_a_set_lacks_are_invisible(tmp_path, monkeypatch):
    """A store of 15 joints fills the first 15 of the 17; spine and head are not labelled."""
    from pose3d.data import schema

    monkeypatch.setitem(schema.STORED_JOINT_SETS, "pose2d_15", POSE2D_15)
    path = write_store(tmp_path / "15.h5", 2, joint_set=POSE2D_15, three_d=False, masks=False)
    sample = PoseDataset(PoseStore(path), image_size=48, with_3d=False)[0]
    assert not sample["visible"][15:].any()
    assert sample["visible"][:14].any()
    np.testing.assert_array_equal(sample["joints_2d_img"][15:], 0)


def test_person_of_a_single_joint_makes_a_crop(store_2d):
    dataset = PoseDataset(PoseStore(store_2d), image_size=48, geometry=AUGMENTATIONS["all"], with_3d=False)
    dataset.bbox[0] = (50, 60, 0, 0)
    dataset.visible[0] = False
    sample = dataset[SampleSpec(0, 0, 1.0, 3)]
    assert np.isfinite(sample["joints_2d_crop"]).all()
    assert sample["image"].shape == (48, 48, 3)


def test_without_localisation_the_crop_is_the_whole_image(store_3d):
    store = PoseStore(store_3d)
    sample = PoseDataset(store, image_size=64, localised=False)[0]
    corners = np.array([[-0.5, -0.5], store.labels("image_size")[0] - 0.5])
    seen = transform_points(sample["crop_from_img"], corners)
    assert seen.min() == pytest.approx(-0.5, abs=1e-4)
    assert seen.max() == pytest.approx(63.5, abs=1e-4)
    crop = PoseDataset(store, image_size=64)[0]
    assert not np.allclose(crop["crop_from_img"], sample["crop_from_img"])
