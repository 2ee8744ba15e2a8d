import copy
import math
import re
import shutil

import cv2
import h5py
import numpy as np
import pytest
import torch

from pose3d.data.datamodules import PoseDataModule
from pose3d.data.loader import worker_count
from pose3d.data.store import PoseStore
from pose3d.errors import PoseError
from tests.data.drawn import write_store

# isort: split

SMALL = {"image_size": 32, "batch_size": 4, "eval_batch_size": 5, "num_workers": 0}


def rows(loader):
    return [row for batch in loader for row in batch["index"].tolist()]


def test_named_subjects_are_held_out(store_3d):
    data = PoseDataModule([str(store_3d)], val_subjects=[2], **SMALL)
    data.setup("fit")
    subject = PoseStore(store_3d).labels("subject")
    held_out = np.flatnonzero(subject == 2).tolist()
    assert rows(data.val_dataloader()) == held_out
    assert sorted(rows(data.train_dataloader())) == sorted(set(range(12)) - set(held_out))


def test_training_drops_the_short_batch_and_evaluation_keeps_it(store_3d):
    data = PoseDataModule([str(store_3d)], val_file=str(store_3d), test_file=str(store_3d), **SMALL | {"batch_size": 5})
    data.setup()
    assert [len(batch["index"]) for batch in data.train_dataloader()] == [5, 5]
    for loader in (data.val_dataloader(), data.test_dataloader(), data.predict_dataloader()):
        assert [len(batch["index"]) for batch in loader] == [5, 5, 2]
        assert rows(loader) == list(range(12))


def test_validation_may_be_thinned_evenly(store_3d, tmp_path):
    other = write_store(tmp_path / "val.h5", 8, seed=2)
    data = PoseDataModule([str(store_3d)], val_subjects=[3], val_file=str(other), val_samples=4, **SMALL)
    data.setup("fit")
    assert [len(part) for part in data.val_sets] == [2, 2]  # 4 held-out samples and 8 others
    assert rows(data.val_dataloader()) == [2, 11, 2, 5]


def test_mixture_and_scales(store_3d, store_2d):
    data = PoseDataModule(
        [str(store_3d), str(store_2d)], mixture=[0.75, 0.25], scales=[0.7, 1.0], epoch_samples=16, **SMALL
    )
    data.setup("fit")
    batches = list(data.train_dataloader())
    has_3d = torch.cat([batch["has_3d"] for batch in batches])
    assert has_3d.sum() == 12
    assert len(has_3d) == 16


def test_image_is_network_input_on_the_device(store_3d):
    data = PoseDataModule([str(store_3d)], **SMALL, normalisation="caffe")
    data.setup("fit")
    raw = next(iter(data.train_dataloader()))
    batch = data.on_after_batch_transfer(raw, 0)
    assert batch["image"].shape == (4, 3, 32, 32)
    assert batch["image"].dtype == torch.float32
    blue = raw["image"][2, 10, 11, 2] / 255 - 0.4
    torch.testing.assert_close(batch["image"][2, 0, 10, 11], blue)
    again = data.on_after_batch_transfer(batch, 0)
    assert again["image"] is batch["image"]


def test_mean_pose_and_names(store_3d, store_2d):
    data = PoseDataModule([str(store_3d), str(store_2d)], val_subjects=[2], test_file=str(store_3d), **SMALL)
    data.setup()
    dataset = data.train_sets[0]
    torch.testing.assert_close(
        data.mean_pose(), torch.stack([torch.from_numpy(dataset[i]["joints_3d"]) for i in range(len(dataset))]).mean(0)
    )
    assert data.sequence_names == ["first", "second"]
    assert data.activity_names == ["standing", "waving"]
    assert data.scene_names == ["indoors"]


def test_the_last_person_of_each_store_can_be_held_out(store_3d, tmp_path):
    four = write_store(tmp_path / "four.h5", 8, subjects=4)
    data = PoseDataModule([str(store_3d), str(four)], val_subjects="last", **SMALL)
    data.setup("fit")
    people = [
        [set(part.store.labels("subject")[part.rows].tolist()) for part in parts]
        for parts in (data.train_sets, data.val_sets)
    ]
    assert people == [[{1, 2}, {1, 2, 3}], [{3}, {4}]]


def test_test_scenes_are_those_that_occur_and_have_a_name(tmp_path):
    path = write_store(tmp_path / "scenes.h5", 2, scenes=("", "garden", "nobody was here"))
    data = PoseDataModule([str(path)], test_file=str(path), **SMALL)
    data.setup("test")
    assert data.test_scenes == {1: "garden"}


def test_stage_1_takes_both_kinds_of_store(store_3d, store_2d):
    data = PoseDataModule([str(store_3d), str(store_2d)], with_3d=False, **SMALL)
    data.setup("fit")
    for batch in data.train_dataloader():
        assert "joints_3d" not in batch
        assert batch["joints_2d_crop"].shape == (4, 17, 2)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"train_files": ["nowhere/wild2d.h5"]}, r"no data at nowhere/wild2d.h5; `make data` .*synth --out nowhere"),
        ({"train_files": []}, "nothing to train on: set data.train_files"),
        ({"val_subjects": [9]}, r"validation subjects \[9\] are in none"),
        ({"val_subjects": [1, 2, 3]}, "leave nobody to train on"),
        ({"normalisation": "x"}, "unknown normalisation 'x'"),
        ({"appearance": "x"}, "unknown appearance augmentation 'x'"),
        ({"composite": [1.0]}, "three shares"),
        ({"composite": [0.2, 0.4, 0.4], "backgrounds": "no/pictures"}, "no folder of pictures at no/pictures"),
    ],
)
def test_mistakes_are_sentences(store_3d, change, message):
    with pytest.raises(PoseError, match=message):
        PoseDataModule(**{"train_files": [str(store_3d)]} | SMALL | change).setup("fit")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"batch_size": 0}, "data.batch_size is 0; it must be an integer >0"),
        ({"batch_size": 2.5}, "data.batch_size is 2.5; it must be an integer >0"),
        ({"batch_size": True}, "data.batch_size is True; it must be a number"),
        ({"eval_batch_size": -1}, "data.eval_batch_size is -1"),
        ({"num_workers": -1}, "data.num_workers is -1; it must be an integer >=0"),
        ({"scales": []}, "data.scales is empty"),
        ({"scales": [0.7, 0.0]}, "data.scales is 0.0; it must be a number >0 and finite"),
        ({"scales": [math.inf]}, "data.scales is inf"),
        ({"epoch_samples": -5}, "data.epoch_samples is -5"),
        ({"val_samples": 0}, "data.val_samples is 0"),
        ({"box_margin": 0}, "data.box_margin is 0; it must be a number >=0.5 and <=10"),
        ({"scale_jitter": -2}, "data.scale_jitter is -2"),
        ({"rotation_deg": math.nan}, "data.rotation_deg is nan"),
        ({"flip": 2}, "data.flip is 2; it must be a number >=0 and <=1"),
        ({"mixture": [1.5, -0.5]}, "data.mixture is 1.5"),
        ({"image_size": 8}, "data.image_size is 8; it must be an integer >=32"),
        ({"seed": -1}, "data.seed is -1"),
        ({"unlabelled_batch": 0}, "data.unlabelled_batch is 0"),
    ],
)
def test_arguments_out_of_bounds_are_refused_at_once(change, message):
    with pytest.raises(PoseError, match=re.escape(message)):
        PoseDataModule(**{"train_files": ["nowhere.h5"]} | SMALL | change)


def test_mistakes_that_show_later(store_3d, store_2d):
    with pytest.raises(PoseError, match="nothing to test on"):
        PoseDataModule([str(store_3d)], **SMALL).setup("test")
    with pytest.raises(PoseError, match="no 3D labels to evaluate on"):
        PoseDataModule([str(store_3d)], test_file=str(store_2d), **SMALL).setup("test")
    data = PoseDataModule([str(store_3d)], **SMALL | {"batch_size": 64})
    data.setup("fit")
    with pytest.raises(PoseError, match="fewer than one batch of 64"):
        data.train_dataloader()


def test_workers_make_the_same_batches(store_3d):
    options = SMALL | {"appearance": "strong", "composite": [0.1, 0.4, 0.5], "rotation_deg": 30, "flip": 0.5}
    epochs = []
    for num_workers in (0, 2):
        data = PoseDataModule([str(store_3d)], **options | {"num_workers": num_workers}, scales=[0.7, 1.0])
        data.setup("fit")
        loader = data.train_dataloader()
        epochs.append([])
        for epoch in range(2):
            loader.sampler.set_epoch(epoch)
            epochs[-1] += list(loader)
    assert len(epochs[0]) == len(epochs[1]) == 12
    for one, other in zip(*epochs, strict=True):
        assert one.keys() == other.keys()
        assert all((one[key] == other[key]).all() for key in one)


def test_worker_count():
    assert worker_count(3) == 3
    assert 0 <= worker_count("auto") <= 8


def test_hyperparameters_are_plain_data(store_3d):
    """A data module goes to other processes by pickle, stores included."""
    data = PoseDataModule([str(store_3d)], **SMALL, composite=[0.2, 0.4, 0.4])
    data.setup("fit")
    next(iter(data.train_dataloader()))
    assert len(copy.deepcopy(data).train_sets[0]) == 12


def test_opencv_keeps_to_one_thread(store_3d):
    PoseDataModule([str(store_3d)], **SMALL).setup("fit")
    assert cv2.getNumThreads() <= 1


def test_unlabelled_images_come_on_top_of_every_batch(store_3d, store_2d):
    """The labelled samples are those of a run without them; nothing of their labels is in the batch."""
    usual = PoseDataModule([str(store_3d)], **SMALL)
    more = PoseDataModule([str(store_3d)], unlabelled_files=[str(store_3d), str(store_2d)], unlabelled_batch=3, **SMALL)
    for data in (usual, more):
        data.setup("fit")
    pairs = list(zip(usual.train_dataloader(), more.train_dataloader(), strict=True))
    assert len(pairs) == 3
    for one, other in pairs:
        assert len(other["image"]) == 7
        assert all((value == other[key][:4]).all() for key, value in one.items())
        assert not other["has_3d"][4:].any()
        assert not other["visible"][4:].any()
        assert (other["joints_3d"][4:] == 0).all()
    assert [entry["samples"] for entry in more.identity()["unlabelled"]] == [12, 10]
    torch.testing.assert_close(more.mean_pose(), usual.mean_pose())
    as_many = PoseDataModule([str(store_3d)], unlabelled_files=[str(store_2d)], **SMALL)
    as_many.setup("fit")
    assert len(next(iter(as_many.train_dataloader()))["image"]) == 8


@pytest.mark.parametrize("column", ["joints_3d", "joints_3d_univ", "joints_2d", "bbox", "intrinsics", "head_size"])
def test_a_label_that_is_no_number_is_named(store_3d, tmp_path, column):
    path = shutil.copy(store_3d, tmp_path / "nan.h5")
    with h5py.File(path, "r+") as file:
        file["visible"][7] = 1
        for row in (7, 9):
            file[column][row] = np.nan
    data = PoseDataModule([str(path)], **SMALL)
    with pytest.raises(PoseError, match=rf"{column} of sample 7.* of .*nan.h5 is NaN or infinite; leave such"):
        data.setup("fit")


def test_a_joint_that_is_not_labelled_may_be_anything(store_3d, tmp_path):
    path = shutil.copy(store_3d, tmp_path / "some.h5")
    with h5py.File(path, "r+") as file:
        file["visible"][3] = 0
        file["joints_2d"][3] = np.nan
    data = PoseDataModule([str(path)], **SMALL)
    data.setup("fit")
    assert all(torch.isfinite(batch["joints_2d_crop"]).all() for batch in data.train_dataloader())


def test_what_is_exchanged_is_said(store_3d, store_2d, caplog):
    caplog.set_level("INFO", logger="pose3d")
    PoseDataModule([str(store_3d)], composite=True, backgrounds=str(store_2d), **SMALL).setup("fit")
    assert "25.0 % untouched, 40.0 % background and chair, 35.0 % garments too (wanted: 25, 40, 35)" in caplog.text
    assert f"backgrounds: 10 images of {store_2d}" in caplog.text
    assert "textures: 96 procedural patterns stand in for pictures; set data.textures to a folder" in caplog.text
    caplog.clear()
    PoseDataModule([str(store_2d)], composite=True, with_3d=False, **SMALL).setup("fit")
    assert caplog.text == ""
