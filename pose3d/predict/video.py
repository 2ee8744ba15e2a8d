"""Videos and streams through OpenCV: what the file announces, and every frame that can be decoded.

OpenCV turns frames upright where the file says how it was held, and reports each frame's own time, so that videos of
variable frame rate keep theirs.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import cv2
import numpy as np

from pose3d.errors import PoseError
from pose3d.quiet_opencv import quiet_opencv

# FFmpeg prints nothing about damaged files; OpenCV reads this once, when it first opens a video.
os.environ.setdefault("OPENCV_FFMPEG_LOGLEVEL", "-8")

MOST_DAMAGED_IN_A_ROW = 250
"""After as many frames in a row that cannot be decoded, reading ends."""

_EXACT = (".avi",)
_COUNTED = (".mp4", ".mov", ".m4v")

Read = tuple[np.ndarray | None, float]


class VideoFile:
    """A video file.

    Attributes:
        expected: frames that the file announces, None where it does not say.
        fps: frames per second that the file announces, None where it does not say.
        size: (width, height) px of the upright frame.
    """

    def __init__(self, path: Path) -> None:
        self.path, self.name = path, path.name
        with _opened(path) as capture:
            announced, fps = capture.get(cv2.CAP_PROP_FRAME_COUNT), capture.get(cv2.CAP_PROP_FPS)
            self.size = _upright_size(capture)
        self.expected = int(announced) if announced > 0 else None
        self.fps = float(fps) if np.isfinite(fps) and 0.1 <= fps <= 1000 else None

    @property
    def tolerance(self) -> int:
        """How many announced frames may be missing from a sound file: some containers only estimate the number."""
        suffix = self.path.suffix.lower()
        if suffix in _EXACT or self.expected is None:
            return 0
        return 2 if suffix in _COUNTED else max(2, self.expected // 50)

    def read(self) -> Iterator[Read]:
        """(H, W, 3) uint8 BGR and its time in s for each frame; None for one that cannot be decoded."""
        with _opened(self.path) as capture:
            number = damaged = 0
            while damaged < MOST_DAMAGED_IN_A_ROW:
                image, time = _next(capture)
                if image is None and number >= (self.expected or 0):
                    return
                damaged = damaged + 1 if image is None else 0
                number += 1
                yield image, time

    def count(self) -> int:
        """How many frames the file has, by going through all of it."""
        last = -1
        for number, (image, _) in enumerate(self.read()):
            last = number if image is not None else last
        return last + 1


class Stream:
    """A camera by its index, or an address that OpenCV opens; it ends when the sender ends it."""

    expected: int | None = None

    def __init__(self, source: str) -> None:
        self.source, self.name = source, source
        with _opened(source) as capture:
            fps = capture.get(cv2.CAP_PROP_FPS)
            self.size = _upright_size(capture)
        self.fps = float(fps) if np.isfinite(fps) and 0.1 <= fps <= 1000 else None

    tolerance = 0

    def read(self) -> Iterator[Read]:
        """(H, W, 3) uint8 BGR and the seconds since the first frame."""
        with _opened(self.source) as capture:
            while True:
                image, time = _next(capture)
                if image is None:
                    return
                yield image, time


def is_stream(source: str) -> bool:
    """Whether an input names a camera (a number) or an address instead of a file."""
    return (source.isascii() and source.isdigit() and not Path(source).exists()) or "://" in source


def _next(capture: cv2.VideoCapture) -> Read:
    try:
        time = capture.get(cv2.CAP_PROP_POS_MSEC) / 1000
        more, image = capture.read()
        time = capture.get(cv2.CAP_PROP_POS_MSEC) / 1000 if more else time
    except cv2.error:  # a frame with impossible sizes
        more, image = False, None
    return (np.asarray(image), time) if more and image is not None else (None, float("nan"))


def _upright_size(capture: cv2.VideoCapture) -> tuple[int, int]:
    width, height = int(capture.get(cv2.CAP_PROP_FRAME_WIDTH)), int(capture.get(cv2.CAP_PROP_FRAME_HEIGHT))
    return width, height


@contextmanager
def _opened(source: Path | str) -> Iterator[cv2.VideoCapture]:
    with quiet_opencv():
        if isinstance(source, Path):
            # An absolute path: FFmpeg would take the part of a file name before a colon for a protocol.
            capture = cv2.VideoCapture(str(source.absolute()))
        else:
            capture = cv2.VideoCapture(int(source) if source.isdigit() else source)
    if not capture.isOpened():
        if isinstance(source, str):
            raise PoseError(f"the stream {source} cannot be opened; check the address or the camera's number")
        raise PoseError(
            f"{source} cannot be read as a video, and images end in .jpg, .png, .bmp, .webp or .tif; "
            "check the file, or convert it to MP4"
        )
    try:
        yield capture
    finally:
        capture.release()
