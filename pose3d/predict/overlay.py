"""The input video with the skeleton drawn on it."""

from collections.abc import Iterable, Iterator
from pathlib import Path

import cv2
import numpy as np
import torch

from pose3d.files import whole_file
from pose3d.geometry.camera import project
from pose3d.player.clip import even_size, fitted, open_writer
from pose3d.predict.frames import Frame
from pose3d.predictions import Predictions
from pose3d.viz import BONES, NECK, PELVIS, SPINE, bone_colour

FAINTEST = 0.25
"""Opacity of a bone with confidence 0."""


def write_overlay(path: Path, frames: Iterable[Frame], predictions: Predictions, fps: float) -> None:
    """Write an MP4 (MPEG-4 part 2) of the frames, in order, with the joints of their rows.

    Frames that could not be read repeat the previous one, so that the duration is right.
    """
    with whole_file(path) as partial:
        writer, size = None, (0, 0)
        try:
            for image in drawn_frames(frames, predictions):
                if writer is None:
                    size = even_size((image.shape[1], image.shape[0]))
                    writer = open_writer(partial, "mp4v", fps, size)
                writer.write(np.ascontiguousarray(fitted(image, size)[..., ::-1]))
        finally:
            if writer is not None:
                writer.release()


def drawn_frames(frames: Iterable[Frame], predictions: Predictions) -> Iterator[np.ndarray]:
    """Images (H, W, 3) uint8 RGB of the frames that have a row, with the skeleton where the row is valid."""
    joints_2d = drawn_joints(predictions)
    valid = predictions.require("valid", "--video")
    for row, image in enumerate(plain_frames(frames, len(predictions))):
        if not valid[row]:
            yield image
            continue
        trust = np.ones(17) if predictions.confidence is None else predictions.confidence[row]
        yield draw_skeleton(image, joints_2d[row], trust)


def drawn_joints(predictions: Predictions) -> np.ndarray:
    """Joints (N, 17, 2) px: the 3D joints projected into the picture, or the 2D joints where no camera is known.

    The smoothed and placed pose is nearer to the picture than the maxima of the heatmaps, and is what is exported.
    """
    joints_3d, translation, intrinsics = predictions.joints_3d, predictions.translation, predictions.intrinsics
    if joints_3d is None or translation is None or intrinsics is None:
        return predictions.require("joints_2d", "--video")
    points = torch.from_numpy((joints_3d + translation[:, None]).astype(np.float64))
    return project(points, torch.from_numpy(intrinsics.astype(np.float64))).numpy()


def plain_frames(frames: Iterable[Frame], count: int) -> Iterator[np.ndarray]:
    """Images (H, W, 3) uint8 RGB of the first `count` frames; a frame without an image repeats the previous one."""
    last: np.ndarray | None = None
    missing = 0
    for number, frame in enumerate(frames):
        if number >= count:
            return
        if frame.image is None:
            missing += last is None
        else:
            image = np.asarray(frame.image)
            for _ in range(missing):
                yield image
            missing, last = 0, image
        if last is not None:
            yield last


def draw_skeleton(image: np.ndarray, joints_2d: np.ndarray, trust: np.ndarray) -> np.ndarray:
    """A copy of an image (H, W, 3) uint8 RGB with the bones of joints (17, 2) px, fainter at low `trust` (17,)."""
    canvas = image.copy()
    known = np.isfinite(joints_2d).all(axis=-1)
    bones = BONES if known[SPINE] else (*BONES, (NECK, PELVIS))
    size = np.ptp(joints_2d[known], axis=0).max() if known.any() else 0.0
    width = max(1, round(float(size) / 90))
    shift = 4
    for joint, parent in bones:
        if not (known[joint] and known[parent]):
            continue
        share = FAINTEST + (1 - FAINTEST) * float(np.clip(min(trust[joint], trust[parent]), 0, 1))
        ends = np.clip(joints_2d[[joint, parent]], -1e5, 1e5)
        first, second = (tuple(int(v) for v in np.rint(end * 2**shift)) for end in ends)
        middle = np.clip(np.rint(ends.mean(axis=0)), 0, [image.shape[1] - 1, image.shape[0] - 1]).astype(int)
        under = image[middle[1], middle[0]].astype(float)
        colour = share * np.array(_rgb(bone_colour(joint))) + (1 - share) * under
        cv2.line(canvas, first, second, colour.tolist(), width, cv2.LINE_AA, shift)
    return canvas


def _rgb(colour: str) -> tuple[int, int, int]:
    return int(colour[1:3], 16), int(colour[3:5], 16), int(colour[5:7], 16)
