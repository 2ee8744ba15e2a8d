"""`make release` from nothing, at a small scale: worlds, three stages, score files, weights."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from pose3d.predict import PosePredictor

ROOT = Path(__file__).parents[2]
IMAGES = "{wild3d: 200, wild2d: 120, studio3d: 120, lab3d: 120, test: 60}"
SMALL = ("--model.iterations_scale", "0.0005", "--data.images", IMAGES, "--trainer.accelerator", "cpu")
"""Enough pictures that every person of a world has one."""


@pytest.mark.slow
def test_the_release_is_made_and_resumes(tmp_path):
    folders = ("--data", str(tmp_path / "data"), "--runs", str(tmp_path / "runs"), "--out", str(tmp_path / "weights"))
    command = [sys.executable, str(ROOT / "scripts" / "release.py"), *folders, "--", *SMALL]
    first = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert first.returncode == 0, first.stderr[-2000:]
    for stage in ("stage1", "stage2", "stage3"):
        assert json.loads((tmp_path / "runs" / stage / "metrics.json").read_text())
    predictor = PosePredictor.from_pretrained(tmp_path / "weights", device="cpu")
    assert predictor.pose2d is not None
    assert predictor.pose3d.image_size == 160

    before = (tmp_path / "weights" / "stage3.safetensors").read_bytes()
    (tmp_path / "runs" / "stage3" / "metrics.json").unlink()  # as if the test had been interrupted
    again = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert again.returncode == 0, again.stderr[-2000:]
    assert "stage1: done" in again.stdout
    assert "stage2: done" in again.stdout
    assert "--ckpt_path" in again.stdout
    assert (tmp_path / "weights" / "stage3.safetensors").read_bytes() == before
