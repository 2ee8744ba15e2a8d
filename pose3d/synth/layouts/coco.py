"""wild2d as COCO keypoints (docs/datasets.md): images and person_keypoints_{train,val}2017.json.

Nose, eyes and ears, which the embedded bodies lack, are not labelled. As in COCO, some images also have annotations
of a crowd and of a person without labelled joints.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np

from pose3d.data.workers import Progress
from pose3d.skeleton import COCO_17, MPI_INF_3DHP_28, remap
from pose3d.synth.layouts.files import write_jpeg
from pose3d.synth.layouts.filming import Settings
from pose3d.synth.layouts.wild import BLOCK, WORLD, blocks, joints_of, picture, shots, staged_of

KEYPOINTS = [
    "nose", "left_eye", "right_eye", "left_ear", "right_ear", "left_shoulder", "right_shoulder", "left_elbow",
    "right_elbow", "left_wrist", "right_wrist", "left_hip", "right_hip", "left_knee", "right_knee", "left_ankle",
    "right_ankle",
]  # fmt: skip
SKELETON = [
    [16, 14],
    [14, 12],
    [17, 15],
    [15, 13],
    [12, 13],
    [6, 12],
    [7, 13],
    [6, 7],
    [6, 8],
    [7, 9],
    [8, 10],
    [9, 11],
]
BYSTANDERS_EVERY = 9

_SOURCE = remap(MPI_INF_3DHP_28, COCO_17)


def keys(settings: Settings) -> Iterable[int]:
    """Numbers of the tasks: one for each block of pictures."""
    return blocks(settings)


def count(settings: Settings) -> int:
    """Total number of pictures."""
    return settings.frames


def split_of(shot: Any) -> str:
    """ "val" for the people that wild2d holds out."""
    return "val" if WORLD.sequences[shot.sequence].name.startswith("validation") else "train"


def make(root: Path, settings: Settings, block: int, tick: Progress) -> None:
    """Render one block of pictures."""
    for shot in shots(settings)[block * BLOCK : (block + 1) * BLOCK]:
        write_jpeg(root / f"{split_of(shot)}2017" / f"{shot.index:012d}.jpg", picture(shot, settings))
        tick(1)


def finish(root: Path, settings: Settings) -> None:
    """Annotations of both splits."""
    (root / "annotations").mkdir()
    for split in ("train", "val"):
        content: dict[str, list[Any]] = {"images": [], "annotations": []}
        for shot in shots(settings):
            if split_of(shot) == split:
                _add(content, shot, settings)
        category = {"id": 1, "name": "person", "supercategory": "person", "keypoints": KEYPOINTS, "skeleton": SKELETON}
        (root / "annotations" / f"person_keypoints_{split}2017.json").write_text(
            json.dumps({"info": {"description": "embedded data set"}, **content, "categories": [category]})
        )


def _add(content: dict[str, list[Any]], shot: Any, settings: Settings) -> None:
    """Add one image and the annotation of its person to `content`."""
    staged = staged_of(shot, settings)
    width, height = staged.camera.size
    content["images"].append(
        {"id": shot.index, "file_name": f"{shot.index:012d}.jpg", "width": width, "height": height}
    )
    joints = joints_of(staged)
    inside = (joints[:, 0] >= 0) & (joints[:, 1] >= 0) & (joints[:, 0] < width) & (joints[:, 1] < height)
    known = (_SOURCE >= 0) & inside[_SOURCE]
    points = np.where(known[:, None], joints[_SOURCE], 0.0).round(2)
    keypoints = [value for (x, y), seen in zip(points, known, strict=True) for value in (x, y, 2 * int(seen))]
    low, high = points[known].min(axis=0), points[known].max(axis=0)
    person = {"image_id": shot.index, "category_id": 1, "iscrowd": 0, "num_keypoints": int(known.sum())}
    box = [*low, *(high - low)]
    _append(content, person | {"keypoints": keypoints, "bbox": box, "area": float(np.prod(high - low))})
    if shot.index % BYSTANDERS_EVERY == 0:
        nobody = {"keypoints": [0] * 51, "num_keypoints": 0, "bbox": [2, 2, 20, 40], "area": 800.0}
        _append(content, person | nobody)
        _append(content, person | nobody | {"iscrowd": 1})


def _append(content: dict[str, list[Any]], annotation: dict[str, Any]) -> None:
    content["annotations"].append({"id": len(content["annotations"]) + 1, **annotation})
