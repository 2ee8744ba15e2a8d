"""The small video inside the page: WebM with VP8, which every browser plays."""

import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

import cv2
import numpy as np

from pose3d.errors import PoseError

LONGEST_PX = 640


def write_clip(path: Path, images: Iterable[np.ndarray], fps: float, longest: int = LONGEST_PX) -> int:
    """Write images (H, W, 3) uint8 RGB as WebM, one frame each, no side longer than `longest` px; returns their count.

    The size is that of the first image; later ones of another size are scaled to it.
    """
    writer: cv2.VideoWriter | None = None
    size, count = (0, 0), 0
    try:
        for image in images:
            if writer is None:
                size = even_size((image.shape[1], image.shape[0]), longest)
                writer = open_writer(path, "VP80", fps, size)
            writer.write(np.ascontiguousarray(fitted(image, size)[..., ::-1]))
            count += 1
    finally:
        if writer is not None:
            writer.release()
    if not count:
        raise PoseError("there is no frame to show in the player")
    return count


def open_writer(path: Path, codec: str, fps: float, size: tuple[int, int]) -> cv2.VideoWriter:
    """An OpenCV video writer; a PoseError where this build of OpenCV lacks the codec."""
    with _silence():
        writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*codec), fps, size)
    if not writer.isOpened():
        raise PoseError(f"this build of OpenCV cannot write {codec} video to {path}; install opencv-python-headless")
    return writer


def even_size(size: tuple[int, int], longest: int | None = None) -> tuple[int, int]:
    """(width, height) that video codecs take: even, and no side longer than `longest`."""
    scale = min(1.0, longest / max(size)) if longest else 1.0
    width, height = (max(2, 2 * round(side * scale / 2)) for side in size)
    return width, height


def fitted(image: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """The image (H, W, 3) scaled to (width, height)."""
    if (image.shape[1], image.shape[0]) == size:
        return image
    shrinks = size[0] < image.shape[1]
    return np.asarray(cv2.resize(image, size, interpolation=cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR))


@contextmanager
def _silence() -> Iterator[None]:
    """Without what OpenCV's FFmpeg prints to stderr about tags that WebM does not need."""
    null, kept = os.open(os.devnull, os.O_WRONLY), os.dup(2)
    try:
        os.dup2(null, 2)
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
        os.close(null)
