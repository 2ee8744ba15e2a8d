"""How long both networks take for one picture, from pixels in memory to the pose in the camera (paper section 7)."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np

from pose3d.bench.machine import machine
from pose3d.data.store import PoseStore
from pose3d.predict.person import find_people, whole_image
from pose3d.predict.predictor import PosePredictor

TITLE = "Time per frame"
BOX, POSE, ALL = "2DPoseNet", "3DPoseNet and fusion", "All"


def frame_time(predictor: PosePredictor, store: Path, frames: int, repeats: int) -> dict[str, Any]:
    """Milliseconds for a picture: 2DPoseNet's two looks, the pose in the box, and everything; medians.

    Pictures come one at a time, decoded beforehand, `frames` of them evenly spaced in the store, each `repeats` times.
    Crops, perspective correction and placement are part of it. 2DPoseNet looks at the whole picture and at the box
    found there, as in the paper, and not in windows.
    """
    pictures = PoseStore(store)
    rows = np.unique(np.linspace(0, len(pictures) - 1, min(frames, len(pictures))).round().astype(int))
    cameras = pictures.labels("intrinsics") if pictures.has("intrinsics") else None
    pose2d = predictor.pose2d
    assert pose2d is not None
    turns: dict[str, list[float]] = {BOX: [], POSE: [], ALL: []}
    for row in rows.tolist():
        image = pictures.image(row)
        camera = None if cameras is None else cameras[row]
        box = np.asarray(whole_image(image.shape), np.float32)[None]
        parts: dict[str, Callable[[], Any]] = {
            BOX: lambda: find_people(pose2d, [image], predictor.size_2d, predictor.sure),  # noqa: B023
            POSE: lambda: predictor.predict([image], camera, boxes=box),  # noqa: B023
            ALL: lambda: predictor.predict([image], camera, everywhere=True, windows=False),  # noqa: B023
        }
        for name, part in parts.items():
            part()  # once to warm up: caches, and kernels that are chosen at the first call
            for _ in range(repeats):
                began = time.perf_counter()
                part()
                turns[name].append(1000 * (time.perf_counter() - began))
    on = machine() | {"device": _device(predictor)}
    rows_of_table = [[name, median(values)] for name, values in turns.items()]
    table = {"title": TITLE, "columns": ["part", "ms"], "rows": rows_of_table, "notes": []}
    return {"machine": on, "pictures": len(rows), "repeats": repeats, "tables": [table], "turns": turns}


def machine_words(on: dict[str, Any]) -> str:
    """One line about a machine."""
    return str(on["device"]) if on["device"] != "cpu" else f"{on['cpu']}, {on['cores']} cores"


def _device(predictor: PosePredictor) -> str:
    """Name of the graphics card, or cpu."""
    import torch

    return torch.cuda.get_device_name(predictor.device) if predictor.device.type == "cuda" else predictor.device.type
