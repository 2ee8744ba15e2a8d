"""The frames of an image, a folder of images or a video, one at a time."""

import os
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import cv2
import numpy as np

from pose3d.errors import PoseError
from pose3d.predict.images import Image

SUFFIXES = (".jpg", ".jpeg", ".png", ".bmp", ".webp", ".tif", ".tiff")

# FFmpeg keeps quiet about damaged files; OpenCV reads this once, when it first opens a video.
os.environ.setdefault("OPENCV_FFMPEG_LOGLEVEL", "-8")

T = TypeVar("T")


@dataclass(frozen=True)
class Frame:
    """One image, and where it is from."""

    image: Image
    """(H, W, 3) uint8 RGB."""
    number: int
    """From 0; of a video the frame, of images the position in the list, of a pose store the row."""


class ImageFiles:
    """Images one after the other; each file is read when its turn comes."""

    def __init__(self, paths: list[Path]) -> None:
        self.paths = paths

    @property
    def expected(self) -> int | None:
        """How many frames will come."""
        return len(self.paths)

    @property
    def names(self) -> list[str]:
        """File names; each is a sequence of its own."""
        return [path.name for path in self.paths]

    def __iter__(self) -> Iterator[Frame]:
        for number, path in enumerate(self.paths):
            yield Frame(read_image(path), number)


class VideoFile:
    """A video, frame by frame, in constant memory."""

    def __init__(self, path: Path) -> None:
        self.path = path
        capture = self._open()
        announced = capture.get(cv2.CAP_PROP_FRAME_COUNT)
        capture.release()
        self.expected = int(announced) if announced > 0 else None
        """How many frames the file announces; it may be wrong."""

    @property
    def names(self) -> list[str]:
        """The one file name."""
        return [self.path.name]

    def _open(self) -> cv2.VideoCapture:
        # OpenCV would print its own complaints in front of ours.
        level = cv2.utils.logging.getLogLevel()
        cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_SILENT)
        try:
            capture = cv2.VideoCapture(str(self.path))
        finally:
            cv2.utils.logging.setLogLevel(level)
        if not capture.isOpened():
            raise PoseError(
                f"{self.path} cannot be read as a video, and images end in {', '.join(SUFFIXES)}; "
                "check the file, or convert it to MP4"
            )
        return capture

    def __iter__(self) -> Iterator[Frame]:
        capture = self._open()
        number = 0
        try:
            while True:
                more, image = capture.read()
                if not more:
                    break
                yield Frame(np.ascontiguousarray(image[..., ::-1]), number)
                number += 1
        finally:
            capture.release()
        if number == 0:
            raise PoseError(f"{self.path} holds no frame that can be decoded; check the file")


def open_frames(path: str | Path) -> ImageFiles | VideoFile:
    """An image, a folder of images (in the order of the numbers in their names), or a video."""
    path = Path(path)
    if path.is_dir():
        paths = sorted((p for p in path.iterdir() if p.suffix.lower() in SUFFIXES), key=_natural)
        if not paths:
            raise PoseError(f"the folder {path} holds no images ({', '.join(SUFFIXES)}); name one that does")
        return ImageFiles(paths)
    if not path.is_file():
        raise PoseError(f"there is no {path}; give an image, a folder of images, a video or a pose store")
    return ImageFiles([path]) if path.suffix.lower() in SUFFIXES else VideoFile(path)


def read_image(path: Path) -> np.ndarray:
    """(H, W, 3) uint8 RGB, turned upright as the file says; a damaged file is a PoseError with its path."""
    content = np.frombuffer(path.read_bytes(), np.uint8)
    image = cv2.imdecode(content, cv2.IMREAD_COLOR) if content.size else None
    if image is None:
        raise PoseError(f"{path} is damaged or no image; remove it or write it anew")
    return np.ascontiguousarray(image[..., ::-1])


def batches(items: Iterable[T], size: int) -> Iterator[list[T]]:
    """Lists of `size` items, the last one shorter."""
    batch: list[T] = []
    for item in items:
        batch.append(item)
        if len(batch) == size:
            yield batch
            batch = []
    if batch:
        yield batch


def _natural(path: Path) -> list[tuple[int, str]]:
    """Sorts frame_2 in front of frame_10."""
    return [(int(part), "") if part.isdigit() else (-1, part) for part in re.split(r"(\d+)", path.name)]
