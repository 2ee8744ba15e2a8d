"""ASPset-510 as views. Its 2D joints are projections, so the boxes show whether cameras and joints fit."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from pose3d.data.doctor.view import Reported, View, broken
from pose3d.data.finding import Finding
from pose3d.data.sources.aspset510 import FEW_FRAMES
from pose3d.data.sources.aspset510_tree import FPS, Clip, read_splits
from pose3d.data.sources.labels import project
from pose3d.errors import PoseError
from pose3d.skeleton import MPI_INF_3DHP_17

AROUND = 0.25
"""How far outside its box, in its longer side, a joint may lie."""
IN_BOX = 0.9
"""Share of the joints that must lie in there (median)."""


def views(root: Path) -> Reported:
    """Every clip that splits.csv lists."""
    try:
        clips = read_splits(root)
    except PoseError as error:
        yield broken("splits.csv", error)
        return
    splits = defaultdict(set)
    for clip in clips:
        splits[clip.subject].add("test" if clip.split == "test" else "trainval")
    for subject, found in splits.items():
        if len(found) > 1:
            yield Finding("error", subject, "this subject is in train or val and in test", "unpack splits.csv again")
    for clip in clips:
        yield from _clip_views(clip)


def _clip_views(clip: Clip) -> Reported:
    """One view for each camera of a clip."""
    try:
        world = clip.joints()
    except PoseError as error:
        yield broken(clip.name, error)
        return
    for name in clip.cameras:
        where = f"{clip.name}-{name}"
        try:
            camera, boxes, video = clip.camera(name), clip.boxes(name), clip.video(name)
            if not video.path.is_file():
                raise PoseError(f"{video.path.name} is missing; unpack the videos again")
            count, size = video.length_and_size()
        except PoseError as error:
            yield broken(where, error)
            continue
        seen = world @ camera.cam_from_world[:3, :3].T + camera.cam_from_world[:3, 3]
        pixels = project(seen, camera.intrinsics)
        if abs(len(boxes) - len(world)) > FEW_FRAMES:
            what = f"it has {len(boxes)} boxes and {len(world)} poses; its video has {count} frames"
            yield Finding("error", where, what, "unpack boxes and joints again")
        elif len(boxes):
            yield from _boxes(where, pixels, boxes)
        center = camera.intrinsics[:2, 2] / np.asarray(size)
        if ((center < 0.25) | (center > 0.75)).any():
            what = f"the camera's principal point is not near the middle of its {size[0]} x {size[1]} px video"
            yield Finding("error", where, what, "the video was resized, or the camera is of another one")
        if name == "left" and not np.allclose(camera.cam_from_world, np.eye(4), atol=1e-6):
            yield Finding("error", where, "the left camera's extrinsics are not the identity", "unpack cameras again")
        yield View(
            name=where,
            sequence=clip.name,
            subject=clip.subject_id,
            names=MPI_INF_3DHP_17,
            joints_2d=pixels,
            joints_3d=seen,
            split=clip.split,
            intrinsics=camera.intrinsics,
            cam_from_world=camera.cam_from_world,
            frames=video,
            fps=FPS,
        )


def _boxes(where: str, pixels: np.ndarray, boxes: np.ndarray) -> Iterator[Finding]:
    """Boxes are x1, y1, x2, y2 around the projected joints."""
    length = min(len(pixels), len(boxes))
    pixels, low, high = pixels[:length], boxes[:length, None, :2], boxes[:length, None, 2:]
    if (high <= low).any():
        yield Finding("error", where, "a box has no area", "boxes are x1, y1, x2, y2; unpack them again")
        return
    slack = AROUND * (high - low).max(axis=-1, keepdims=True)
    inside = ((pixels >= low - slack) & (pixels <= high + slack)).all(axis=-1).mean(axis=1)
    share = float(np.nanmedian(inside))
    if share < IN_BOX:
        what = f"only {share:.0%} of the projected joints lie in the boxes (median)"
        yield Finding("error", where, what, "camera, joints and boxes are not of one clip")
