"""A followed 1080p video from file to rows, beside the plain way: three passes a frame in float32."""

from __future__ import annotations

import time
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch

from pose3d.bench.runtimes import spread
from pose3d.bench.throughput import ratio
from pose3d.data.store import PoseStore
from pose3d.predict import PosePredictor
from pose3d.predict.follow import Follower
from pose3d.predict.frames import VideoFrames, open_frames
from pose3d.predict.given import Camera
from pose3d.predict.person import crop_of_box, cut, find_people
from pose3d.predict.run import predict_frames
from pose3d.predict.runtimes import AUTO, use_runtimes
from pose3d.skeleton import MPI_INF_3DHP_17, MPI_INF_3DHP_28, remap
from pose3d.synth.film import Film

PLAIN_FRAMES = 12
"""So many frames of a turn go the plain way."""


def film_video(path: Path, frames: int, rendered: int = 8) -> Path:
    """A 1080p video of somebody who walks to and fro: `rendered` frames forwards and backwards."""
    film = Film(rendered, activity=1)
    images = [np.ascontiguousarray(frame.image[..., ::-1]) for frame in film]
    images += images[-2:0:-1]
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"mp4v"), film.fps, film.size)
    for number in range(frames):
        writer.write(images[number % len(images)])
    writer.release()
    return path


def time_following(path: Path, turns: int) -> dict[str, Any]:
    """Milliseconds of a frame, wall clock, both ways in turns; decoding, crops and placing included."""
    quick, plain = (PosePredictor.from_pretrained(device="cpu") for _ in range(2))
    said: list[str] = []
    camera = Camera(fov=60)
    frames = open_frames(path)
    assert isinstance(frames, VideoFrames)
    use_runtimes(quick, AUTO, None, 30, said.append)
    _follow(frames, quick, camera)  # the choice is made here
    taken: dict[str, list[float]] = {"followed": [], "plain": []}
    for _ in range(turns):
        start = time.perf_counter()
        count = _follow(frames, quick, camera)
        taken["followed"].append((time.perf_counter() - start) / count)
        start = time.perf_counter()
        count = sum(1 for _ in _plain(frames, plain, camera))
        taken["plain"].append((time.perf_counter() - start) / count)
    return {
        "choice": said,
        "frames": frames.expected,
        "times_faster": ratio(taken["plain"], taken["followed"]),
        **{way: spread([1000 * s for s in seconds]) for way, seconds in taken.items()},
    }


def _follow(frames: VideoFrames, predictor: PosePredictor, camera: Camera) -> int:
    follower = Follower(predictor)
    return sum(len(part) for _, part in predict_frames(frames, predictor, camera, follower=follower))


@torch.inference_mode()
def _plain(frames: VideoFrames, predictor: PosePredictor, camera: Camera) -> Iterator[object]:
    assert predictor.pose2d is not None
    for frame in islice(frames, PLAIN_FRAMES):
        assert isinstance(frame.image, np.ndarray)
        people = find_people(predictor.pose2d, [frame.image], predictor.size_2d)
        yield predictor.predict([frame.image], camera.intrinsics([frame.image]), people.bbox)


def labelled_crops(store: Path, every: int) -> tuple[np.ndarray, np.ndarray]:
    """Crops (N, 160, 160, 3) around the true boxes of a store, and the joints (N, 17, 3) mm, root-relative."""
    pictures = PoseStore(store)
    rows = np.arange(0, len(pictures), every)
    joints = pictures.labels("joints_3d_univ")[rows]
    joints = joints[:, remap(MPI_INF_3DHP_28, MPI_INF_3DHP_17)] if joints.shape[1] == len(MPI_INF_3DHP_28) else joints
    boxes = pictures.labels("bbox")[rows]
    crops = [
        cut([pictures.image(int(row), 1)], [crop_of_box(box, 1.25, 160)], 160)
        for row, box in zip(rows, boxes, strict=True)
    ]
    relative = joints - joints[:, MPI_INF_3DHP_17.root][:, None]
    return torch.cat(crops).numpy(), relative
