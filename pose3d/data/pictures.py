"""Backgrounds and textures for compositing (decision D10): the user's pictures, images of a store, or patterns."""

from __future__ import annotations

import warnings
from collections import OrderedDict
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np

from pose3d.data.images import SUFFIXES, list_images, read_image
from pose3d.data.store import PoseStore
from pose3d.errors import PoseError

KEPT_BYTES = 40_000_000
"""Most that a bank keeps in memory, in each process that uses it."""

PATTERN_SIDE = 256
"""Patterns are made no larger than this and stretched."""


class PictureBank:
    """Random square crops of pictures.

    Args:
        source: a folder of pictures, searched through its subfolders, or a pose store; None: `procedural` patterns.
        size: side of what `draw` returns, px.
        procedural: makes one (side, side, 3) uint8 pattern from a generator and a side.
        count: how many patterns there are.
        seed: of the patterns; what is drawn from them comes from the generator given to `draw`.

    Picture number i is the same in every process, so a sample does not depend on the worker that makes it. A picture
    that cannot be read is replaced by the next one that can, with a warning.
    """

    def __init__(
        self,
        source: str | Path | None,
        size: int,
        procedural: Callable[[np.random.Generator, int], np.ndarray],
        count: int = 96,
        seed: int = 0,
    ) -> None:
        self.source, self.size, self.seed, self.procedural = source, size, seed, procedural
        # Half as large again as what is drawn, so that no two draws from one picture are alike.
        self.side = size + size // 2
        self.store = PoseStore(source) if source is not None and Path(source).is_file() else None
        self.files = [] if source is None or self.store is not None else _picture_files(Path(source))
        self._unreadable: set[int] = set()
        self._kept: OrderedDict[int, np.ndarray] = OrderedDict()
        self._capacity = max(1, KEPT_BYTES // (3 * self.side**2))
        # A pattern costs more to make than a picture to read, so there are no more patterns than are kept.
        self.count = len(self.files if self.store is None else self.store) or min(count, self._capacity)
        if source is not None:
            self._picture(0)

    def __str__(self) -> str:
        if self.store is not None:
            return f"{self.count} images of {self.source}"
        return f"{self.count} pictures of {self.source}" if self.files else f"{self.count} procedural patterns"

    def draw(self, rng: np.random.Generator, window: tuple[slice, slice] = (slice(None), slice(None))) -> np.ndarray:
        """(size, size, 3) uint8 RGB, a random part of a random picture, sometimes mirrored. Not to be written to.

        With a `window` only those rows and columns of it, which touches no more memory than they take.
        """
        picture = self._picture(int(rng.integers(self.count)))
        top, left = rng.integers(self.side - self.size + 1, size=2)
        part = picture[top : top + self.size, left : left + self.size]
        rows, columns = window
        if rng.random() >= 0.5:
            return part[rows, columns]
        start, stop, _ = columns.indices(self.size)
        mirrored = part[rows, self.size - stop : self.size - start]
        return np.asarray(cv2.flip(mirrored, 1)) if mirrored.size else mirrored

    def _picture(self, number: int) -> np.ndarray:
        if number in self._kept:
            self._kept.move_to_end(number)
            return self._kept[number]
        picture = self._pattern(number) if self.source is None else self._read(number)
        self._kept[number] = picture
        if len(self._kept) > self._capacity:
            self._kept.popitem(last=False)
        return picture

    def _pattern(self, number: int) -> np.ndarray:
        made = self.procedural(np.random.default_rng((self.seed, number)), min(self.side, PATTERN_SIDE))
        return np.asarray(cv2.resize(made, (self.side, self.side), interpolation=cv2.INTER_LINEAR))

    def _read(self, number: int) -> np.ndarray:
        """Picture `number`, or the next one that can be read; each damaged one is warned about once."""
        for candidate in range(number, number + self.count):
            index = candidate % self.count
            if index in self._unreadable:
                continue
            try:
                return _square(self._decoded(index), self.side)
            except PoseError as error:
                self._unreadable.add(index)
                warnings.warn(f"{error}; the next picture takes its place", stacklevel=2)
        raise PoseError(f"none of the {self.count} pictures in {self.source} can be read")

    def _decoded(self, index: int) -> np.ndarray:
        """(H, W, 3) uint8 RGB."""
        return (
            read_image(self.files[index], upright=True)[0][..., ::-1] if self.store is None else self.store.image(index)
        )


def _picture_files(folder: Path) -> list[Path]:
    if not folder.is_dir():
        advice = "name a folder of pictures or a pose store, or leave it out for patterns made here"
        raise PoseError(f"there is no folder of pictures at {folder}; {advice}")
    found = list_images(folder, recursive=True)
    for sentence in found.refused:
        warnings.warn(f"{sentence}: it is left out", stacklevel=2)
    if not found.paths:
        raise PoseError(f"{folder} holds no pictures ({', '.join(SUFFIXES)}); add some or leave the folder out")
    return found.paths


def _square(picture: np.ndarray, side: int) -> np.ndarray:
    """The largest centred square of a picture, (side, side, 3)."""
    height, width = picture.shape[:2]
    edge = min(height, width)
    top, left = (height - edge) // 2, (width - edge) // 2
    square = picture[top : top + edge, left : left + edge]
    method = cv2.INTER_AREA if edge > side else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(np.ascontiguousarray(square), (side, side), interpolation=method))


def colour(rng: np.random.Generator) -> np.ndarray:
    """A random colour (3,) float, 0..255; evenly spread in brightness, seldom garish."""
    grey = rng.uniform(20, 235)
    return np.asarray(np.clip(grey + rng.normal(0, 45, 3), 0, 255))


def clouds(rng: np.random.Generator, side: int, octaves: int = 5) -> np.ndarray:
    """(side, side) float in 0..1: noise of several scales, the coarse ones strongest."""
    total = np.zeros((side, side), np.float32)
    for octave in range(octaves):
        cells = rng.random((2 + 2**octave, 2 + 2**octave), dtype=np.float32)
        total = total + cv2.resize(cells, (side, side), interpolation=cv2.INTER_CUBIC) * 0.6**octave
    low, high = float(total.min()), float(total.max())
    return np.asarray((total - low) / max(high - low, 1e-6), np.float32)


def cloth(rng: np.random.Generator, side: int) -> np.ndarray:
    """A fabric: plain, striped, checked, dotted or mottled, turned by any angle."""
    angle, period = rng.uniform(0, np.pi), rng.uniform(0.03, 0.2) * side
    x, y = np.meshgrid(np.arange(side, dtype=np.float32), np.arange(side, dtype=np.float32))
    u = (np.cos(angle) * x + np.sin(angle) * y) * (2 * np.pi / period)
    v = (-np.sin(angle) * x + np.cos(angle) * y) * (2 * np.pi / period)
    kind = rng.integers(5)
    if kind == 0:
        mix: np.ndarray = np.zeros((side, side), np.float32)
    elif kind == 1:
        mix = (np.sin(u) > rng.uniform(-0.7, 0.7)).astype(np.float32)
    elif kind == 2:
        mix = ((np.sin(u) > 0.2).astype(np.float32) + (np.sin(v) > 0.2)) / 2
    elif kind == 3:
        mix = (np.sin(u) * np.sin(v) > rng.uniform(0.3, 0.8)).astype(np.float32)
    else:
        mix = clouds(rng, side, 6)
    mix = np.clip(mix + rng.normal(0, 0.06, mix.shape), 0, 1)[..., None]
    return ((1 - mix) * colour(rng) + mix * colour(rng)).astype(np.uint8)


def scenery(rng: np.random.Generator, side: int) -> np.ndarray:
    """A background without meaning but with edges, gradients and clutter at many scales."""
    shade = clouds(rng, side, 6)[..., None]
    picture = (1 - shade) * colour(rng) + shade * colour(rng)
    horizon = int(rng.uniform(0.35, 0.85) * side)
    ground = clouds(rng, side, 7)[horizon:, :, None]
    picture[horizon:] = (1 - ground) * colour(rng) + ground * colour(rng)
    picture = picture.astype(np.uint8)
    for _ in range(rng.integers(3, 14)):
        tint = colour(rng).tolist()
        (x0, y0), (w, h) = rng.integers(0, side, 2).tolist(), (rng.uniform(0.03, 0.45, 2) * side).astype(int).tolist()
        kind = rng.integers(3)
        if kind == 0:
            cv2.rectangle(picture, (x0, y0), (x0 + w, y0 + h), tint, -1)
        elif kind == 1:
            cv2.ellipse(picture, (x0, y0), (w // 2 + 1, h // 2 + 1), rng.uniform(0, 180), 0, 360, tint, -1)
        else:
            cv2.line(picture, (x0, y0), (x0 + w, y0 + h), tint, int(rng.integers(1, max(2, side // 20))))
    return np.asarray(cv2.GaussianBlur(picture, (0, 0), rng.uniform(0.4, 2.0)))
