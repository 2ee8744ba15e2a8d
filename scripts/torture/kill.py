"""Kill anywhere: three stages, killed at a random moment and resumed, end with the weights of an undisturbed run."""

from __future__ import annotations

import hashlib
import shutil
import time
from pathlib import Path

import numpy as np
import torch

from scripts.torture.cases import CASE_TIMEOUT_S, call, finish
from tests.stages.conftest import Workshop

STAGES = (1, 2, 3)


class Kill:
    """One SIGKILL a case, at a moment drawn over the whole pipeline, checkpoint writes and hand-offs included."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        work = self._fresh()
        began = time.monotonic()
        for stage in STAGES:
            outcome = finish(call(self._words(work, stage), folder / "log.txt"), folder / "log.txt")
            if outcome.code != 0:
                raise SystemExit(f"the undisturbed run of stage {stage} failed: {outcome.output[-500:]}")
        self.seconds = time.monotonic() - began
        self.expected = weights(work.root / "stage3" / "last.ckpt")

    def __call__(self, number: int, rng: np.random.Generator) -> tuple[str, str]:
        work, log = self._fresh(), self.folder / "log.txt"
        moment = float(rng.uniform(0, self.seconds))
        left, killed = moment, ""
        for stage in STAGES:
            while True:
                words = self._words(work, stage)
                resumable = work.root / f"stage{stage}" / "last.ckpt"
                if killed and resumable.is_file():
                    words.append(f"--ckpt_path={resumable}")
                began = time.monotonic()
                outcome = finish(call(words, log), log, CASE_TIMEOUT_S if killed else left, kill=not killed)
                left = max(0.01, left - (time.monotonic() - began))
                if outcome.code == 0:
                    break
                if killed or outcome.code != -9:
                    return (
                        f"killed in {killed or 'no stage'}",
                        f"stage {stage}: exit code {outcome.code}, {outcome.output[-300:]}",
                    )
                killed = f"stage {stage} after {moment:.2f} s"
        same = weights(work.root / "stage3" / "last.ckpt") == self.expected
        return f"killed in {killed or 'no stage'}", "" if same else "other weights than the undisturbed run"

    def _fresh(self) -> Workshop:
        root = self.folder / "work"
        shutil.rmtree(root, ignore_errors=True)
        root.mkdir()
        return Workshop(root)

    def _words(self, work: Workshop, stage: int) -> list[str]:
        flags = ["--test_after_fit=false", "--checkpoint.every_n_steps=1"]
        return ["fit", "--config", str(work.config(stage)), *flags]


def weights(checkpoint: Path) -> str:
    """Hash of every tensor of the state dict."""
    digest = hashlib.sha256()
    for name, value in sorted(torch.load(checkpoint, weights_only=True)["state_dict"].items()):
        digest.update(name.encode() + value.numpy().tobytes())
    return digest.hexdigest()
