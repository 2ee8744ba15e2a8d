"""Checkpoints are plain data: those of every stage and ablation load as such, and no checkpoint runs code."""

import os
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
import yaml

from pose3d.app import main as app_main
from stages.cli import main
from tests.predict.people import save_stage

ABLATIONS = sorted(Path("configs/ablations").glob("*.yaml"))


def switches(path):
    """The network and the decoding of an ablation."""
    arguments = yaml.safe_load(path.read_text())["model"]["init_args"]
    return arguments.get("net", {}), {key: arguments[key] for key in ("decode",) if key in arguments}


@pytest.mark.parametrize("number", [1, 2, 3])
def test_of_every_stage(tmp_path, number):
    content = torch.load(save_stage(tmp_path / "stage.ckpt", number), weights_only=True)
    assert content["state_dict"]
    assert content["hyper_parameters"]


@pytest.mark.parametrize("path", ABLATIONS, ids=lambda path: path.stem)
def test_of_every_ablation(tmp_path, path):
    net, arguments = switches(path)
    number = 3 if "fusion" in path.stem else 2
    known = net if number == 2 else net.get("pose3d", {})
    if "loss_weight_control" in known:  # an addition to networks without skips
        known = {"skips": "none"} | known
    file = save_stage(tmp_path / "stage.ckpt", number, net=known, **arguments)
    stored = torch.load(file, weights_only=True)["hyper_parameters"]["net"]
    stored = stored if number == 2 else stored["pose3d"]
    assert all(stored[key] == value or list(stored[key]) == value for key, value in known.items())


class Stranger:
    def __init__(self, mark):
        self.mark = mark

    def __reduce__(self):
        return os.mkdir, (self.mark,)


@pytest.fixture
def stranger(tmp_path):
    """A checkpoint that makes a folder when it is unpickled, and that folder."""
    mark = tmp_path / "code was run"
    path = save_stage(tmp_path / "stage1.ckpt", 1)
    content = torch.load(path, weights_only=True)
    torch.save(content | {"more": Stranger(str(mark))}, path)
    return path, mark


def test_a_strangers_checkpoint_runs_no_code_in_a_stage(stranger, workshop, capsys):
    path, mark = stranger
    (workshop.root / "stage1").mkdir()
    for words in (["fit", "--ckpt_path", str(path)], ["test", "--ckpt_path", str(path)]):
        assert main([*words[:1], "--config", str(workshop.config(1)), *words[1:]]) == 2
    assert workshop.fit(2, "--model.init_from", str(path)) == 2
    assert not mark.exists()
    assert "Traceback" not in capsys.readouterr().err
    torch.load(path, weights_only=False)
    assert mark.exists()  # so the file is one that would have run it


def test_a_strangers_checkpoint_runs_no_code_in_a_command(stranger, tmp_path, capsys):
    path, mark = stranger
    cv2.imwrite(str(tmp_path / "picture.jpg"), np.zeros((60, 80, 3), np.uint8))
    out = str(tmp_path / "out")
    for words in (
        ["predict", str(tmp_path / "picture.jpg"), "--checkpoint", str(path), "--out", f"{out}.npz"],
        ["export", str(path), "--out", f"{out}.pt2"],
        ["export", str(path), "--out", f"{out}.onnx"],
        ["export", str(path), "--out", f"{out}.safetensors"],
    ):
        assert app_main(words) == 2
        error = capsys.readouterr().err
        assert path.name in error
        assert "Traceback" not in error
    assert not mark.exists()
