"""Frames by number, from a video or from a folder of extracted images."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from pose3d.errors import PoseError


@dataclass(frozen=True)
class Video:
    """A video file; frames count from 0.

    Frames are decoded in order and the unwanted ones are passed over: seeking is not exact in every codec, and labels
    that are one frame off are worse than slow reading.
    """

    path: Path

    def length_and_size(self) -> tuple[int, tuple[int, int]]:
        """Number of frames that the header promises, and (w, h)."""
        capture = self._open()
        try:
            count = int(capture.get(cv2.CAP_PROP_FRAME_COUNT))
            return count, (int(capture.get(cv2.CAP_PROP_FRAME_WIDTH)), int(capture.get(cv2.CAP_PROP_FRAME_HEIGHT)))
        finally:
            capture.release()

    def fps(self) -> float:
        """Frames per second in the header."""
        capture = self._open()
        try:
            return float(capture.get(cv2.CAP_PROP_FPS))
        finally:
            capture.release()

    def frames(self, indices: Sequence[int]) -> Iterator[np.ndarray | None]:
        """(H, W, 3) uint8 BGR for each of the ascending `indices`; None from where the video ends early."""
        capture, position, alive = self._open(), 0, True
        try:
            for index in indices:
                while alive and position < index:
                    alive, position = capture.grab(), position + 1
                alive, frame = capture.read() if alive else (False, None)
                position += 1
                yield np.asarray(frame) if alive else None
        finally:
            capture.release()

    def _open(self) -> cv2.VideoCapture:
        capture = cv2.VideoCapture(str(self.path))
        if not capture.isOpened():
            raise PoseError(f"cannot open the video {self.path}; it is damaged or of a codec that OpenCV lacks")
        return capture


@dataclass(frozen=True)
class ImageFolder:
    """Extracted frames; `pattern` is a format string for the number, which counts from `first`."""

    folder: Path
    pattern: str
    first: int = 1

    def path(self, index: int) -> Path:
        """File of frame `index` (counted from 0)."""
        return self.folder / self.pattern.format(index + self.first)

    def length_and_size(self) -> tuple[int, tuple[int, int]]:
        """Number of consecutive files, and the size (w, h) of the first."""
        low, high = 0, 1
        while self.path(high).is_file():
            high *= 2
        while high - low > 1:
            middle = (low + high) // 2
            low, high = (middle, high) if self.path(middle).is_file() else (low, middle)
        image = read_image(self.path(0))[0]
        return high, (image.shape[1], image.shape[0])

    def frames(self, indices: Sequence[int]) -> Iterator[np.ndarray | None]:
        """(H, W, 3) uint8 BGR for each of `indices`; None where there is no such file or it does not decode."""
        for index in indices:
            try:
                yield read_image(self.path(index))[0]
            except PoseError:
                yield None


Frames = Video | ImageFolder


def read_image(path: Path) -> tuple[np.ndarray, bytes]:
    """(H, W, 3) uint8 BGR as the file lies, whatever its EXIF header says, and the file's bytes."""
    try:
        encoded = path.read_bytes()
    except OSError as error:
        raise PoseError(f"cannot read the image {path}: {error.strerror}") from error
    flags = cv2.IMREAD_COLOR | cv2.IMREAD_IGNORE_ORIENTATION
    image = cv2.imdecode(np.frombuffer(encoded, np.uint8), flags) if encoded else None
    if image is None:
        raise PoseError(f"the image {path} does not decode; copy or unpack it again")
    return np.asarray(image), encoded
