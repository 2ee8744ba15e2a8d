"""Frames in, rows of predictions out: in batches, or following one person through a video."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np

from pose3d.predict.ahead import read_ahead
from pose3d.predict.follow import Follower
from pose3d.predict.frames import Frame, ImageFiles, ImageSequence, VideoFrames, batches
from pose3d.predict.given import Boxes, Camera
from pose3d.predict.labelled import StoreFrames
from pose3d.predict.predictor import PREDICTED, PosePredictor
from pose3d.predictions import SHAPES, Predictions

Frames = ImageFiles | VideoFrames | StoreFrames


def predict_frames(
    frames: Frames,
    predictor: PosePredictor,
    camera: Camera,
    boxes: Boxes | None = None,
    follower: Follower | None = None,
    batch_size: int = 16,
) -> Iterator[tuple[list[Frame], Predictions]]:
    """Batches of frames with one row of predictions each; the row of a damaged frame is NaN and not valid.

    Args:
        frames: the frames to predict.
        predictor: the networks.
        camera: camera of frames without their own.
        boxes: boxes of the person; None: found by 2DPoseNet.
        follower: predicts one frame at a time instead, with boxes from the previous frame.
        batch_size: frames at a time without a follower.
    """
    # The images of a store are decoded later, where crops are cut from them.
    source = frames if isinstance(frames, StoreFrames) else read_ahead(frames)
    for batch in batches(source, 1 if follower is not None else batch_size):
        numbers = [frame.number for frame in batch]
        readable = [row for row, frame in enumerate(batch) if frame.image is not None]
        images = [image for frame in batch if (image := frame.image) is not None]
        own = frames.intrinsics(numbers) if isinstance(frames, StoreFrames) else None
        cameras = np.full((len(batch), 3, 3), np.nan, np.float32)
        if images:
            cameras[readable] = camera.intrinsics(images) if own is None else own[readable]
        part = _blank(len(batch))
        if images and follower is not None:
            part = follower.predict(images[0], cameras[readable], numbers[0])
        elif images:
            given = None if boxes is None else boxes.of(numbers)[readable]
            everywhere = isinstance(frames, StoreFrames)
            # The people in the images of a store fill them, so windows are not needed.
            found = predictor.predict(images, cameras[readable], given, everywhere, windows=not everywhere)
            part = _spread(found, readable, len(batch))
        yield batch, _labelled(part, batch, frames, camera, cameras)


def is_motion(frames: Frames) -> bool:
    """Whether the frames are consecutive: a video, a stream, or images with a frame rate."""
    return isinstance(frames, VideoFrames | ImageSequence)


def _labelled(
    part: Predictions, batch: Sequence[Frame], frames: Frames, camera: Camera, cameras: np.ndarray
) -> Predictions:
    part.frame = np.array([frame.number for frame in batch])
    part.time = np.array([frame.time for frame in batch])
    apart = isinstance(frames, ImageFiles) and not is_motion(frames)
    part.sequence = part.frame if apart else np.zeros_like(part.frame)
    part.camera = np.full(len(batch), camera.name)
    part.intrinsics = cameras
    return part


def _blank(count: int) -> Predictions:
    """Rows without a person."""
    keys = (*PREDICTED, "bbox")
    columns = {key: np.full((count, *SHAPES[key]), np.nan, np.float32) for key in keys}
    return Predictions(**columns, valid=np.zeros(count, bool))  # type: ignore[arg-type]


def _spread(part: Predictions, rows: list[int], count: int) -> Predictions:
    """`count` rows with those of `part` at their places and blank rows elsewhere."""
    if len(rows) == count:
        return part
    whole = _blank(count)
    for key in (*PREDICTED, "bbox", "valid"):
        getattr(whole, key)[rows] = getattr(part, key)
    return replace(whole, box=part.box)
