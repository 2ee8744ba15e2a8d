"""ONNX files, run by onnxruntime without this package's code."""

import json
import re
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch

from pose3d.app import main
from pose3d.errors import PoseError
from pose3d.predict import PosePredictor
from pose3d.predict.export import random_crops
from pose3d.predict.export_onnx import Readable, export_onnx
from pose3d.predict.networks import load_deployed
from pose3d.pretrained import RELEASED, required_stage_file
from tests.models.nets import SIDE
from tests.predict.people import save_stage

onnxruntime = pytest.importorskip("onnxruntime")
onnx = pytest.importorskip("onnx")
pytest.importorskip("onnxscript")


@pytest.fixture(scope="module")
def checkpoints(tmp_path_factory):
    folder = tmp_path_factory.mktemp("run")
    return {number: save_stage(folder / f"{number}.ckpt", number) for number in (1, 2, 3)}


def agree(checkpoint, path, count: int) -> None:
    """onnxruntime against PyTorch: every coordinate within 0.1 mm, maxima at the same place."""
    readable = Readable(load_deployed(checkpoint), SIDE)
    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    assert [output.name for output in session.get_outputs()] == list(readable.names)
    places = []
    for start in range(0, count, 20):
        crops = random_crops(min(20, count - start), SIDE, seed=start)
        with torch.no_grad():
            expected = dict(zip(readable.names, readable(crops), strict=True))
        got = dict(zip(readable.names, session.run(None, {"crops": crops.numpy()}), strict=True))
        if "joints_3d" in got:
            assert np.abs(got["joints_3d"] - expected["joints_3d"].numpy()).max() < 0.1
        assert np.abs(got["scores"] - expected["scores"].numpy()).max() < 1e-3
        places.append(np.abs(got["joints_2d_crop"] - expected["joints_2d_crop"].numpy()).max(axis=-1))
    # Random networks have maps with two maxima of the same height.
    assert (np.concatenate(places) < 0.1).mean() > 0.98


@pytest.mark.parametrize("number", [1, 3])
def test_onnxruntime_gives_the_networks_answers(checkpoints, tmp_path, number, capsys):
    path = tmp_path / "net.onnx"
    size = ["--image-size", str(SIDE)] if number == 1 else []
    assert main(["export", str(checkpoints[number]), "--format", "onnx", "--out", str(path), *size]) == 0
    printed = capsys.readouterr().out
    assert ("out: joints_3d (B, 17, 3) float32 mm" in printed) == (number != 1)
    agree(checkpoints[number], path, 20)
    described = json.loads({p.key: p.value for p in onnx.load(path).metadata_props}["pose3d"])
    assert described["input"].startswith(f"crops (B, {SIDE}, {SIDE}, 3) uint8 RGB")
    assert len(described["joints"]) == (15 if number == 1 else 17)
    assert [file.name for file in tmp_path.iterdir()] == ["net.onnx"]


@pytest.mark.parametrize("weights", ["own", "released"])
def test_the_example_of_the_documentation(checkpoints, tmp_path, monkeypatch, weights):
    """It uses the file without this package and gives what this package predicts, whatever the rotation."""
    text = (Path(__file__).parents[2] / "docs" / "predict.md").read_text()
    code = next(block for block in re.findall(r"```python\n(.*?)```", text, re.DOTALL) if "InferenceSession" in block)
    assert "import pose3d" not in code
    assert len([line for line in code.splitlines() if line.strip() and not line.startswith("#")]) <= 30
    checkpoint = checkpoints[3] if weights == "own" else required_stage_file(RELEASED, "stage3")
    export_onnx(checkpoint, tmp_path / "pose.onnx")
    image = cv2.resize(np.random.default_rng(0).integers(0, 255, (9, 9, 3), dtype=np.uint8), (80, 90))
    cv2.imwrite(str(tmp_path / "person.jpg"), image)
    monkeypatch.chdir(tmp_path)
    namespace: dict = {}
    exec(code.replace("120, 40, 180, 420", "20, 10, 30, 45"), namespace)
    shown = cv2.cvtColor(cv2.imread("person.jpg"), cv2.COLOR_BGR2RGB)
    camera = np.array([[1100.0, 0, 39.5], [0, 1100, 44.5], [0, 0, 1]])
    predictor = PosePredictor.from_checkpoints(checkpoint, device="cpu")
    assert predictor.pose3d.decoding.rotation == ("yaw" if weights == "own" else "full")
    predicted = predictor.predict([shown], camera, np.array([[20.0, 10, 30, 45]]))
    np.testing.assert_allclose(namespace["pose"], predicted.joints_3d[0], atol=0.5)
    np.testing.assert_allclose(namespace["joints_2d"], predicted.joints_2d[0], atol=0.2)
    np.testing.assert_allclose(namespace["root"], predicted.translation[0], rtol=2e-3)


@pytest.mark.slow
@pytest.mark.parametrize("number", [1, 2, 3])
def test_a_thousand_crops(checkpoints, tmp_path, number):
    path = tmp_path / "net.onnx"
    export_onnx(checkpoints[number], path, SIDE if number == 1 else None)
    agree(checkpoints[number], path, 1000)


def test_mistakes(checkpoints, tmp_path, monkeypatch):
    with pytest.raises(PoseError, match=r"files that end in \.onnx"):
        export_onnx(checkpoints[2], tmp_path / "net.bin")
    monkeypatch.setattr("pose3d.predict.export_onnx.find_spec", lambda name: None)
    with pytest.raises(PoseError, match=r"ONNX needs onnx, onnxscript, onnxruntime; install them"):
        export_onnx(checkpoints[2], tmp_path / "net.onnx")
