"""Fuzz: damaged inputs of every kind end in a result or one sentence, never in a traceback, a crash or a hang."""

from __future__ import annotations

import shutil
from pathlib import Path

import cv2
import numpy as np

from pose3d.predictions import write_predictions
from scripts.torture.cases import run
from tests.data.drawn import write_store
from tests.evaluation.people import make_predictions
from tests.predict.people import save_stage


def make_inputs(folder: Path) -> dict[str, tuple[str, list[str]]]:
    """Kind -> (file to damage, command that reads it; INPUT and OUT are filled in)."""
    folder.mkdir(parents=True, exist_ok=True)
    for suffix in ("npz", "h5"):
        write_predictions(folder / f"predictions.{suffix}", make_predictions(full=True))
    write_store(folder / "store.h5", 4)
    save_stage(folder / "stage1.ckpt", 1)
    save_stage(folder / "stage2.ckpt", 2)
    rng = np.random.default_rng(0)
    picture = cv2.GaussianBlur(rng.integers(0, 255, (90, 120, 3), dtype=np.uint8), (5, 5), 0)
    for suffix in ("jpg", "png", "bmp", "webp", "tif"):
        cv2.imwrite(str(folder / f"picture.{suffix}"), picture)
    video = cv2.VideoWriter(str(folder / "video.avi"), cv2.VideoWriter.fourcc(*"MJPG"), 25, (120, 90))
    for shift in range(6):
        video.write(np.roll(picture, shift, axis=1))
    video.release()
    shutil.copyfile(Path("configs/schedules/quick_stage2.yaml"), folder / "schedule.yaml")
    predict = ["--checkpoint", str(folder / "stage2.ckpt"), "--box-checkpoint", str(folder / "stage1.ckpt")]
    predict = ["predict", "INPUT", *predict, "--out", "OUT.npz", "--device", "cpu"]
    export = ["export", "INPUT", "--out", "OUT.pt2"]
    kinds = {f"picture.{suffix}": predict for suffix in ("jpg", "png", "bmp", "webp", "tif")}
    kinds |= {"video.avi": predict, "stage1.ckpt": export, "stage2.ckpt": export, "store.h5": ["check", "INPUT"]}
    for suffix in ("npz", "h5"):
        kinds[f"predictions.{suffix}"] = ["evaluate", "INPUT", "--bootstrap", "0", "--json", "OUT.json"]
    return {name: (str(folder / name), words) for name, words in kinds.items()}


def damage(content: bytes, rng: np.random.Generator) -> tuple[bytes, str]:
    """A mutation: cut, bytes changed, a block overwritten, repeated or removed."""
    data = bytearray(content)
    kind = ("cut", "bytes", "zeros", "noise", "repeat", "remove", "head")[int(rng.integers(7))]
    start = int(rng.integers(0, max(1, len(data))))
    length = int(min(len(data) - start, rng.integers(1, 1 + max(2, len(data) // 8))))
    if kind == "cut":
        data = data[:start]
    elif kind in ("bytes", "head"):
        for place in rng.integers(0, len(data) if kind == "bytes" else min(64, len(data)), rng.integers(1, 9)):
            data[place] = int(rng.integers(256))
    elif kind == "zeros":
        data[start : start + length] = bytes(length)
    elif kind == "noise":
        data[start : start + length] = rng.bytes(length)
    elif kind == "repeat":
        data[start:start] = data[start : start + length]
    else:
        del data[start : start + length]
    return bytes(data), f"{kind} at {start}"


class Fuzz:
    """Cases of damaged inputs, one kind after the other."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.kinds = make_inputs(folder / "inputs")

    def __call__(self, number: int, rng: np.random.Generator) -> tuple[str, str]:
        name = list(self.kinds)[number % len(self.kinds)]
        original, words = self.kinds[name]
        work = self.folder / "work"
        shutil.rmtree(work, ignore_errors=True)
        work.mkdir()
        damaged = work / name
        content, what = damage(Path(original).read_bytes(), rng)
        damaged.write_bytes(content)
        out = work / "out"
        words = [word.replace("INPUT", str(damaged)).replace("OUT", str(out)) for word in words]
        outcome = run(words, work / "log.txt")
        fault = ""
        if not outcome.in_order:
            last = outcome.output.strip().splitlines()[-1:] or [""]
            fault = f"exit code {outcome.code}, {last[0][:200]}"
        elif leftovers := [path.name for path in work.rglob("*.partial*")]:
            fault = f"left {leftovers}"
        if fault:
            kept = self.folder / "faults" / f"{number}-{name}"
            kept.parent.mkdir(exist_ok=True)
            damaged.rename(kept)
            (work / "log.txt").rename(kept.with_name(kept.name + ".log"))
        return f"{name}, {what}", fault
