"""Every checkpoint records its crop settings, and weights are used only with images of the same normalisation."""

import shutil

import pytest
import torch

from pose3d.checkpoint import PROVENANCE, read_checkpoint
from pose3d.crop_settings import CROPS, CropSettings
from pose3d.predict.networks import load_deployed
from stages import Stage1
from stages.cli import main

ONE_STEP = ("--test_after_fit", "false", "--trainer.max_steps", "1")
CAFFE = ("--data.normalisation", "caffe")


@pytest.mark.parametrize("number", [1, 2, 3])
def test_checkpoints_say_how_their_crops_were_cut(pipeline, tmp_path, number):
    # Away from its run folder: nothing but the checkpoint is read.
    path = shutil.copy(pipeline.root / f"stage{number}" / "best.ckpt", tmp_path)
    assert load_deployed(path).settings == CropSettings(64, 1.25, "imagenet")


def test_what_was_recorded_is_what_the_data_were_told(workshop):
    data = ("--data.image_size", "96", "--data.box_margin", "1.5", *CAFFE)
    assert workshop.fit(1, *ONE_STEP, *data) == 0
    path = workshop.root / "stage1" / "last.ckpt"
    assert load_deployed(path).settings == CropSettings(96, 1.5, "caffe")
    # A stage that is loaded in Python and saved again still says it.
    stage = Stage1.load_from_checkpoint(path, map_location="cpu", weights_only=True)
    assert stage.crops == CropSettings(96, 1.5, "caffe")


def test_parents_may_have_other_crops_but_not_another_normalisation(pipeline, workshop, capsys):
    data = ("--data.image_size", "96", "--data.box_margin", "1.5")
    assert workshop.fit(1, *ONE_STEP, *data, *CAFFE) == 0
    assert workshop.fit(2, *ONE_STEP) == 2
    error = capsys.readouterr().err.strip()
    assert len(error.splitlines()) == 1
    assert "normalised as 'caffe', and this run's data has 'imagenet'; set data.normalisation to caffe" in error
    assert not (workshop.root / "stage2").exists()
    assert workshop.fit(2, *ONE_STEP, *CAFFE) == 0


@pytest.mark.parametrize(("command", "number"), [("fit", 1), ("test", 2)])
def test_resuming_and_testing_keep_the_normalisation(pipeline, capsys, command, number):
    checkpoint = str(pipeline.root / f"stage{number}" / "best.ckpt")
    assert main([command, "--config", str(pipeline.config(number)), "--ckpt_path", checkpoint, *CAFFE]) == 2
    assert "trained on images normalised as 'imagenet'" in capsys.readouterr().err


def test_a_parent_that_does_not_say_is_used_with_a_warning(pipeline, workshop, caplog):
    content = read_checkpoint(pipeline.root / "stage1" / "best.ckpt")
    del content[PROVENANCE][CROPS]
    older = workshop.root / "older.ckpt"
    torch.save(content, older)
    assert workshop.fit(2, *ONE_STEP, "--model.init_from", str(older)) == 0
    assert "older.ckpt does not say how its images were normalised; it has to be as here, imagenet" in caplog.text


def test_the_network_and_its_data_must_agree_about_the_size(pipeline, tmp_path, capsys):
    run = tmp_path / "run"
    assert pipeline.fit(2, *ONE_STEP, "--run_dir", str(run), "--data.image_size", "96") == 2
    assert "model.net.image_size is 64, data.image_size 96; make them the same" in capsys.readouterr().err
    assert not run.exists()
