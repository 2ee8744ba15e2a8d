"""Values that are not finite stop a run, results name their checkpoint, and run folders keep their files."""

import json
from types import SimpleNamespace

import h5py
import numpy as np
import pytest
import torch
import yaml
from lightning.pytorch.trainer.states import TrainerFn

from pose3d.callbacks import RunCheckpoint
from pose3d.checkpoint import PROVENANCE, read_checkpoint, sha256_of
from pose3d.predictions import read_predictions
from stages import Stage2
from stages.cli import main

QUIET = ("--test_after_fit", "false")


def sentence(capsys):
    error = capsys.readouterr().err.strip().splitlines()
    assert len(error) == 1, error
    return error[0]


def diverging(workshop, rate):
    """A schedule whose second half is far too fast."""
    path = workshop.root / "schedule1.yaml"
    content = yaml.safe_load(path.read_text())
    content["phases"][1]["lr"] = rate
    path.write_text(yaml.safe_dump(content))


def test_a_diverging_run_stops_and_keeps_its_last_sound_state(workshop, capsys):
    diverging(workshop, 1e30)
    run = workshop.root / "stage1"
    assert workshop.fit(1, *QUIET, "--model.net.skips", "none") == 2
    assert "not finite" in (error := sentence(capsys)) or "diverged" in error, error
    content = read_checkpoint(run / "last.ckpt")
    assert content[PROVENANCE]["step"] == 3
    assert all(torch.isfinite(v).all() for v in content["state_dict"].values())


@pytest.mark.parametrize(("value", "shown"), [(float("nan"), "nan"), (float("inf"), "inf")])
def test_a_label_that_is_not_finite_is_named_before_it_reaches_the_weights(workshop, capsys, monkeypatch, value, shown):
    step = Stage2.training_step

    def poisoned(self, batch, batch_idx):
        if self.global_step == 4:
            batch["joints_3d"][2, 5, 1] = value
        return step(self, batch, batch_idx)

    monkeypatch.setattr(Stage2, "training_step", poisoned)
    flags = ("--model.init_from", "null", *QUIET)
    assert workshop.fit(2, *flags) == 2
    error = sentence(capsys)
    assert f"the loss is {shown} at step 4" in error
    assert "Pdeep" in error
    assert "joints_3d of sample 2 of the batch (index " in error
    content = read_checkpoint(workshop.root / "stage2" / "last.ckpt")
    assert content[PROVENANCE]["step"] == 4
    assert all(torch.isfinite(v).all() for v in content["state_dict"].values())


def test_a_label_that_does_not_count_may_be_anything(workshop, monkeypatch):
    step = Stage2.training_step

    def unlabelled(self, batch, batch_idx):
        batch["joints_3d"][1], batch["has_3d"][1] = torch.nan, False
        return step(self, batch, batch_idx)

    monkeypatch.setattr(Stage2, "training_step", unlabelled)
    assert workshop.fit(2, "--model.init_from", "null", *QUIET) == 0
    state = read_checkpoint(workshop.root / "stage2" / "last.ckpt")["state_dict"]
    assert all(torch.isfinite(v).all() for v in state.values())


def test_after_a_score_of_nan_a_sound_one_is_still_better(tmp_path, monkeypatch, caplog):
    saved = []
    callback = RunCheckpoint(str(tmp_path), monitor="val/score", mode="min")
    monkeypatch.setattr(callback, "_save", lambda trainer, name: saved.append((trainer.global_step, name)))
    for step, score in ((1, torch.nan), (2, 5.0), (3, torch.nan), (4, 4.0), (5, 6.0)):
        state = SimpleNamespace(fn=TrainerFn.FITTING)
        scores = {"val/score": torch.tensor(score)}
        trainer = SimpleNamespace(state=state, sanity_checking=False, global_step=step, callback_metrics=scores)
        callback.on_validation_end(trainer, None)
    assert [step for step, name in saved if name == "best"] == [2, 4]
    assert [step for step, name in saved if name == "last"] == [1, 2, 3, 4, 5]
    assert caplog.text.count("best.ckpt stays as it is") == 2
    callback.load_state_dict({"best_score": torch.nan})  # of a checkpoint made by hand
    assert callback._improves(torch.tensor(9.0))


@pytest.mark.parametrize("command", ["test", "validate", "predict"])
def test_without_a_checkpoint_the_runs_best_is_taken(pipeline, tmp_path, command, capsys):
    before = (pipeline.root / "stage2" / "metrics.json").read_text()
    assert main([command, "--config", str(pipeline.config(2))]) == 0
    assert (pipeline.root / "stage2" / "metrics.json").read_text() == before
    capsys.readouterr()
    assert main([command, "--config", str(pipeline.config(2)), "--run_dir", str(tmp_path / "none")]) == 2
    assert "best.ckpt does not exist; name a checkpoint as --ckpt_path" in sentence(capsys)
    assert not (tmp_path / "none").exists()


def test_results_say_whose_they_are_and_are_not_overwritten_by_anothers(pipeline, workshop, capsys):
    run = pipeline.root / "stage2"
    record = json.loads((run / "tested.json").read_text())
    assert record["checkpoint"]["sha256"] == sha256_of(run / "best.ckpt")
    assert [part["samples"] for part in record["data"]] == [12]
    files = {name: (run / name).read_bytes() for name in ("metrics.json", "predictions.npz", "tested.json")}
    config = ["test", "--config", str(pipeline.config(2))]
    for flags, what in (
        (["--ckpt_path", "last"], "another checkpoint"),
        (["--data.test_file", str(workshop.root / "train.h5")], "other data"),
        (["--model.decode.depth", "exact"], "another decoding"),
    ):
        assert main([*config, *flags]) == 2
        assert f"holds the results of a test of {what}; name another folder as --run_dir" in sentence(capsys)
    assert files == {name: (run / name).read_bytes() for name in files}
    assert main([*config, "--ckpt_path", str(run / "last.ckpt"), "--run_dir", str(workshop.root / "other")]) == 0


def test_predict_writes_the_predictions_of_the_test(pipeline, workshop):
    out = workshop.root / "predicted"
    checkpoint = str(pipeline.root / "stage3" / "best.ckpt")
    arguments = ["--config", str(pipeline.config(3)), "--ckpt_path", checkpoint, "--run_dir", str(out)]
    assert main(["predict", *arguments]) == 0
    got, expected = (read_predictions(f / "predictions.npz") for f in (out, pipeline.root / "stage3"))
    for key in ("joints_3d", "joints_2d", "target_3d", "frame"):
        np.testing.assert_array_equal(getattr(got, key), getattr(expected, key))
    assert not (out / "metrics.json").exists()


def test_resuming_leaves_another_runs_best_alone(workshop):
    first, second = workshop.root / "first", workshop.root / "second"
    assert workshop.fit(1, *QUIET, "--run_dir", str(first), "--trainer.max_steps", "3") == 0
    assert workshop.fit(1, *QUIET, "--run_dir", str(second), "--seed_everything", "7") == 0
    # The best of another run lies in the folder, by hand.
    theirs = (second / "best.ckpt").read_bytes()
    (first / "best.ckpt").write_bytes(theirs)
    assert workshop.fit(1, *QUIET, "--run_dir", str(first), "--ckpt_path", "last") == 0
    assert (first / "previous" / "best.ckpt").read_bytes() == theirs
    assert (first / "best.ckpt").read_bytes() != theirs
    # A run that goes on in another run's folder moves all of it aside.
    last = str(first / "last.ckpt")
    assert workshop.fit(1, *QUIET, "--run_dir", str(second), "--ckpt_path", last, "--trainer.max_steps", "8") == 0
    assert (second / "previous" / "best.ckpt").read_bytes() == theirs
    assert read_checkpoint(second / "last.ckpt")["global_step"] == 8


def test_a_resumed_run_keeps_its_own_best(workshop):
    run = workshop.root / "run"
    flags = ("--run_dir", str(run), *QUIET)
    assert workshop.fit(1, *flags, "--checkpoint.mode", "min", "--trainer.max_steps", "3") == 0
    best = (run / "best.ckpt").read_bytes()
    (run / "last.ckpt").replace(run / "kept.ckpt")
    assert workshop.fit(1, *flags, "--checkpoint.mode", "max", "--ckpt_path", str(run / "kept.ckpt")) == 0
    # In the same folder nothing was moved: best.ckpt is the one that it recorded.
    assert not (run / "previous").exists()
    assert best


@pytest.mark.parametrize(
    ("flags", "said"),
    [
        (("--trainer.precision", "bf16-true"), "trainer.precision is bf16-true; the stages run with 32"),
        (("--trainer.precision", "64-true"), "trainer.precision is 64-true"),
        (("--trainer.overfit_batches", "2"), "set data.epoch_samples to a few"),
        (("--trainer.max_steps", "0"), "trainer.max_steps is 0, so nothing would be trained"),
        (("--trainer.max_epochs", "0"), "trainer.max_epochs is 0, so nothing would be trained"),
        (("--trainer.val_check_interval", "0.5"), "give a whole number of steps, or use validations"),
        (("--trainer.barebones", "true"), "trainer.barebones leaves out checkpoints and logs"),
        (("--trainer.logger", "lightning.pytorch.loggers.CometLogger"), "install"),
        (("--trainer.accumulate_grad_batches", "0"), "accumulate_grad_batches is 0; give at least 1"),
        (("--trainer.check_val_every_n_epoch", "0"), "check_val_every_n_epoch is 0; give at least 1"),
        (("--trainer.gradient_clip_val", "-1"), "gradient_clip_val is -1; give at least 0"),
        (("--trainer.limit_train_batches", "0"), "so nothing would be trained"),
        (("--trainer.num_sanity_val_steps", "-3"), "give at least -1"),
        (("--trainer.strategy", "nonsense"), "You selected an invalid strategy name"),
        (("--trainer.accelerator", "nonsense"), "You selected an invalid accelerator name"),
        (("--seed_everything", "-4"), "-4 is not in bounds"),
        (("--run_dir", ""), "run_dir is empty; name the folder"),
        (("--checkpoint.monitor", "val/pckh"), "'val/pckh' is not logged; did you mean val/pckh50"),
        (("--validations", "0"), "validations"),
        (("--average_decay", "1"), "average_decay"),
        (("--model.iterations_scale", "-1"), "iterations_scale"),
        (("--model.weight_decay", "-1"), "weight_decay"),
        (("--model.lr_multipliers.trunk", "-1"), "trunk"),
        (("--checkpoint.every_n_steps", "0"), "every_n_steps"),
        (("--wandb.pictures", "0"), "pictures"),
        (("--data.batch_size", "0"), "batch_size"),
        (("--data.num_workers", "-1"), "num_workers"),
        (("--run_di", "elsewhere"), "run_dir"),
        (("--trainer.max_step", "4"), "trainer.max_steps"),
        (("--model.net.skip", "none"), "skip"),
    ],
    ids=lambda value: value[0] if isinstance(value, tuple) else "",
)
def test_settings_that_cannot_work_are_one_sentence_before_work(workshop, capsys, flags, said):
    assert workshop.fit(1, *QUIET, *flags) == 2
    assert said in sentence(capsys)
    assert not (workshop.root / "stage1").exists()


def test_a_store_with_a_label_of_nan_is_refused(workshop, capsys):
    with h5py.File(workshop.root / "train.h5", "r+") as file:
        file["joints_3d"][2, 3, 1] = np.nan
    assert workshop.fit(2, "--model.init_from", "null", *QUIET) == 2
    assert "NaN" in sentence(capsys)
