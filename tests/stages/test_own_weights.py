"""A stage can start from weights of its own kind, as exported, and from a name."""

import pytest
import torch

from pose3d.checkpoint import PROVENANCE, read_checkpoint
from pose3d.predict.export_weights import export_weights


@pytest.fixture(scope="module")
def weights(pipeline, tmp_path_factory):
    """A folder of the pipeline's stages 1 and 3, as the released weights are."""
    folder = tmp_path_factory.mktemp("weights")
    for number in (1, 3):
        export_weights(pipeline.root / f"stage{number}" / "best.ckpt", folder / f"stage{number}.safetensors")
    return folder


def fit(pipeline, number, weights, run, *flags):
    arguments = ("--model.init_from", str(weights), "--run_dir", str(run), *flags)
    assert pipeline.fit(number, *arguments, "--model.iterations_scale", "0.01") == 0
    return read_checkpoint(run / "last.ckpt")


def test_stage_1_goes_on_from_its_own_weights(pipeline, weights, tmp_path):
    # The multipliers freeze everything that arrives, so that it can be compared after training.
    frozen = ("--model.lr_multipliers.trunk", "0", "--model.lr_multipliers.res5a", "0")
    content = fit(pipeline, 1, weights, tmp_path / "run", *frozen)
    sent = read_checkpoint(weights / "stage1.safetensors")["state_dict"]
    name = "net.res5a.reduce.0.weight"
    assert torch.equal(content["state_dict"][name], sent[name])
    assert content[PROVENANCE]["parent"]["stage"] == "stage1"
    assert any(name.startswith("net.skips.") for name in content["state_dict"])  # the skips start anew


def test_stage_2_takes_stage_1_of_a_folder(pipeline, weights, tmp_path):
    content = fit(pipeline, 2, weights, tmp_path / "run")
    assert content[PROVENANCE]["parent"]["stage"] == "stage1"
    assert content[PROVENANCE]["parent"]["path"].endswith("stage1.safetensors")


def test_stage_3_goes_on_from_its_own_weights(pipeline, weights, tmp_path):
    content = fit(pipeline, 3, weights, tmp_path / "run", "--model.lr_multipliers.trained", "0")
    sent = read_checkpoint(weights / "stage3.safetensors")["state_dict"]
    name = "net.pose3d.stubs.P.fc.weight"
    assert torch.equal(content["state_dict"][name], sent[name])
    assert content["hyper_parameters"]["net"]["pose3d"]["image_size"] == 64


def test_layers_below_the_frozen_tap_do_not_learn(pipeline, weights, tmp_path):
    flags = ("--model.net.freeze_trunk_until", "res3b3", "--model.lr_multipliers.trunk", "1")
    before = read_checkpoint(weights / "stage1.safetensors")["state_dict"]
    after = fit(pipeline, 2, weights, tmp_path / "run", *flags)["state_dict"]
    moved = {name for name, value in before.items() if "trunk" in name and not torch.equal(value, after[name])}
    weights_moved = {name for name in moved if name.endswith(".weight")}
    assert not any(name.startswith(("net.trunk.conv_stem", "net.trunk.blocks.0")) for name in weights_moved)
    assert any(name.startswith("net.trunk.blocks.3") for name in weights_moved)
