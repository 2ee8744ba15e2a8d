"""Straight lines behind the person in the video of a static camera, as evidence about the upward direction."""

import cv2
import numpy as np

from pose3d.predict.images import Image

MOST_FRAMES = 16
WIDTH = 960
"""Longer side in px of the picture that lines are found in."""
SIZES = (1.0, 1 / 3, 1 / 6)
"""Of that picture: soft edges, as of walls that meet, show in the smaller ones only."""
SHORTEST = (25.0, 12.0, 10.0)
"""Length in px of the lines that count, in each size."""


class Background:
    """Keeps a few frames spread over a video of unknown length, and finds lines in their median.

    Frames are kept at even intervals; whenever there are `MOST_FRAMES`, every other one is dropped.
    """

    def __init__(self) -> None:
        self._kept: list[np.ndarray] = []
        self._every, self._seen = 1, 0
        self._size = (0, 0)

    def add(self, image: Image | None) -> None:
        """Take in the next frame (H, W, 3) uint8, or None where it is damaged."""
        if image is None:
            return
        size = (image.shape[1], image.shape[0])
        if size != self._size:  # a stream that changes its size starts again
            self._kept, self._size, self._every, self._seen = [], size, 1, 0
        if self._seen % self._every == 0:
            self._keep(np.asarray(image))
        self._seen += 1

    def lines(self) -> np.ndarray:
        """Line segments (L, 4): x1, y1, x2, y2 px of the frames."""
        if not self._kept:
            return np.zeros((0, 4), np.float32)
        still = np.median(self._kept, axis=0).astype(np.uint8)
        found = [self._lines_of(still, size, shortest) for size, shortest in zip(SIZES, SHORTEST, strict=True)]
        return np.concatenate(found).astype(np.float32)

    def _keep(self, image: np.ndarray) -> None:
        small = _shrunk(image, min(1.0, WIDTH / max(self._size)))
        self._kept.append(cv2.cvtColor(small, cv2.COLOR_RGB2GRAY))
        if len(self._kept) == MOST_FRAMES:
            self._kept, self._every = self._kept[::2], 2 * self._every

    def _lines_of(self, still: np.ndarray, size: float, shortest: float) -> np.ndarray:
        picture = _shrunk(still, size)
        found = cv2.createLineSegmentDetector(cv2.LSD_REFINE_STD).detect(picture)[0]
        lines = np.zeros((0, 4)) if found is None else np.asarray(found, np.float64).reshape(-1, 4)
        lines = lines[np.hypot(lines[:, 2] - lines[:, 0], lines[:, 3] - lines[:, 1]) >= shortest]
        scale = np.array([self._size[0] / picture.shape[1], self._size[1] / picture.shape[0]] * 2)
        return np.asarray((lines + 0.5) * scale - 0.5)


def _shrunk(image: np.ndarray, size: float) -> np.ndarray:
    if size == 1.0:
        return image
    return cv2.resize(image, None, fx=size, fy=size, interpolation=cv2.INTER_AREA)
