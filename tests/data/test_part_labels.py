"""Part labels from the store into the batch, and why training may refuse them (decision N12)."""

import json
import re
import shutil

import cv2
import h5py
import numpy as np
import pytest

from pose3d.data.check import check_store
from pose3d.data.datamodules import PoseDataModule
from pose3d.data.dataset import PoseDataset
from pose3d.data.geometric import GeometricAugmentation
from pose3d.data.samplers import SampleSpec
from pose3d.data.schema import NUM_PARTS
from pose3d.data.store import PoseStore
from pose3d.errors import PoseError
from pose3d.geometry.crop import transform_points
from pose3d.skeleton import MPI_INF_3DHP_17, remap
from tests.data.drawn import write_store
from tests.data.part_labelled import add_parts, drawn_parts
from tests.data.test_check import add, half_size, reencode, spoil

SMALL = {"image_size": 64, "batch_size": 4, "num_workers": 0}


@pytest.fixture(scope="module")
def plain(tmp_path_factory):
    return write_store(tmp_path_factory.mktemp("plain") / "plain.h5", 6)


@pytest.fixture(scope="module")
def labelled(plain, tmp_path_factory):
    return add_parts(plain, tmp_path_factory.mktemp("parts") / "parts.h5")


def test_what_is_written_is_read(plain, labelled, tmp_path):
    store, some = PoseStore(labelled), PoseStore(add_parts(plain, tmp_path / "some.h5", without=(0, 4)))
    joints = store.labels("joints_2d")[:, remap(store.joint_set, MPI_INF_3DHP_17)]
    for i in range(len(store)):
        np.testing.assert_array_equal(
            store.part_labels(i), drawn_parts(joints[i], tuple(store.labels("image_size")[i]))
        )
    assert [some.has_part_labels(i) for i in range(6)] == [False, True, True, True, False, True]
    assert some.part_label_bytes(0) is None
    assert some.part_label_bytes(1) == store.part_label_bytes(1)
    with pytest.raises(PoseError, match=r"sample 4 of .* has no part labels"):
        some.part_labels(4)


def test_stores_without_part_labels_are_as_they_were(plain, labelled):
    assert not PoseStore(plain).has("parts")
    assert PoseStore(labelled).has("parts")
    assert list(check_store(plain)) == list(check_store(labelled)) == []


@pytest.mark.parametrize(
    ("edit", "words"),
    [
        (add("parts/data", 1, 100), "parts/data: its bytes"),
        (reencode(3, half_size, "parts"), "sample 3: its part-label image is 100 x 90"),
        (reencode(2, lambda b: b[::-1].copy(), "parts"), "the part-label image of sample 2"),
        (
            reencode(1, lambda b: cv2.imencode(".png", cv2.imdecode(b, -1) + 20)[1].ravel(), "parts"),
            r"sample 1: its part labels are no image of body parts \(0 to 24",
        ),
    ],
    ids=["one bit", "size", "undecodable", "values"],
)
def test_each_fault_is_found(labelled, tmp_path, edit, words):
    findings = "\n".join(map(str, check_store(spoil(labelled, tmp_path, edit))))
    assert re.search(words, findings), findings


def test_labels_lie_where_the_picture_shows_the_limbs(labelled):
    """Each cell against the stored label at the pixel that its centre comes from, through the batch's own matrix."""
    store = PoseStore(labelled)
    geometry = GeometricAugmentation(rotation_deg=30, scale_jitter=0.2, shift=0.1)
    dataset = PoseDataset(store, image_size=96, geometry=geometry)
    dataset.enable_part_labels()
    compared = parts = 0
    for item in range(len(store)):
        spec = SampleSpec(0, item, 1.0, 50 + item)
        sample = dataset[spec]
        labels = sample["part_labels"]
        assert labels.shape == (6, 6)
        assert labels.dtype == np.int64
        # The crop's own matrix, undone from what the batch says: joints of the store against joints of the crop.
        joints = store.labels("joints_2d")[item, remap(store.joint_set, MPI_INF_3DHP_17)].astype(np.float64)
        ones = np.concatenate([joints, np.ones((17, 1))], axis=1)
        crop = np.linalg.lstsq(ones, sample["joints_2d_crop"].astype(np.float64), rcond=None)[0].T
        stored = store.part_labels(item)
        centres = np.stack(np.meshgrid(np.arange(6), np.arange(6)), axis=-1).reshape(-1, 2) * 16 + 7.5
        x, y = (transform_points(np.linalg.inv(np.vstack([crop, [0, 0, 1]])), centres)).T
        for cell, (column, row) in enumerate(zip(x, y, strict=True)):
            if min(abs(column % 1 - 0.5), abs(row % 1 - 0.5)) < 0.02:
                continue  # half-way between two pixels
            c, r = round(column), round(row)
            inside = 0 <= r < stored.shape[0] and 0 <= c < stored.shape[1]
            assert labels.ravel()[cell] == (stored[r, c] if inside else 0)
            compared += 1
            parts += labels.ravel()[cell] > 0
    assert compared > 150
    assert parts > 20


def test_batches_carry_them_only_when_asked_for(labelled):
    data = PoseDataModule([str(labelled)], val_file=str(labelled), **SMALL)
    data.setup("fit")
    assert "part_labels" not in next(iter(data.train_dataloader()))
    data.enable_part_labels()
    batch = next(iter(data.train_dataloader()))
    assert batch["part_labels"].shape == (4, 4, 4)
    assert 0 < int(batch["part_labels"].max()) <= 17
    assert "part_labels" not in next(iter(data.val_dataloader()))


def test_other_data_sets_and_mirroring_are_refused_in_a_sentence(plain, labelled, tmp_path):
    some = add_parts(plain, tmp_path / "some.h5", without=(2,))
    for files, lacking in (([plain], "6 of 6"), ([labelled, plain], "6 of 6"), ([some], "1 of 6")):
        data = PoseDataModule([str(path) for path in files], **SMALL)
        data.setup("fit")
        with pytest.raises(PoseError, match=f"{lacking} training samples .* have no part labels.*Human3.6M alone"):
            data.enable_part_labels()
    data = PoseDataModule([str(labelled)], flip=0.5, **SMALL)
    data.setup("fit")
    with pytest.raises(PoseError, match=r"set data\.flip to 0"):
        data.enable_part_labels()


def test_mirrored_crops_carry_the_labels_of_the_other_side(labelled, tmp_path):
    """Limb k of the drawn people is part k + 1, so the skeleton's own exchange of joints says which part is which."""
    flip = [0, *(MPI_INF_3DHP_17.flip[k] + 1 for k in range(17)), *range(18, NUM_PARTS + 1)]
    with_flip = shutil.copy(labelled, tmp_path / "known.h5")
    with h5py.File(with_flip, "r+") as file:
        file.attrs["part_flip"] = json.dumps(flip)
    plain, mirrored = (
        PoseDataset(PoseStore(with_flip), image_size=96, geometry=GeometricAugmentation(flip=p)) for p in (0, 1)
    )
    for item in range(len(plain)):
        labels = []
        for dataset in (plain, mirrored):
            dataset.enable_part_labels()
            labels.append(dataset[SampleSpec(0, item, 1.0, 5)]["part_labels"])
        expected = np.array(flip)[labels[0][:, ::-1]]
        # Thin limbs: where a cell's centre falls between two pixels the mirrored picture may take the other one.
        assert (labels[1] == expected).mean() > 0.9
        assert set(np.unique(labels[1])) - {0}
