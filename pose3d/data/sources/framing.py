"""Crop generously around a person and shrink, so that a store is small and quick to read.

Cropping shifts the principal point and shrinking scales the camera, so the stored intrinsics stay exact: the 3D joints
project onto the 2D joints of the stored image as they did in the full one.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

JPEG_QUALITY = 90
"""Half the bytes of 95 and 0.7 dB away from it; the bytes are most of what reading a sample costs."""


@dataclass(frozen=True)
class Framing:
    """How an image is stored.

    Attributes:
        margin: side of the stored square over the longer side of the joint box; 0 stores the whole image.
            A crop at scale 0.7 needs 1.25 / 0.7 = 1.8 (decision G3); the default leaves room for rotation.
        person_px: the longer side of the joint box is shrunk to this at most; 0 keeps the resolution.
            A 368 px crop shows it at 368 / 1.25 = 294 px, or at 0.7 of that.
    """

    margin: float = 2.0
    person_px: int = 300

    @property
    def whole(self) -> bool:
        """Whether images are stored as they are."""
        return self.margin <= 0 and self.person_px <= 0

    def window(self, bbox: np.ndarray, image_size: tuple[int, int]) -> Window:
        """The window of an image of `image_size` (w, h) to store for the joint box `bbox` (x, y, w, h px)."""
        width, height = image_size
        x0, y0, x1, y1 = 0, 0, width, height
        if self.margin > 0:
            center = bbox[:2] + bbox[2:] / 2
            half = self.margin * max(float(bbox[2:].max()), 16.0) / 2
            # Pixel centres at integers: the window [a, b) of pixels covers a - 0.5 to b - 0.5.
            low = np.floor(center - half + 0.5).astype(int)
            high = np.ceil(center + half + 0.5).astype(int)
            x0, x1 = np.clip([low[0], high[0]], 0, width)
            y0, y1 = np.clip([low[1], high[1]], 0, height)
            if x1 - x0 < 16 or y1 - y0 < 16:  # the person is outside the image
                x0, y0, x1, y1 = 0, 0, width, height
        shrink = min(1.0, self.person_px / float(bbox[2:].max())) if self.person_px > 0 else 1.0
        size = (max(1, round((x1 - x0) * shrink)), max(1, round((y1 - y0) * shrink)))
        return Window(int(x0), int(y0), int(x1), int(y1), size)


@dataclass(frozen=True)
class Window:
    """Pixels x0 <= x < x1, y0 <= y < y1 of an image, resized to `size` (w, h)."""

    x0: int
    y0: int
    x1: int
    y1: int
    size: tuple[int, int]

    @property
    def stored_from_img(self) -> np.ndarray:
        """(3, 3) px: from the full image to the stored one, pixel centres at integers (decision G4)."""
        sx = self.size[0] / (self.x1 - self.x0)
        sy = self.size[1] / (self.y1 - self.y0)
        return np.array(
            [
                [sx, 0.0, (0.5 - self.x0) * sx - 0.5],
                [0.0, sy, (0.5 - self.y0) * sy - 0.5],
                [0.0, 0.0, 1.0],
            ]
        )

    def cut(self, image: np.ndarray, interpolation: int = cv2.INTER_AREA) -> np.ndarray:
        """The stored pixels of `image` (H, W) or (H, W, 3); shrinking averages."""
        cropped = image[self.y0 : self.y1, self.x0 : self.x1]
        if cropped.shape[1::-1] == self.size:
            return np.ascontiguousarray(cropped)
        return np.asarray(cv2.resize(cropped, self.size, interpolation=interpolation))

    def cut_mask(self, regions: np.ndarray) -> np.ndarray:
        """The stored region bits of `regions` (H, W) uint8; bits are never mixed."""
        return self.cut(regions, cv2.INTER_NEAREST_EXACT)

    def move_joints(self, joints_2d: np.ndarray) -> np.ndarray:
        """(..., 2) px of the full image to px of the stored image."""
        matrix = self.stored_from_img
        return np.asarray(joints_2d * matrix[[0, 1], [0, 1]] + matrix[:2, 2])

    def move_box(self, box: np.ndarray) -> np.ndarray:
        """(4,) x, y, w, h px of the full image to px of the stored image."""
        scale = self.stored_from_img[[0, 1], [0, 1]]
        return np.concatenate([self.move_joints(box[:2]), box[2:] * scale])


def encode_jpeg(image: np.ndarray) -> bytes:
    """(H, W, 3) uint8 BGR to JPEG."""
    return cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY])[1].tobytes()


def encode_png(regions: np.ndarray) -> bytes:
    """(H, W) uint8 to PNG: unfiltered, which suits flat regions best, decoded in a third of the time of level 9."""
    options = [cv2.IMWRITE_PNG_COMPRESSION, 3, cv2.IMWRITE_PNG_FILTER, cv2.IMWRITE_PNG_FILTER_NONE]
    return cv2.imencode(".png", regions, options)[1].tobytes()
