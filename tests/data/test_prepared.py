"""Data modules on official folders: stores are prepared once, and stores of other data are refused."""

import json
import shutil
from pathlib import Path

import h5py
import numpy as np
import pytest

from pose3d.data import (
    Human36MAndMPIINF3DHPDataModule,
    Human36MDataModule,
    MPIILSPDataModule,
    MPIINF3DHPDataModule,
)
from pose3d.data import prepared as module
from pose3d.data.sources import prepare as driver
from pose3d.errors import PoseError
from tests.data.sources.h36m_trees import write_metadata, write_tree
from tests.data.sources.mpi_inf_3dhp_trees import write_test, write_train

SMALL = {"image_size": 32, "num_workers": 0, "batch_size": 2, "eval_batch_size": 4}


@pytest.fixture(scope="module")
def studio(tmp_path_factory) -> Path:
    """MPI-INF-3DHP: two people, and the test set below them."""
    root = tmp_path_factory.mktemp("raw") / "mpi_inf_3dhp"
    write_train(root, 4, subjects=(1, 8))
    write_test(root, nested=1)
    return root


@pytest.fixture(scope="module")
def lab(tmp_path_factory) -> Path:
    """Human3.6M: subjects 1 and 8, no test people."""
    root = tmp_path_factory.mktemp("raw") / "h36m"
    write_tree(root, [1, 8])
    write_metadata(root)
    return root


def studio_data(root, stores, **changes):
    options = {"reader": {"subjects": [1, 8], "frames": 0, "movement": 0.0}, **SMALL} | changes
    return MPIINF3DHPDataModule(root=None if root is None else str(root), stores=str(stores), **options)


def test_a_raw_folder_becomes_stores_and_batches(studio, tmp_path, capfd):
    data = studio_data(studio, tmp_path)
    data.prepare_data()
    assert "train.h5: decode" in capfd.readouterr().err
    data.setup()
    assert {path.name for path in (tmp_path / "mpi_inf_3dhp").iterdir()} == {
        *("train.h5", "train.h5.json", "test.h5", "test.h5.json")
    }
    batch = next(iter(data.train_dataloader()))
    assert batch["joints_3d"].shape == (2, 17, 3)
    assert set(np.unique(data.train_sets[0].ids["subject"])) == {1}
    assert set(np.unique(data.val_sets[0].ids["subject"])) == {8}
    assert data.test_scenes
    # What is there is not made again.
    before = (tmp_path / "mpi_inf_3dhp" / "train.h5").stat().st_mtime_ns
    studio_data(studio, tmp_path).prepare_data()
    assert (tmp_path / "mpi_inf_3dhp" / "train.h5").stat().st_mtime_ns == before
    # The stores are enough from here on.
    later = studio_data(None, tmp_path)
    later.prepare_data()
    later.setup("fit")
    # Both were opened for training; the first one for its test as well.
    assert later.identity().items() <= data.identity().items()
    assert {"train", "val"} <= later.identity().keys()


def test_it_is_what_pose3d_prepare_writes(studio, tmp_path):
    from pose3d.app import main

    studio_data(studio, tmp_path, limit=6).prepare_data()
    words = ["prepare", "mpi_inf_3dhp", "--root", str(studio), "--out", str(tmp_path / "own.h5"), "--limit", "6"]
    assert main([*words, "--subjects", "1", "8", "--frames", "0", "--movement", "0", "--workers", "1"]) == 0
    made = (tmp_path / "mpi_inf_3dhp" / "train.h5").read_bytes()
    assert made == (tmp_path / "own.h5").read_bytes()
    assert json.loads((tmp_path / "own.h5.json").read_text())["options"]["subjects"] == [1, 8]


def test_an_interrupted_preparation_goes_on(studio, tmp_path, monkeypatch):
    def stop(*args):
        raise KeyboardInterrupt

    join = driver._join
    monkeypatch.setattr(driver, "_join", stop)
    with pytest.raises(KeyboardInterrupt):
        studio_data(studio, tmp_path).prepare_data()
    folder = tmp_path / "mpi_inf_3dhp"
    finished = {path.name: path.stat().st_mtime_ns for path in (folder / "train.h5.parts").glob("*.h5")}
    assert finished
    assert not (folder / "train.h5").exists()
    seen = {}

    def note(plan, parts, *args):
        seen.update({part.path.name: part.path.stat().st_mtime_ns for part in parts})
        join(plan, parts, *args)

    monkeypatch.setattr(driver, "_join", note)
    studio_data(studio, tmp_path).prepare_data()
    assert finished.items() <= seen.items()
    assert (folder / "train.h5").is_file()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"limit": 3}, "was prepared with limit 0, this run asks for 3; set data.stores to another folder"),
        ({"reader": {"frames": 5}}, "was prepared with options"),
        ({"root": "elsewhere"}, "was prepared with root"),
    ],
)
def test_a_store_of_other_options_or_of_another_folder_is_not_taken_for_this_one(studio, tmp_path, change, message):
    studio_data(studio, tmp_path).prepare_data()
    if "root" in change:
        other = tmp_path / "elsewhere"
        shutil.copytree(studio, other)
        change = {"root": str(other)}
    data = studio_data(**{"root": studio, "stores": tmp_path} | change)
    with pytest.raises(PoseError, match=message):
        data.prepare_data()


def test_testing_prepares_the_test_set_alone(studio, tmp_path):
    from lightning.pytorch import Trainer
    from lightning.pytorch.trainer.states import TrainerFn

    data = studio_data(studio, tmp_path)
    data.trainer = Trainer(accelerator="cpu", logger=False, enable_checkpointing=False)
    data.trainer.state.fn = TrainerFn.TESTING
    data.prepare_data()
    data.setup("test")
    assert not (tmp_path / "mpi_inf_3dhp" / "train.h5").exists()
    assert len(data.test_sets[0]) == 24


def test_no_test_set_is_no_mistake(lab, tmp_path):
    data = Human36MDataModule(root=str(lab), stores=str(tmp_path), reader={"movement": 0, "subjects": [1, 8]}, **SMALL)
    data.prepare_data()
    data.setup("fit")
    assert data.test_file is None
    assert data.scales == [0.7, 1.0]
    with pytest.raises(PoseError, match=r"nothing to test on: set data\.test_file"):
        data.setup("test")


def test_both_sets_lie_side_by_side(studio, lab, tmp_path):
    root = tmp_path / "raw"
    root.mkdir()
    (root / "mpi_inf_3dhp").symlink_to(studio)
    (root / "h36m").symlink_to(lab)
    reader = {"movement": 0, "frames": 0, "subjects": [1, 8]}
    options = {"reader": reader, "stores": str(tmp_path / "stores"), **SMALL | {"batch_size": 6}}
    data = Human36MAndMPIINF3DHPDataModule(root=str(root), **options)
    data.prepare_data()
    data.setup()
    assert data.mixture == [0.5, 0.5]
    assert [dataset.store.attrs["source"] for dataset in data.train_sets] == ["h36m", "mpi_inf_3dhp"]
    assert data.test_sets[0].store.attrs["source"] == "mpi_inf_3dhp_test"
    roots = {"h36m": str(lab), "mpi_inf_3dhp": str(studio), "mpi_inf_3dhp_test": str(studio)}
    apart = Human36MAndMPIINF3DHPDataModule(roots=roots, **options)
    apart.prepare_data()
    apart.setup("fit")
    assert apart.identity().items() <= data.identity().items()
    assert {"train", "val"} <= apart.identity().keys()


def fake_store(store, path, source):
    path.parent.mkdir(parents=True, exist_ok=True)
    shutil.copy(store, path)
    with h5py.File(path, "r+") as file:
        file.attrs["source"] = source


def test_stage_1_trains_on_those_that_are_there(store_2d, tmp_path):
    for name in ("lsp/train", "lspet/train", "lsp/val"):
        fake_store(store_2d, tmp_path / f"{name}.h5", name.partition("/")[0])
    data = MPIILSPDataModule(stores=str(tmp_path), **SMALL)
    data.setup()
    assert [dataset.store.attrs["source"] for dataset in data.train_sets] == ["lsp", "lspet"]
    assert data.val_file == data.test_file == str(tmp_path / "lsp" / "val.h5")
    fake_store(store_2d, tmp_path / "mpii" / "val.h5", "mpii")
    assert data.store_names()["train"] == [str(tmp_path / name / "train.h5") for name in ("mpii", "lsp", "lspet")]
    other = MPIILSPDataModule(stores=str(tmp_path), **SMALL)
    other.setup()
    assert other.test_file == str(tmp_path / "mpii" / "val.h5")
    assert (other.geometry.rotation_deg, other.geometry.flip, other.with_3d) == (20.0, 0.5, False)


def test_a_store_of_another_data_set_is_refused(store_3d, tmp_path):
    fake_store(store_3d, tmp_path / "h36m" / "train.h5", "mpi_inf_3dhp")
    with pytest.raises(PoseError, match=r"train.h5 holds mpi_inf_3dhp, not h36m; correct data\.stores"):
        Human36MDataModule(stores=str(tmp_path), **SMALL).setup("fit")


def test_stores_may_be_sharded(store_3d, tmp_path):
    for number in (0, 1):
        fake_store(store_3d, tmp_path / "h36m" / f"train-{number}.h5", "h36m")
    data = Human36MDataModule(stores=str(tmp_path), val_subjects=None, **SMALL)
    data.setup("fit")
    assert len(data.train_sets[0]) == 24
    assert data.val_sets == []


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({}, r"there is no store .*h36m/train.h5; set data.root .* or make it with `pose3d prepare h36m`"),
        ({"root": "nowhere"}, "there is no folder nowhere; data.root must name the folder of the official files"),
        ({"roots": {"h36n": "x"}}, "data.roots names 'h36n'; did you mean h36m"),
        ({"limit": -1}, "data.limit is -1; it must be an integer >=0"),
        ({"root": ".", "reader": {"framez": 3}}, "no reader of .* has an option 'framez'; did you mean frames"),
    ],
)
def test_mistakes_are_sentences(tmp_path, options, message):
    def begin():
        data = Human36MDataModule(stores=str(tmp_path), **options, **SMALL)
        data.prepare_data()
        data.setup("fit")

    with pytest.raises(PoseError, match=message):
        begin()


def test_a_folder_that_is_one_of_several_sets_is_recognised(tmp_path):
    root = tmp_path / "some"
    (root / "annot").mkdir(parents=True)
    assert MPIILSPDataModule(root=str(root)).recognise(root) == "mpii"
    (root / "annot").rmdir()
    with pytest.raises(PoseError, match="has none of the folders mpii, lsp, lspet; correct"):
        MPIILSPDataModule(root=str(root)).prepare_data()


def test_the_default_place_is_data():
    assert module.STORES == "data"
    assert MPIINF3DHPDataModule().store_names() == {
        "train": ["data/mpi_inf_3dhp/train.h5"],
        "val": [],
        "test": ["data/mpi_inf_3dhp/test.h5"],
    }


def test_a_store_made_by_the_command_line_serves_the_same_root(studio, tmp_path):
    """`pose3d prepare` names every option, a data module only what differs from the reader's defaults."""
    from pose3d.app import main

    out = tmp_path / "mpi_inf_3dhp" / "test.h5"
    assert main(["prepare", "mpi_inf_3dhp_test", "--root", str(studio), "--out", str(out), "--workers", "1"]) == 0
    before = out.stat().st_mtime_ns
    studio_data(studio, tmp_path).prepare_data()
    assert out.stat().st_mtime_ns == before
