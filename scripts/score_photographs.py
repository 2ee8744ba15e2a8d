#!/usr/bin/env python3
"""Score a checkpoint on the calibrated videos of one real person.

    python scripts/score_photographs.py runs/release/stage3/best.ckpt --videos DIR --reference dev.npz
    python scripts/score_photographs.py runs/release/stage1/best.ckpt --videos DIR --reference dev.npz   # its 2D joints
    python scripts/score_photographs.py CKPT --boxes-from runs/release/stage1/best.ckpt --videos DIR --reference dev.npz

DIR has one video per camera, named as in the reference (cam02.mp4, ...): the balancing trial of the demo session in the
PyPI package pose2sim 0.6.0 (BSD-3-Clause). The reference is an .npz with `cameras`, `K`, `R`, `t` (mm), `boxes` (C, F,
4) x0 y0 x1 y1 px, `joints_2d` (C, F, 15, 2) px, `joints_3d` (F, 15, 3) world mm and `valid` (F, 15), the joints in the
order of the package. Errors are over the 12 joints of the limbs, both poses centred between the hips, in camera axes.
Without --boxes-from the true boxes are used, and every frame is scored; with it, only frames with a found person.
"""

import argparse
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch

from pose3d.command_parser import CommandParser
from pose3d.data.videos import Video
from pose3d.geometry import align_procrustes
from pose3d.predict import PosePredictor
from pose3d.predict.networks import Deployed2D, load_deployed
from pose3d.predict.person import crop_of_box, detect_in_crops
from pose3d.pretrained import required_stage_file

LIMBS = np.arange(2, 14)
HIPS = [8, 11]
LEAST_JOINTS = 9
BATCH = 25


def frames_of(path: Path, count: int) -> list[np.ndarray]:
    """The first `count` frames of a video, RGB."""
    frames = [frame for frame in Video(path).frames(range(count)) if frame is not None]
    if len(frames) < count:
        raise SystemExit(f"{path} has {len(frames)} frames that decode, the reference has {count}")
    return [np.ascontiguousarray(frame[..., ::-1]) for frame in frames]


def overlap(a: np.ndarray, b: np.ndarray) -> float:
    """Intersection over union of the boxes around two sets of points (J, 2)."""
    low, high = np.maximum(a.min(0), b.min(0)), np.minimum(a.max(0), b.max(0))
    inner = np.prod(np.maximum(high - low, 0))
    return float(inner / (np.prod(np.ptp(a, axis=0)) + np.prod(np.ptp(b, axis=0)) - inner))


def score_frame(pose: np.ndarray, joints_2d: np.ndarray, reference: dict[str, np.ndarray]) -> dict[str, Any]:
    """Errors of one frame; `reference` has joints_cam (15, 3), joints_2d (15, 2), box (4,) and valid (15,)."""
    seen = LIMBS[reference["valid"][LIMBS]]
    preds = (pose - pose[HIPS].mean(0))[seen]
    target = (reference["joints_cam"] - reference["joints_cam"][HIPS].mean(0))[seen]
    errors = np.linalg.norm(preds - target, axis=1)
    aligned = align_procrustes(torch.from_numpy(preds).double(), torch.from_numpy(target).double()).numpy()
    distance = np.linalg.norm(joints_2d[seen] - reference["joints_2d"][seen], axis=1)
    side = (reference["box"][2:] - reference["box"][:2]).max()
    return {
        "mpjpe_mm": errors.mean(),
        "pa_mpjpe_mm": np.linalg.norm(aligned - target, axis=1).mean(),
        "joints": len(errors),
        "within_150mm": (errors < 150).sum(),
        "joints_2d_within_10pc": 100 * (distance < 0.1 * side).mean(),
        "right_person": 100.0 * (overlap(joints_2d[seen], reference["joints_2d"][seen]) >= 0.3),
    }


def score(
    predictor: PosePredictor, reference: dict[str, np.ndarray], videos: Path, true_boxes: bool
) -> dict[str, float]:
    """Mean scores over all frames of all cameras with at least `LEAST_JOINTS` reference joints and both hips."""
    rows, frames = [], 0
    valid = reference["valid"]
    scored = np.flatnonzero(valid[:, HIPS].all(1) & (valid[:, LIMBS].sum(1) >= LEAST_JOINTS))
    for c, camera in enumerate(reference["cameras"]):
        images = frames_of(videos / f"{camera}.mp4", len(valid))
        boxes = reference["boxes"][c].astype(float)
        xywh = np.concatenate([boxes[:, :2], boxes[:, 2:] - boxes[:, :2]], axis=1)
        joints_cam = reference["joints_3d"] @ reference["R"][c].T + reference["t"][c]
        for start in range(0, len(scored), BATCH):
            part = scored[start : start + BATCH]
            chosen: Sequence[np.ndarray] = [images[f] for f in part]
            found = predictor.predict(chosen, reference["K"][c], xywh[part] if true_boxes else None)
            frames += len(part)
            assert found.joints_3d is not None
            assert found.joints_2d is not None
            for f, pose, joints_2d in zip(part, found.joints_3d, found.joints_2d, strict=True):
                of_frame = {"joints_cam": joints_cam[f], "joints_2d": reference["joints_2d"][c, f], "valid": valid[f]}
                if np.isfinite(pose).all():
                    rows.append(score_frame(pose.astype(float), joints_2d, of_frame | {"box": boxes[f]}))
    means = {key: float(np.mean([row[key] for row in rows])) for key in rows[0] if "joints" != key != "within_150mm"}
    pck = 100 * sum(row["within_150mm"] for row in rows) / sum(row["joints"] for row in rows)
    means["right_person"] *= len(rows) / frames
    return {"frames": frames, "found": len(rows), **means, "pck_150mm": float(pck)}


def score_2d(net: Deployed2D, reference: dict[str, np.ndarray], videos: Path) -> dict[str, float]:
    """Share of the limbs' joints that 2DPoseNet finds within 10 % of the box's side, in true boxes, over all frames."""
    if net.settings.image_size is None:
        raise SystemExit("the checkpoint does not say at which size its crops were trained")
    size, within, count = net.settings.image_size, 0.0, 0
    for c, camera in enumerate(reference["cameras"]):
        images = frames_of(videos / f"{camera}.mp4", len(reference["valid"]))
        for f, image in enumerate(images):
            box, seen = reference["boxes"][c, f].astype(float), LIMBS[reference["valid"][f, LIMBS]]
            crop = crop_of_box(np.concatenate([box[:2], box[2:] - box[:2]]), net.settings.box_margin, size)
            joints_2d = detect_in_crops(net, [image], [crop], size).joints_2d[0]
            distance = np.linalg.norm(joints_2d[seen] - reference["joints_2d"][c, f][seen], axis=1)
            within += float((distance < 0.1 * (box[2:] - box[:2]).max()).sum())
            count += len(seen)
    return {
        "frames": float(reference["boxes"].shape[0] * reference["boxes"].shape[1]),
        "joints_2d_within_10pc": 100 * within / count,
    }


def main() -> None:
    """Predict, score, print one line of JSON."""
    parser = CommandParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("checkpoint", help="of any stage, or the name or folder of exported weights (then stage 3)")
    parser.add_argument("--boxes-from", help="checkpoint of stage 1, to find the person instead of taking the true box")
    parser.add_argument("--videos", type=Path, required=True)
    parser.add_argument("--reference", type=Path, required=True)
    parser.add_argument("--mirror", action="store_true", help="average with the mirrored crops")
    options = parser.parse_args()
    torch.set_num_threads(1)
    checkpoint = required_stage_file(options.checkpoint, "stage3", "stage2")
    with np.load(options.reference) as file:
        reference = dict(file)
    net = load_deployed(checkpoint)
    if isinstance(net, Deployed2D):
        result = score_2d(net, reference, options.videos)
    else:
        predictor = PosePredictor.from_checkpoints(checkpoint, options.boxes_from, mirror=options.mirror)
        result = score(predictor, reference, options.videos, options.boxes_from is None)
    print(json.dumps({key: round(value, 1) for key, value in result.items()}))


if __name__ == "__main__":
    main()
