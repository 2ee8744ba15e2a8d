"""The frames of an image, a folder of images, a video or a stream, one at a time.

A frame that cannot be decoded is yielded without an image, so that later frames keep their numbers.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeVar

import cv2
import numpy as np

from pose3d.data.images import SUFFIXES, image_size, list_images, read_image
from pose3d.data.videos import Stream, Video, is_stream
from pose3d.errors import PoseError
from pose3d.predict.images import Image

_EXACT = (".avi",)
_COUNTED = (".mp4", ".mov", ".m4v")

T = TypeVar("T")


@dataclass(frozen=True)
class Frame:
    """One image with its source."""

    image: Image | None
    """(H, W, 3) uint8 RGB; None if the file or the frame is damaged."""
    number: int
    """Number from 0: the frame of a video, the position in a list of images, the row of a pose store."""
    time: float = float("nan")
    """Seconds since the first frame of a video; NaN for images and pose stores."""
    problem: str = ""
    """If there is no image, the reason, as one sentence."""


class ImageFiles:
    """Images in the given order; each file is read when its frame is requested."""

    def __init__(self, paths: list[Path]) -> None:
        self.paths = paths

    @property
    def expected(self) -> int | None:
        """Number of frames."""
        return len(self.paths)

    @property
    def names(self) -> list[str]:
        """File names; each image is a sequence of its own."""
        return [path.name for path in self.paths]

    def sizes(self) -> Iterator[tuple[int, int] | None]:
        """(width, height) px of each image, from the file's header; None if it cannot be read."""
        for path in self.paths:
            yield image_size(path)

    def __iter__(self) -> Iterator[Frame]:
        for number, path in enumerate(self.paths):
            try:
                yield Frame(_rgb(read_image(path, upright=True)[0]), number)
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
        expected: number of frames according to the file, which may be wrong; None for streams and if unknown.
        fps: frames per second according to the file.
        missed: number of frames at the end that could not be decoded, known after the iteration.
    """

    def __init__(self, video: Video | Stream) -> None:
        self.video, self.name = video, video.path.name if isinstance(video, Video) else video.source
        header = video.header()
        self.expected, self.fps, self._size = header.frames, header.fps, header.size
        self.missed = 0

    @property
    def names(self) -> list[str]:
        """The one name."""
        return [self.name]

    @property
    def tolerance(self) -> int:
        """Number of frames that an intact file may lack: some containers only estimate their number."""
        if self.expected is None or isinstance(self.video, Stream):
            return 0
        suffix = self.video.path.suffix.lower()
        if suffix in _EXACT:
            return 0
        return 2 if suffix in _COUNTED else max(2, self.expected // 50)

    def sizes(self) -> Iterator[tuple[int, int] | None]:
        """(width, height) px of the upright frames, one entry for all."""
        yield self._size

    def __iter__(self) -> Iterator[Frame]:
        waiting: list[int] = []  # damaged frames, which are yielded only if another frame follows
        last = -1
        for number, bgr, time in self.video.walk():
            if bgr is None:
                waiting.append(number)
                continue
            for damaged in waiting:
                yield Frame(None, damaged, problem=f"frame {damaged} of {self.name} is damaged")
            waiting, last = [], number
            yield Frame(_rgb(bgr), number, time)
        if last < 0:
            raise PoseError(f"{self.name} contains no frame that can be decoded; check the file")
        self.missed = max(0, (self.expected or 0) - last - 1)


def open_frames(path: str | Path, fps: float | None = None) -> ImageFiles | VideoFrames:
    """Open an image, a folder of images (in the order of the numbers in their names), a video or a stream.

    Args:
        fps: frame rate of a folder of images that is one video; None: the images are independent.

    Raises:
        PoseError: There is no such file or folder, it has no images, or the single file cannot be read.
    """
    if is_stream(str(path)):
        return VideoFrames(Stream(str(path)))
    path = Path(path)
    if path.is_dir():
        paths = list_images(path).entries
        if not paths:
            raise PoseError(f"the folder {path} contains no images ({', '.join(SUFFIXES)}); give another folder")
        return ImageFiles(paths) if fps is None else ImageSequence(paths, fps, path.resolve().name)
    if not path.is_file():
        if path.is_symlink():
            raise PoseError(f"{path} is a link to a file that does not exist; name the file itself")
        raise PoseError(f"there is no {path}; give an image, a folder of images, a video or a pose store")
    if path.suffix.lower() in SUFFIXES:
        read_image(path, upright=True)  # an unreadable single file is reported before any network is loaded
        return ImageFiles([path])
    return VideoFrames(Video(path, constant_rate=False))


def _rgb(bgr: np.ndarray) -> np.ndarray:
    return np.asarray(cv2.cvtColor(bgr, cv2.COLOR_BGR2RGB))  # five times as fast as NumPy's reversed copy


def batches(items: Iterable[T], size: int) -> Iterator[list[T]]:
    """Lists of `size` items; the last one may be shorter."""
    batch: list[T] = []
    for item in items:
        batch.append(item)
        if len(batch) == size:
            yield batch
            batch = []
    if batch:
        yield batch
