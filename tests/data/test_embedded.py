"""The embedded data set is rendered when it is missing."""

import shutil

import numpy as np
import pytest

from pose3d.data import EmbeddedDataModule, PoseStore
from pose3d.errors import PoseError

SMALL = {"image_size": 32, "num_workers": 0, "batch_size": 4}
FEW = {"lab3d": 44, "test": 6}


@pytest.fixture(scope="module")
def rendered(tmp_path_factory):
    """The lab and the test world, a few images each, rendered by the data module."""
    folder = tmp_path_factory.mktemp("embedded")
    EmbeddedDataModule(root=str(folder), worlds=["lab3d"], images=FEW, **SMALL).prepare_data()
    return folder


def test_worlds_that_are_not_there_are_rendered(rendered):
    data = EmbeddedDataModule(root=str(rendered), worlds=["lab3d"], **SMALL)
    data.prepare_data()  # nothing to do, whatever the preset says
    data.setup()
    assert {path.name for path in rendered.iterdir()} == {"lab3d.h5", "test.h5"}
    assert len(PoseStore(rendered / "lab3d.h5")) == 44
    assert set(np.unique(data.val_sets[0].ids["subject"])) == {8, 9, 11}
    assert {8, 9, 11}.isdisjoint(data.train_sets[0].ids["subject"].tolist())
    assert data.test_scenes
    assert next(iter(data.train_dataloader()))["joints_3d"].shape == (4, 17, 3)


def test_they_are_what_pose3d_synth_makes(rendered, tmp_path):
    from pose3d.app import main

    words = ["synth", "--worlds", "test", "--num", "test=6", "--out", str(tmp_path), "--workers", "1"]
    assert main(words) == 0
    assert (tmp_path / "test.h5").read_bytes() == (rendered / "test.h5").read_bytes()


def test_a_store_in_place_of_the_test_world(rendered, tmp_path):
    data = EmbeddedDataModule(root=str(tmp_path), worlds=["lab3d"], test_store=str(rendered / "test.h5"), **SMALL)
    shutil.copy(rendered / "lab3d.h5", tmp_path / "lab3d.h5")
    data.prepare_data()  # renders no test world
    data.setup("test")
    assert not (tmp_path / "test.h5").exists()
    assert data.store_names()["test"] == [str(rendered / "test.h5")]
    assert len(data.test_sets[0]) == 6


def test_people_who_validate(rendered, tmp_path):
    shutil.copy(rendered / "lab3d.h5", tmp_path / "studio3d.h5")
    assert EmbeddedDataModule(root=str(tmp_path), **SMALL).val_subjects == [8, 9, 11]
    assert EmbeddedDataModule(worlds=["wild2d"], **SMALL).val_subjects == [10, 11]
    assert EmbeddedDataModule(worlds=["lab3d"], val_subjects=None, **SMALL).val_subjects is None
    everybody = EmbeddedDataModule(root=str(rendered), worlds=["lab3d"], val_subjects=None, **SMALL)
    everybody.setup("fit")
    assert len(everybody.train_sets[0]) == 44
    assert everybody.val_dataloader() == []


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"worlds": ["studio"]}, "there is no world 'studio'; did you mean studio3d"),
        ({"worlds": []}, r"data\.worlds is empty"),
        ({"test_world": "tests"}, "there is no world 'tests'"),
        ({"preset": "quik"}, "there is no preset 'quik'; did you mean quick"),
        ({"images": {"lab3d": 0}}, r"data\.images is 0; it must be an integer >0"),
        ({"images": {"lab": 4}}, "there is no world 'lab'"),
    ],
)
def test_mistakes_are_sentences(options, message):
    with pytest.raises(PoseError, match=message):
        EmbeddedDataModule(**options, **SMALL)


def test_a_world_without_a_number_of_images_says_so(tmp_path):
    data = EmbeddedDataModule(root=str(tmp_path), worlds=["wild3d"], test_world=None, **SMALL)
    with pytest.raises(
        PoseError, match=r"preset 'quick' has no world wild3d; set its number of images by data\.images"
    ):
        data.prepare_data()
