"""Resuming gives what an uninterrupted run gives, bit for bit, also in the middle of an epoch."""

from contextlib import suppress

import pytest
import torch

from pose3d.callbacks.checkpoints import RunCheckpoint
from pose3d.checkpoint import PROVENANCE, read_checkpoint
from stages import Stage1

QUIET = ("--test_after_fit", "false")


def weights(path):
    return read_checkpoint(path)["state_dict"]


@pytest.mark.parametrize("decay", ["0", "0.9"], ids=["plain", "averaged"])
def test_stopped_and_resumed_equals_uninterrupted(workshop, decay):
    flags = (*QUIET, "--average_decay", decay)
    whole, half = workshop.root / "whole", workshop.root / "half"
    assert workshop.fit(1, *flags, "--run_dir", str(whole)) == 0
    # Two batches make an epoch, so three steps end in the middle of the second.
    assert workshop.fit(1, *flags, "--run_dir", str(half), "--trainer.max_steps", "3") == 0
    config = (half / "config.yaml").read_text()
    assert workshop.fit(1, *flags, "--run_dir", str(half), "--ckpt_path", str(half / "last.ckpt")) == 0
    expected, resumed = weights(whole / "last.ckpt"), weights(half / "last.ckpt")
    assert all(torch.equal(expected[name], resumed[name]) for name in expected)
    assert read_checkpoint(half / "last.ckpt")["global_step"] == 6
    assert (half / "config.yaml").read_text() == config


def test_the_first_half_alone_differs(workshop):
    whole, half = workshop.root / "whole", workshop.root / "half"
    assert workshop.fit(1, *QUIET, "--run_dir", str(whole)) == 0
    assert workshop.fit(1, *QUIET, "--run_dir", str(half), "--trainer.max_steps", "3") == 0
    expected, early = weights(whole / "last.ckpt"), weights(half / "last.ckpt")
    assert not torch.equal(expected["net.res5a.shortcut.0.weight"], early["net.res5a.shortcut.0.weight"])


def test_resuming_needs_no_parent_and_keeps_the_ancestry(pipeline, workshop):
    run = workshop.root / "run"
    parent = str(pipeline.root / "stage1" / "best.ckpt")
    flags = (*QUIET, "--run_dir", str(run))
    assert workshop.fit(2, *flags, "--model.init_from", parent, "--trainer.max_steps", "3") == 0
    gone = str(workshop.root / "gone.ckpt")
    assert workshop.fit(2, *flags, "--model.init_from", gone, "--ckpt_path", str(run / "last.ckpt")) == 0
    provenance = read_checkpoint(run / "last.ckpt")[PROVENANCE]
    assert (provenance["step"], provenance["parent"]["path"]) == (6, parent)


@pytest.mark.parametrize("how", ["killed", "interrupted"])
def test_a_run_that_stops_in_a_validation_makes_it_again(workshop, monkeypatch, how):
    """Otherwise a best checkpoint of that moment would be lost."""
    flags = (*QUIET, "--checkpoint.every_n_steps", "1", "--data.eval_batch_size", "1")
    whole, half = workshop.root / "whole", workshop.root / "half"
    assert workshop.fit(1, *flags, "--run_dir", str(whole)) == 0

    validate = Stage1.validation_step

    def stop(self, batch, batch_idx, *rest):
        if batch_idx == 2 and self.trainer.global_step == 3:
            raise KeyboardInterrupt
        return validate(self, batch, batch_idx, *rest)

    with monkeypatch.context() as patch:
        patch.setattr(Stage1, "validation_step", stop)
        if how == "killed":
            patch.setattr(RunCheckpoint, "on_exception", lambda *_: None)
        with suppress(KeyboardInterrupt, SystemExit):
            workshop.fit(1, *flags, "--run_dir", str(half))
    assert not (half / "best.ckpt").exists()
    assert workshop.fit(1, *flags, "--run_dir", str(half), "--ckpt_path", str(half / "last.ckpt")) == 0
    for name in ("last.ckpt", "best.ckpt"):
        expected, resumed = read_checkpoint(whole / name), read_checkpoint(half / name)
        assert expected["global_step"] == resumed["global_step"]
        assert all(torch.equal(value, resumed["state_dict"][key]) for key, value in expected["state_dict"].items())
    scores = [state["best_score"] for state in (best_state(whole), best_state(half))]
    assert scores[0] == scores[1]


def best_state(run):
    callbacks = read_checkpoint(run / "last.ckpt")["callbacks"]
    return next(state for name, state in callbacks.items() if "RunCheckpoint" in name)


def test_a_run_killed_between_its_last_checkpoint_and_the_provenance_beside_it_is_completed(workshop):
    run = workshop.root / "stage1"
    assert workshop.fit(1, *QUIET) == 0
    before = {name: (run / name).read_bytes() for name in ("best.json", "last.json", "best.ckpt", "last.ckpt")}
    (run / "best.json").write_text("{}")
    (run / "last.json").unlink()
    (run / "last.99999999.partial.json").write_text("{")
    assert workshop.fit(1, *QUIET, "--ckpt_path", str(run / "last.ckpt")) == 0
    assert {name: (run / name).read_bytes() for name in before} == before
    assert not list(run.glob("*.partial*"))
