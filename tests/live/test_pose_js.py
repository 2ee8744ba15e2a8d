"""The page's crop, decode and place against Python's, on 100 boxes in pictures of people."""

import json
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch

from pose3d.live.page import ASSETS
from pose3d.predict import PosePredictor
from pose3d.predict.export_onnx import Readable
from pose3d.predict.person import crop_of_box, cut

NODE = shutil.which("node")
ROOT = Path(__file__).parents[2]
FRAMES, MARGIN = 100, 1.25

pytestmark = pytest.mark.skipif(NODE is None, reason="node is not installed")


def run(folder: Path, what: str) -> None:
    done = subprocess.run(
        [NODE, Path(__file__).parent / "harness.mjs", ASSETS / "pose.js", folder, what], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr


@pytest.mark.skipif(
    int(cv2.__version__.split(".")[0]) < 5,
    reason="OpenCV 4 samples on a grid of 1/32 px: its crops differ from the page's by up to 4 grey levels",
)
@pytest.mark.parametrize("rotation", ["yaw", "full"])
def test_poses_agree_within_a_millimetre(tmp_path, rotation):
    image = cv2.cvtColor(cv2.imread(str(ROOT / "docs/images/wild3d.jpg")), cv2.COLOR_BGR2RGB)
    image = cv2.resize(image, None, fx=1.5, fy=1.5)  # so that some crops are reduced first
    height, width = image.shape[:2]
    rng = np.random.default_rng(0)
    size = rng.uniform((30, 90), (300, 700), (FRAMES, 2))
    boxes = np.concatenate([rng.uniform((-40, -40), (width - 60, height - 60), (FRAMES, 2)), size], axis=1)
    boxes = boxes.astype(np.float32)
    camera = np.array([[0.9 * width, 0, width / 2], [0, 0.92 * width, height / 2], [0, 0, 1]], np.float32)

    predictor = PosePredictor.from_pretrained(device="cpu")
    predictor.pose3d.decoding = replace(predictor.pose3d.decoding, rotation=rotation)
    expected = predictor.predict([image] * FRAMES, camera, boxes)
    side = predictor.pose3d.image_size
    names = ("fx", "fy", "cx", "cy")
    cases = {"width": width, "height": height, "margin": MARGIN, "size": side, "full": rotation == "full"}
    cases["camera"] = dict(zip(names, camera[[0, 1, 0, 1], [0, 1, 2, 2]].tolist(), strict=True))
    cases["boxes"] = boxes.tolist()
    (tmp_path / "cases.json").write_text(json.dumps(cases))
    (tmp_path / "image.rgba").write_bytes(cv2.cvtColor(image, cv2.COLOR_RGB2RGBA).tobytes())
    run(tmp_path, "cut")
    crops = np.fromfile(tmp_path / "crops.rgb", np.uint8).reshape(FRAMES, side, side, 3)
    ours = cut([image] * FRAMES, [crop_of_box(box, MARGIN, side) for box in boxes], side).numpy()
    assert np.abs(crops.astype(int) - ours).max() <= 1
    assert (crops != ours).mean() < 1e-3

    readable = Readable(predictor.pose3d, side)
    with torch.inference_mode():
        answers = dict(zip(readable.names, readable(torch.from_numpy(crops)), strict=True))
    renamed = {"joints3d": "joints_3d", "joints2d": "joints_2d_crop", "scores": "scores"}
    (tmp_path / "answers.json").write_text(json.dumps({k: answers[v].tolist() for k, v in renamed.items()}))
    run(tmp_path, "place")
    placed = json.loads((tmp_path / "placed.json").read_text())
    off = np.linalg.norm(np.array([p["joints3d"] for p in placed]) - expected.joints_3d, axis=-1)
    assert off.mean(axis=1).max() < 1
    away = np.linalg.norm(np.array([p["joints2d"] for p in placed]) - expected.joints_2d, axis=-1)
    assert np.median(away) < 0.2
    distance = np.array([p["translation"][2] for p in placed]) / expected.translation[:, 2]
    assert np.median(np.abs(distance - 1)) < 1e-3
    trust = np.array([p["confidence"] for p in placed])
    assert np.median(np.abs(trust - expected.confidence)) < 0.01


def test_the_same_answers_are_placed_alike(tmp_path):
    """Decode and place alone: Python's crops, so that nothing but arithmetic differs."""
    rng = np.random.default_rng(1)
    width, height, side = 640, 480, 160
    boxes = np.array([[100, 50, 120, 300], [400, 100, 90, 210]], np.float32)
    pose = rng.normal(0, 300, (2, 17, 3)).astype(np.float32)
    pixels = rng.uniform(0, side, (2, 17, 2)).astype(np.float32)
    camera = torch.tensor([[500.0, 0, 319.5], [0, 510, 239.5], [0, 0, 1]]).expand(2, 3, 3)
    crops = torch.from_numpy(np.stack([crop_of_box(box, MARGIN, side) for box in boxes])).float()

    from pose3d.geometry.crop import transform_points
    from pose3d.geometry.decode import DecodeConfig
    from pose3d.predict.decode import place

    joints_2d = transform_points(torch.linalg.inv(crops), torch.from_numpy(pixels))
    expected = place({"P": torch.from_numpy(pose)}, "P", joints_2d, crops, side, camera, DecodeConfig())
    cases = {"width": width, "height": height, "margin": MARGIN, "size": side, "full": False, "boxes": boxes.tolist()}
    cases["camera"] = {"fx": 500, "fy": 510, "cx": 319.5, "cy": 239.5}
    answers = {"joints3d": pose.tolist(), "joints2d": pixels.tolist(), "scores": [[1.0] * 17] * 2}
    (tmp_path / "cases.json").write_text(json.dumps(cases))
    (tmp_path / "answers.json").write_text(json.dumps(answers))
    run(tmp_path, "place")
    placed = json.loads((tmp_path / "placed.json").read_text())
    for i, got in enumerate(placed):
        np.testing.assert_allclose(got["joints3d"], expected["joints_3d"][i], atol=0.01)
        np.testing.assert_allclose(got["translation"], expected["translation"][i], rtol=1e-4)
