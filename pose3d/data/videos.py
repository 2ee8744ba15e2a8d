"""Frames of a video, a stream, or a folder of extracted images; a damaged frame leaves the numbers of the others."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path

import cv2
import numpy as np

from pose3d.data.containers import Container, inspect
from pose3d.data.images import SUFFIXES, read_image
from pose3d.errors import PoseError
from pose3d.quiet_opencv import quiet_opencv

# FFmpeg keeps quiet about damaged files; OpenCV reads this once, when it first opens a video.
os.environ.setdefault("OPENCV_FFMPEG_LOGLEVEL", "-8")

MATROSKA_SUFFIXES = (".mkv", ".webm")
MAX_FAILURES = 250
"""Frames in a row that may fail to decode before the video counts as ended."""


@dataclass(frozen=True)
class Header:
    """What a video says of itself; nothing of it has to be true.

    Attributes:
        frames: how many there are; None where the file does not say.
        fps: frames per second; None where it is not said or impossible.
        size: (w, h) px of the upright frame.
    """

    frames: int | None
    fps: float | None
    size: tuple[int, int]


@dataclass(frozen=True)
class Video:
    """A video file; frames count from 0.

    Frames are decoded in order and the unwanted ones are passed over: seeking is not exact in every codec, and labels
    that are one frame off are worse than slow reading. OpenCV turns frames upright where the file says how it was held.

    Attributes:
        path: the file.
        constant_rate: every frame lasts equally long. In a Matroska or WebM file, frames that were lost are then
            counted by its clock.
    """

    path: Path
    constant_rate: bool = True

    def header(self) -> Header:
        """What the file announces.

        Raises:
            PoseError: the file is no video that OpenCV reads.
        """
        with _opened(self.path) as capture:
            return _header(capture)

    def length_and_size(self) -> tuple[int, tuple[int, int]]:
        """Number of frames, and (w, h) px.

        The header's number is taken where the file is complete. Where it was cut short or has a gap, only the frames
        before the gap count, since the numbers of those behind it are unknown.
        """
        header, container = self.header(), self.container()
        if container.frames is not None:
            return container.frames, header.size
        if container.complete and header.frames is not None:
            return header.frames, header.size
        return sum(image is not None for _, image, _ in self.walk()), header.size

    def container(self) -> Container:
        """Whether the file is complete."""
        try:
            return _inspect(self.path, self.path.stat().st_mtime_ns)
        except OSError as error:
            raise PoseError(f"cannot read the video {self.path}: {error.strerror}") from error

    def fps(self) -> float:
        """Frames per second in the header; 0 where it is not said."""
        return self.header().fps or 0.0

    def frames(self, indices: Sequence[int]) -> Iterator[np.ndarray | None]:
        """(H, W, 3) uint8 BGR for each of the ascending `indices`; None for a damaged frame and behind the end.

        Behind a gap in an AVI the numbers of the frames are not known: they are None too.
        """
        container = self.container()
        last = None if container.complete else container.frames
        wanted = iter(indices)
        index = next(wanted, None)
        for number, image, _ in self._decode(set(indices)):
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

    def walk(self) -> Iterator[tuple[int, np.ndarray | None, float]]:
        """Every frame: number, (H, W, 3) uint8 BGR, and its time in s.

        Of a damaged frame that others follow the image is None and the time NaN.
        """
        return self._decode(None)

    def count(self) -> int:
        """How many frames there are up to the last that decodes, by going through all of them."""
        return max((number + 1 for number, image, _ in self.walk() if image is not None), default=0)

    def _decode(self, wanted: set[int] | None) -> Iterator[tuple[int, np.ndarray | None, float]]:
        """See `walk`; only `wanted` frames are copied, the images of the others are None.

        A frame's number is the count of frames before it, damaged ones included. Matroska has no table of frames, and
        a lost block leaves no trace but a step of the clock, so there a step of several frames counts as several.
        """
        number, failures, clock = 0, 0, 0.0
        by_clock = self.constant_rate and self.path.suffix.lower() in MATROSKA_SUFFIXES
        with _opened(self.path) as capture:
            period = 1 / (_header(capture).fps or 25.0)
            while failures < MAX_FAILURES:
                if not _grab(capture):
                    failures += 1
                    continue
                now = float(capture.get(cv2.CAP_PROP_POS_MSEC)) / 1000
                if by_clock and number:
                    failures = max(failures, round((now - clock) / period) - 1)
                    if failures > MAX_FAILURES:  # the clock itself is damaged
                        return
                for _ in range(failures):
                    yield number, None, float("nan")
                    number += 1
                image = _retrieve(capture) if wanted is None or number in wanted else None
                yield number, image, float("nan") if image is None else now
                number, failures, clock = number + 1, 0, now


@dataclass(frozen=True)
class Stream:
    """A camera by its number, or an address that OpenCV opens; it ends when the sender ends it."""

    source: str

    def header(self) -> Header:
        """What the sender announces; the number of frames is not known.

        Raises:
            PoseError: the stream cannot be opened.
        """
        with _opened(self.source) as capture:
            return replace(_header(capture), frames=None)

    def walk(self) -> Iterator[tuple[int, np.ndarray | None, float]]:
        """Every frame: number, (H, W, 3) uint8 BGR, and the seconds since the first."""
        with _opened(self.source) as capture:
            number = 0
            while _grab(capture) and (image := _retrieve(capture)) is not None:
                yield number, image, float(capture.get(cv2.CAP_PROP_POS_MSEC)) / 1000
                number += 1


def is_stream(source: str) -> bool:
    """Whether an input names a camera (a number) or an address instead of a file."""
    return (source.isascii() and source.isdigit() and not Path(source).exists()) or "://" in source


@contextmanager
def _opened(source: Path | str) -> Iterator[cv2.VideoCapture]:
    with quiet_opencv():
        if isinstance(source, Path):
            # An absolute path: FFmpeg would take the part of a file name before a colon for a protocol.
            capture = cv2.VideoCapture(str(source.absolute()))
        else:
            capture = cv2.VideoCapture(int(source) if source.isdigit() else source)
    try:
        if not capture.isOpened():
            if isinstance(source, str):
                raise PoseError(f"cannot open the stream {source}; check the address or the camera's number")
            raise PoseError(
                f"cannot open the video {source}; check the file, or convert it to MP4 (it is no video, damaged, or of "
                f"a codec that OpenCV lacks; images end in {', '.join(SUFFIXES)})"
            )
        yield capture
    finally:
        capture.release()


def _header(capture: cv2.VideoCapture) -> Header:
    frames, fps = capture.get(cv2.CAP_PROP_FRAME_COUNT), capture.get(cv2.CAP_PROP_FPS)
    size = int(capture.get(cv2.CAP_PROP_FRAME_WIDTH)), int(capture.get(cv2.CAP_PROP_FRAME_HEIGHT))
    return Header(int(frames) if frames >= 1 else None, float(fps) if 0.1 <= fps <= 1000 else None, size)


def _grab(capture: cv2.VideoCapture) -> bool:
    try:
        return capture.grab()
    except cv2.error:  # a frame with an impossible size
        return False


def _retrieve(capture: cv2.VideoCapture) -> np.ndarray | None:
    try:
        decoded, image = capture.retrieve()
    except cv2.error:
        return None
    return np.asarray(image) if decoded and image is not None else None


@lru_cache(maxsize=4096)
def _inspect(path: Path, modified: int) -> Container:
    """Structure of the file, cached while it stays the same."""
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
