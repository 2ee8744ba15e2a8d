"""Frames by number, from a video or from a folder of extracted images; damaged frames are passed over."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import cv2
import numpy as np

from pose3d.data.containers import Container, inspect
from pose3d.data.images import read_image
from pose3d.errors import PoseError
from pose3d.quiet_opencv import quiet_opencv

# FFmpeg keeps quiet about damaged files; OpenCV reads this once, when it first opens a video.
os.environ.setdefault("OPENCV_FFMPEG_LOGLEVEL", "-8")

MATROSKA_SUFFIXES = (".mkv", ".webm")
MAX_FAILURES = 250
"""Frames in a row that may fail to decode before the video counts as ended."""


@dataclass(frozen=True)
class Video:
    """A video file; frames count from 0.

    Frames are decoded in order and the unwanted ones are passed over: seeking is not exact in every codec, and labels
    that are one frame off are worse than slow reading.
    """

    path: Path

    def length_and_size(self) -> tuple[int, tuple[int, int]]:
        """Number of frames, and (w, h) px.

        The header's number is taken where the file is complete. Where it was cut short or has a gap, only the frames
        before the gap count, since the numbers of those behind it are unknown.
        """
        capture = self._open()
        try:
            announced = int(capture.get(cv2.CAP_PROP_FRAME_COUNT))
            size = (int(capture.get(cv2.CAP_PROP_FRAME_WIDTH)), int(capture.get(cv2.CAP_PROP_FRAME_HEIGHT)))
        finally:
            capture.release()
        container = self.container()
        if container.frames is not None:
            return container.frames, size
        if container.complete and announced > 0:
            return announced, size
        return sum(image is not None for _, image in self.walk()), size

    def container(self) -> Container:
        """Whether the file is complete."""
        try:
            return _inspect(self.path, self.path.stat().st_mtime_ns)
        except OSError as error:
            raise PoseError(f"cannot read the video {self.path}: {error.strerror}") from error

    def fps(self) -> float:
        """Frames per second in the header."""
        capture = self._open()
        try:
            return float(capture.get(cv2.CAP_PROP_FPS))
        finally:
            capture.release()

    def frames(self, indices: Sequence[int]) -> Iterator[np.ndarray | None]:
        """(H, W, 3) uint8 BGR for each of the ascending `indices`; None for a damaged frame and behind the end.

        Behind a gap in an AVI the numbers of the frames are not known: they are None too.
        """
        container = self.container()
        last = None if container.complete else container.frames
        wanted = iter(indices)
        index = next(wanted, None)
        for number, image in self._decode(set(indices)):
            if number == last:
                break
            while index is not None and index < number:
                yield None
                index = next(wanted, None)
            if index == number:
                yield image
                index = next(wanted, None)
            if index is None:
                return
        while index is not None:
            yield None
            index = next(wanted, None)

    def walk(self) -> Iterator[tuple[int, np.ndarray | None]]:
        """Every frame with its number; the image is None for a damaged frame that others follow."""
        return self._decode(None)

    def _decode(self, wanted: set[int] | None) -> Iterator[tuple[int, np.ndarray | None]]:
        """Numbers and images of the frames that decode, and None for those in between; only `wanted` ones are copied.

        A frame's number is the count of frames before it, damaged ones included. Matroska has no table of frames, and
        a lost block leaves no trace but a step of the clock, so there a step of several frames counts as several.
        """
        capture, number, failures, clock = self._open(), 0, 0, 0.0
        period = 1000 / (capture.get(cv2.CAP_PROP_FPS) or 25.0)
        by_clock = self.path.suffix.lower() in MATROSKA_SUFFIXES
        try:
            while failures < MAX_FAILURES:
                if not capture.grab():
                    failures += 1
                    continue
                now = float(capture.get(cv2.CAP_PROP_POS_MSEC))
                if by_clock and number:
                    failures = max(failures, round((now - clock) / period) - 1)
                for _ in range(failures):
                    yield number, None
                    number += 1
                decoded, image = capture.retrieve() if wanted is None or number in wanted else (False, None)
                yield number, np.asarray(image) if decoded else None
                number, failures, clock = number + 1, 0, now
        finally:
            capture.release()

    def _open(self) -> cv2.VideoCapture:
        with quiet_opencv():
            capture = cv2.VideoCapture(str(self.path.absolute()))
        if not capture.isOpened():
            raise PoseError(f"cannot open the video {self.path}; it is damaged or of a codec that OpenCV lacks")
        return capture


@lru_cache(maxsize=4096)
def _inspect(path: Path, modified: int) -> Container:
    """Kept while the file stays as it is."""
    return inspect(path)


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
        """One more than the number of the last file, and the size (w, h) of the first that decodes.

        A file that is missing in between is a damaged frame, not the end.
        """
        head, tail = self.pattern[: self.pattern.index("{")], self.pattern[self.pattern.index("}") + 1 :]
        middles = (entry.name[len(head) : len(entry.name) - len(tail)] for entry in self.folder.iterdir())
        numbers = sorted(int(digits) for digits in middles if re.fullmatch("[0-9]{1,12}", digits))
        numbers = [number for number in numbers if number >= self.first and self.path(number - self.first).is_file()]
        for number in numbers:
            try:
                image = read_image(self.path(number - self.first))[0]
            except PoseError:
                continue
            return numbers[-1] - self.first + 1, (image.shape[1], image.shape[0])
        raise PoseError(f"no image of {self.folder / self.pattern} decodes; extract the frames again")

    def frames(self, indices: Sequence[int]) -> Iterator[np.ndarray | None]:
        """(H, W, 3) uint8 BGR for each of `indices`; None where there is no such file or it does not decode."""
        for index in indices:
            try:
                yield read_image(self.path(index))[0]
            except PoseError:
                yield None


Frames = Video | ImageFolder
