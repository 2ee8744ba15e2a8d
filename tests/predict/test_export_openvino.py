"""OpenVINO IR, run by OpenVINO without this package's code."""

import json
from importlib.util import find_spec

import numpy as np
import pytest

from pose3d.app import main
from pose3d.predict.export import random_crops
from pose3d.predict.export_onnx import Readable
from pose3d.predict.export_openvino import compare_openvino
from pose3d.predict.networks import load_deployed
from tests.models.nets import SIDE
from tests.predict.people import save_stage

needs_openvino = pytest.mark.skipif(find_spec("openvino") is None, reason="OpenVINO is not installed")


@needs_openvino
@pytest.mark.parametrize("number", [1, 3])
def test_openvino_gives_the_networks_answers(tmp_path, number, capsys):
    import openvino

    checkpoint = save_stage(tmp_path / "net.ckpt", number)
    path = tmp_path / "out" / "pose.xml"
    size = ["--image-size", str(SIDE)] if number == 1 else []
    assert main(["export", str(checkpoint), "--out", str(path), *size]) == 0
    assert "pose.bin" in capsys.readouterr().out
    assert sorted(file.name for file in path.parent.iterdir()) == ["pose.bin", "pose.xml"]
    readable = Readable(load_deployed(checkpoint), SIDE)
    assert compare_openvino(readable, path, random_crops(20, SIDE, seed=5)) < 0.1
    model = openvino.Core().read_model(str(path))
    assert [output.get_any_name() for output in model.outputs] == list(readable.names)
    described = json.loads(model.get_rt_info(["pose3d"]).astype(str))
    assert len(described["joints"]) == (15 if number == 1 else 17)
    assert ("decoding" in described) == (number == 3)
    answers = openvino.Core().compile_model(model, "CPU")(random_crops(1, SIDE, seed=2).numpy())
    assert all(np.isfinite(answer).all() for answer in answers.values())


@pytest.mark.skipif(find_spec("openvino") is not None, reason="OpenVINO is installed")
def test_without_openvino_it_is_said(tmp_path, capsys):
    assert main(["export", str(tmp_path / "net.ckpt"), "--format", "openvino"]) == 2
    assert "pip install pose3d-lightning[openvino]" in capsys.readouterr().err


@needs_openvino
def test_other_names_are_refused(tmp_path, capsys):
    checkpoint = save_stage(tmp_path / "net.ckpt", 3)
    assert main(["export", str(checkpoint), "--format", "openvino", "--out", str(tmp_path / "net.onnx")]) == 2
    assert "end in .xml" in capsys.readouterr().err
