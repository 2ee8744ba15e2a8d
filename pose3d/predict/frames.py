"""The frames of an image, a folder of images, a video or a stream, one at a time.

A frame that cannot be decoded is passed on without an image, so that the frames behind it keep their numbers.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeVar

import cv2
import numpy as np
from PIL import Image as Pillow

from pose3d.errors import PoseError
from pose3d.predict.images import Image
from pose3d.predict.video import Stream, VideoFile, is_stream

SUFFIXES = (".jpg", ".jpeg", ".png", ".bmp", ".webp", ".tif", ".tiff")
_SIDEWAYS = (5, 6, 7, 8)  # EXIF orientations that exchange width and height

T = TypeVar("T")


@dataclass(frozen=True)
class Frame:
    """One image, and where it is from."""

    image: Image | None
    """(H, W, 3) uint8 RGB; None where the file or the frame is damaged."""
    number: int
    """From 0; of a video the frame, of images the position in the list, of a pose store the row."""
    time: float = float("nan")
    """Seconds since the first frame of a video; NaN where time has no meaning."""
    problem: str = ""
    """Why there is no image, as one sentence."""


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

    def sizes(self) -> Iterator[tuple[int, int] | None]:
        """(width, height) px of each image, from the file's header; None where it cannot be read."""
        for path in self.paths:
            yield image_size(path)

    def __iter__(self) -> Iterator[Frame]:
        for number, path in enumerate(self.paths):
            try:
                yield Frame(read_image(path), number)
            except PoseError as error:
                yield Frame(None, number, problem=str(error))


class ImageSequence(ImageFiles):
    """The images of a folder as the frames of one video."""

    def __init__(self, paths: list[Path], fps: float, name: str) -> None:
        super().__init__(paths)
        self.fps, self.name = fps, name

    @property
    def names(self) -> list[str]:
        """The one name."""
        return [self.name]

    def __iter__(self) -> Iterator[Frame]:
        for frame in super().__iter__():
            yield replace(frame, time=frame.number / self.fps)


class VideoFrames:
    """The frames of a video file or a stream, in constant memory.

    Attributes:
        missed: frames at the end that the file announces and that could not be decoded, known after the iteration.
    """

    def __init__(self, video: VideoFile | Stream) -> None:
        self.video = video
        self.missed = 0

    @property
    def expected(self) -> int | None:
        """How many frames the file announces; it may be wrong. None for streams."""
        return self.video.expected

    @property
    def names(self) -> list[str]:
        """The one name."""
        return [self.video.name]

    @property
    def fps(self) -> float | None:
        """Frames per second that the file announces."""
        return self.video.fps

    def sizes(self) -> Iterator[tuple[int, int] | None]:
        """(width, height) px of the upright frame, once."""
        yield self.video.size

    def __iter__(self) -> Iterator[Frame]:
        waiting: list[int] = []  # damaged frames, which count only where another frame follows
        decoded = 0
        for number, (bgr, time) in enumerate(self.video.read()):
            if bgr is None:
                waiting.append(number)
                continue
            for damaged in waiting:
                yield Frame(None, damaged, problem=f"frame {damaged} of {self.video.name} is damaged")
            waiting = []
            decoded += 1
            yield Frame(np.ascontiguousarray(bgr[..., ::-1]), number, time)
        if not decoded:
            raise PoseError(f"{self.video.name} holds no frame that can be decoded; check the file")
        self.missed = len(waiting)


def open_frames(path: str | Path, fps: float | None = None) -> ImageFiles | VideoFrames:
    """An image, a folder of images (in the order of the numbers in their names), a video or a stream.

    With `fps` a folder of images is one video.
    """
    if is_stream(str(path)):
        return VideoFrames(Stream(str(path)))
    path = Path(path)
    if path.is_dir():
        paths = sorted((p for p in path.iterdir() if p.suffix.lower() in SUFFIXES), key=_natural)
        if not paths:
            raise PoseError(f"the folder {path} holds no images ({', '.join(SUFFIXES)}); name one that does")
        return ImageFiles(paths) if fps is None else ImageSequence(paths, fps, path.resolve().name)
    if not path.is_file():
        if path.is_symlink():
            raise PoseError(f"{path} is a link to a file that does not exist; name the file itself")
        raise PoseError(f"there is no {path}; give an image, a folder of images, a video or a pose store")
    if path.suffix.lower() in SUFFIXES:
        read_image(path)  # a single file that cannot be read is said before any network is loaded
        return ImageFiles([path])
    return VideoFrames(VideoFile(path))


def read_image(path: Path) -> np.ndarray:
    """(H, W, 3) uint8 RGB, turned upright as the file says; a file that is no image is a PoseError with its path."""
    try:
        content = np.frombuffer(path.read_bytes(), np.uint8)
    except OSError as error:
        raise PoseError(f"{path} cannot be read ({(error.strerror or str(error)).lower()}); leave it out") from error
    try:
        image = cv2.imdecode(content, cv2.IMREAD_COLOR) if content.size else None
    except cv2.error:  # a header whose sizes are impossible
        image = None
    if image is None:
        raise PoseError(f"{path} is damaged or no image; remove it or write it anew")
    return np.ascontiguousarray(image[..., ::-1])


def image_size(path: Path) -> tuple[int, int] | None:
    """(width, height) px of the upright image, from the header alone; None where it cannot be read."""
    try:
        with Pillow.open(path) as image:
            width, height = image.size
            return (height, width) if image.getexif().get(274) in _SIDEWAYS else (width, height)
    except Exception:  # Pillow raises many kinds for damaged files; reading the image says what is wrong
        return None


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
    parts = re.split(r"([0-9]+)", path.name)
    return [(int(part), "") if i % 2 else (-1, part) for i, part in enumerate(parts)]
