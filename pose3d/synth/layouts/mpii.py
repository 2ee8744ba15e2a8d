"""wild2d as MPII Human Pose (docs/datasets.md): images, the official .mat, and HRNet's JSON files with both splits."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np

from pose3d.data.sources.mpii import HEAD_SHARE, MAT_NAME
from pose3d.data.workers import Progress
from pose3d.skeleton import MPI_INF_3DHP_28, MPII_16, remap
from pose3d.synth.layouts.files import cell, save_v5, struct, struct_row, write_jpeg
from pose3d.synth.layouts.filming import Settings
from pose3d.synth.layouts.wild import BLOCK, WORLD, blocks, head_size, joints_of, picture, shots, staged_of

_SOURCE = remap(MPI_INF_3DHP_28, MPII_16)
_SOURCE[MPII_16.index("thorax")] = MPI_INF_3DHP_28.index("spine4")
_HEAD = [MPI_INF_3DHP_28.index(name) for name in ("head_top", "neck")]
PERSON_PX = 200.0  # a person's height is `scale` times this


def keys(settings: Settings) -> Iterable[int]:
    """Numbers of the tasks: one for each block of pictures."""
    return blocks(settings)


def count(settings: Settings) -> int:
    """Total number of pictures."""
    return settings.frames


def image_name(index: int) -> str:
    """Nine digits, as the original names them."""
    return f"{index:09d}.jpg"


def make(root: Path, settings: Settings, block: int, tick: Progress) -> None:
    """Render one block of pictures."""
    for shot in shots(settings)[block * BLOCK : (block + 1) * BLOCK]:
        write_jpeg(root / "images" / image_name(shot.index), picture(shot, settings))
        tick(1)


def finish(root: Path, settings: Settings) -> None:
    """All labels."""
    people = [_person(shot, settings) for shot in shots(settings)]
    _write_mat(root / MAT_NAME, people)
    (root / "annot").mkdir()
    valid = [WORLD.sequences[shot.sequence].name.startswith("validation") for shot in shots(settings)]
    splits = {
        "train": [p for p, held_out in zip(people, valid, strict=True) if not held_out],
        "valid": [p for p, held_out in zip(people, valid, strict=True) if held_out],
        "trainval": people,
    }
    for name, chosen in splits.items():
        entries = [
            {
                "joints_vis": [1] * 16,
                "joints": person["joints"].tolist(),
                "image": person["image"],
                "scale": person["scale"],
                "center": person["center"].tolist(),
            }
            for person in chosen
        ]
        (root / "annot" / f"{name}.json").write_text(json.dumps(entries))
    held_out = splits["valid"]
    save_v5(
        root / "annot" / "gt_valid.mat",
        {
            "dataset_joints": cell([MPII_16.names[index] for index in range(16)]).T,
            "jnt_missing": np.zeros((16, len(held_out))),
            "pos_gt_src": np.array([p["joints"] for p in held_out]).reshape(-1, 16, 2).transpose(1, 2, 0),
            "headboxes_src": np.array([p["head"] for p in held_out]).reshape(-1, 2, 2).transpose(1, 2, 0),
        },
    )


def _person(shot: Any, settings: Settings) -> dict[str, Any]:
    """Labels of one picture in MPII's format; coordinates count from 1."""
    staged = staged_of(shot, settings)
    all_joints = joints_of(staged) + 1
    joints = all_joints[_SOURCE]
    low, high = joints.min(axis=0), joints.max(axis=0)
    # The box whose diagonal gives the head size, three quarters as wide as it is high, around the head.
    height = head_size(shot, staged) / (HEAD_SHARE * np.hypot(1, 0.75))
    half = np.array([0.75 * height, height]) / 2
    middle = all_joints[_HEAD].mean(axis=0)
    return {
        "image": image_name(shot.index),
        "joints": joints,
        "center": (low + high) / 2,
        "scale": float((high - low).max() / PERSON_PX),
        "head": np.stack([middle - half, middle + half]),
    }


def _write_mat(path: Path, people: list[dict[str, Any]]) -> None:
    """RELEASE with one person an image."""
    annotations = []
    for person in people:
        points = [
            struct(x=float(x), y=float(y), id=float(index), is_visible=1.0)
            for index, (x, y) in enumerate(person["joints"])
        ]
        (x1, y1), (x2, y2) = person["head"]
        center = person["center"]
        rect = struct(
            x1=float(x1), y1=float(y1), x2=float(x2), y2=float(y2),
            annopoints=struct(point=struct_row(points)),
            scale=person["scale"],
            objpos=struct(x=float(center[0]), y=float(center[1])),
        )  # fmt: skip
        image, none = struct(name=person["image"]), np.zeros((0, 0))
        annotations.append(struct(image=image, annorect=rect, frame_sec=none, vididx=none))
    activity = struct(act_name="", cat_name="", act_id=-1.0)
    release = struct(
        annolist=struct_row(annotations),
        img_train=np.ones((1, len(people)), np.uint8),
        version="12",
        single_person=cell([np.array([[1.0]])] * len(people)),
        act=struct_row([activity] * len(people)).T,
        video_list=cell(["embedded"]).T,
    )
    save_v5(path, {"RELEASE": release})
