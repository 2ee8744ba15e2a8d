"""Resuming gives what an uninterrupted run gives, bit for bit, also in the middle of an epoch."""

import pytest
import torch

from pose3d.checkpoint import PROVENANCE, read_checkpoint

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
