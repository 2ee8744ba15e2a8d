"""A data set in several files reads as one."""

import pickle
from itertools import islice

import numpy as np
import pytest

from pose3d.data.datamodules import PoseDataModule
from pose3d.data.schema import COLUMNS
from pose3d.data.shards import ShardedStore, open_store, store_paths
from pose3d.data.store import PoseStore
from pose3d.data.store_writer import StoreWriter
from pose3d.errors import PoseError
from tests.data.drawn import write_store

SPLIT = 5


def copy_rows(store, out, rows, **changes):
    """Some samples of a store as a store of their own."""
    columns = {name: store.labels(name) for name in COLUMNS if store.has(name)}
    names = ("sequence_names", "activity_names", "scene_names", "augmentable")
    attrs = {name: store.attrs[name] for name in names} | {"source": "drawn"} | changes
    with StoreWriter(out, joint_set=store.joint_set.name, **attrs) as writer:
        for row in rows:
            labels = {name: column[row] for name, column in columns.items()}
            writer.append(store.image_bytes(row), store.mask_bytes(row), **labels)
    return out


@pytest.fixture(scope="module")
def parts(store_3d, tmp_path_factory):
    """The twelve samples of a store in two files."""
    folder, store = tmp_path_factory.mktemp("shards"), PoseStore(store_3d)
    copy_rows(store, folder / "train-0.h5", range(SPLIT))
    copy_rows(store, folder / "train-1.h5", range(SPLIT, 12))
    return folder


@pytest.mark.parametrize("named", ["list", "pattern"])
def test_two_shards_give_the_same_training_batches_as_one_file(store_3d, parts, named):
    files = [str(parts / f"train-{i}.h5") for i in (0, 1)]
    options = {
        "batch_size": 4,
        "image_size": 64,
        "num_workers": 1,
        "scales": [0.7, 1.0],
        "val_subjects": [2],
        "rotation_deg": 20.0,
        "flip": 0.5,
        "appearance": "light",
        "composite": True,
    }
    batches = []
    for name in (str(store_3d), files if named == "list" else str(parts / "train-*.h5")):
        data = PoseDataModule([name], **options)
        data.setup("fit")
        batches.append([*islice(data.train_dataloader(), 4), *data.val_dataloader()])
    assert len(batches[0]) == len(batches[1]) == 5
    for one, other in zip(*batches, strict=True):
        assert one.keys() == other.keys()
        assert all((one[key] == other[key]).all() for key in one)


def test_every_file_is_opened_once_in_a_process(parts):
    store = pickle.loads(pickle.dumps(open_store(str(parts / "train-*.h5"))))
    handles = set()
    for index in np.random.default_rng(0).permutation(12).tolist() * 2:
        store.image(index)
        handles |= {id(shard._file) for shard in store.shards if shard._file is not None}
    assert len(handles) == 2


def test_shards_of_different_sequences_are_numbered_anew(store_3d, parts, tmp_path):
    store = PoseStore(store_3d)
    names = {"sequence_names": ["second", "third"], "activity_names": ["waving", "standing"]}
    other = copy_rows(store, tmp_path / "b.h5", range(4), augmentable=[["chair"], ["background"]], **names)
    both = ShardedStore([parts / "train-0.h5", other])
    assert both.attrs["sequence_names"] == ["first", "second", "third"]
    assert both.attrs["augmentable"] == [store.attrs["augmentable"][0], ["chair"], ["background"]]
    assert [both.attrs["sequence_names"][i] for i in both.labels("sequence")[SPLIT:]] == ["second", "third"] * 2
    assert [both.attrs["activity_names"][i] for i in both.labels("activity")[SPLIT:]] == ["waving", "standing"] * 2
    assert both.labels("sequence").dtype == store.labels("sequence").dtype


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"source": "other"}, "has source 'other' and .* has 'drawn'; shards must be of one data set"),
        ({"augmentable": [["chair"], ["chair"]]}, "differ in what may change in sequence 'first'"),
    ],
)
def test_files_that_do_not_belong_together(store_3d, parts, tmp_path, change, message):
    other = copy_rows(PoseStore(store_3d), tmp_path / "b.h5", range(2), **change)
    with pytest.raises(PoseError, match=message):
        ShardedStore([parts / "train-0.h5", other])


def test_other_joints_or_columns_do_not_belong_together(parts, store_2d, tmp_path):
    with pytest.raises(PoseError, match="shards must be of one data set"):
        ShardedStore([parts / "train-0.h5", store_2d])
    flat = write_store(tmp_path / "flat.h5", 3, three_d=False)
    with pytest.raises(PoseError, match="differ in their columns cam_from_world, intrinsics"):
        ShardedStore([parts / "train-0.h5", flat])


def test_names_of_stores(parts, tmp_path):
    assert store_paths(str(parts / "train-*.h5")) == [parts / "train-0.h5", parts / "train-1.h5"]
    assert isinstance(open_store([str(parts / "train-1.h5")]), PoseStore)
    for name, message in (
        (str(tmp_path / "no-*.h5"), "no file matches"),
        ([], "list is empty"),
        ([str(parts / "train-0.h5"), "no.h5"], "there is no data at no.h5"),
    ):
        with pytest.raises(PoseError, match=message):
            open_store(name)
    with pytest.raises(IndexError, match="sample 12 of"):
        open_store(str(parts / "train-*.h5")).image(12)


def test_identity_names_every_file(parts):
    data = PoseDataModule([str(parts / "train-*.h5")], num_workers=0, image_size=32)
    data.setup("fit")
    (train,) = data.identity()["train"]
    assert [entry["file"] for entry in train["shards"]] == [str(parts / f"train-{i}.h5") for i in (0, 1)]
    assert train["samples"] == 12
    assert train["sha256"] not in {entry["sha256"] for entry in train["shards"]}
