"""Augmentation of the appearance of one sample: how the pixels of its crop look.

It works on the finished uint8 crop, which is many times smaller than the photo it came from. Importing this module
imports albumentations, so it is imported where a transform is built.
"""

from __future__ import annotations

import os
import random
from pathlib import Path
from typing import Any

# albumentations otherwise asks the network for its newest version when it is imported.
os.environ.setdefault("NO_ALBUMENTATIONS_UPDATE", "1")

import albumentations as A
import cv2
import numpy as np

from pose3d.errors import PoseError

# Luminance and colour-difference axes (YIQ): hue turns and saturation scales the last two.
_YIQ_FROM_RGB = np.array([[0.299, 0.587, 0.114], [0.596, -0.274, -0.322], [0.211, -0.523, 0.312]])
_RGB_FROM_YIQ = np.linalg.inv(_YIQ_FROM_RGB)


class ColourMatrix(A.ImageOnlyTransform):
    """Brightness, contrast, saturation and hue as one affine map of RGB: an eighth of the time of ColorJitter.

    Each amount is drawn from +-its range; hue is in degrees about the luminance axis, contrast about the image's mean.
    """

    def __init__(
        self,
        brightness: float = 0.3,
        contrast: float = 0.3,
        saturation: float = 0.3,
        hue_deg: float = 10.0,
        p: float = 0.5,
    ) -> None:
        super().__init__(p=p)
        self.brightness, self.contrast, self.saturation, self.hue_deg = brightness, contrast, saturation, hue_deg

    def get_params(self) -> dict[str, Any]:
        b, c, s, h = self.random_generator.uniform(-1, 1, 4)
        hue = np.deg2rad(self.hue_deg * h)
        saturation = 1 + self.saturation * s
        chroma = saturation * np.array([[np.cos(hue), -np.sin(hue)], [np.sin(hue), np.cos(hue)]])
        yiq = np.eye(3)
        yiq[1:, 1:] = chroma
        return {
            "matrix": _RGB_FROM_YIQ @ yiq @ _YIQ_FROM_RGB * (1 + self.contrast * c),
            "contrast": 1 + self.contrast * c,
            "gain": 1 + self.brightness * b,
        }

    def apply(self, img: np.ndarray, matrix: np.ndarray, contrast: float, gain: float, **params: Any) -> np.ndarray:
        mean = sum(cv2.mean(img)[:3]) / 3
        offset = np.full((3, 1), (1 - contrast) * mean)
        return np.asarray(cv2.transform(img, np.hstack([matrix, offset]) * gain))


class Occluders(A.ImageOnlyTransform):
    """Paste `count` smooth blobs in front of the person, each with a long axis of `size` of the crop's side.

    The texture is another part of the same crop, mirrored, turned and tinted, so that its sharpness and noise fit; in a
    third of the cases it is a plain colour. The outline is an ellipse whose radius varies along it.
    """

    def __init__(self, count: tuple[int, int] = (1, 3), size: tuple[float, float] = (0.1, 0.4), p: float = 0.5) -> None:
        super().__init__(p=p)
        self.count, self.size = count, size

    def apply(self, img: np.ndarray, **params: Any) -> np.ndarray:
        rng, side, out = self.random_generator, img.shape[0], img.copy()
        angle = np.linspace(0, 2 * np.pi, 24, endpoint=False)
        for _ in range(int(rng.integers(self.count[0], self.count[1] + 1))):
            long = 0.5 * side * rng.uniform(*self.size)
            short = long * rng.uniform(0.2, 1.0)
            lumps = 1 + sum(rng.uniform(0, 0.15) * np.cos(k * angle + rng.uniform(0, 6.3)) for k in (2, 3, 5))
            turn, centre = rng.uniform(0, np.pi), rng.uniform(0, side, 2)
            x, y = long * lumps * np.cos(angle), short * lumps * np.sin(angle)
            outline = centre + np.stack([x * np.cos(turn) - y * np.sin(turn), x * np.sin(turn) + y * np.cos(turn)], 1)
            mask = np.zeros(img.shape[:2], np.uint8)
            cv2.fillPoly(mask, [outline.astype(np.int32)], 255)
            tint = rng.uniform(0, 255, 3)
            if rng.random() < 1 / 3:
                texture = np.broadcast_to(tint.astype(np.uint8), img.shape)
            else:
                shift = rng.integers(side // 4, 3 * side // 4, 2)
                moved = np.roll(np.rot90(img[:, ::-1], int(rng.integers(4))), shift, (0, 1))
                share = rng.uniform(0, 0.5)
                texture = (moved * (1 - share) + tint * share).astype(np.uint8)
            cv2.copyTo(np.ascontiguousarray(texture), mask, out)
        return out


def _photo() -> A.Compose:
    """From rendered people to photographs: what lenses, sensors, compression and other people do to a picture."""
    return A.Compose(
        [
            Occluders(p=0.25),
            ColourMatrix(0.4, 0.4, 0.6, 20, p=0.8),
            A.OneOf(
                [A.RandomGamma((55, 175)), A.CLAHE((1, 4), (4, 4)), A.Posterize((3, 6)), A.RandomToneCurve(0.25)], p=0.5
            ),
            A.OneOf([A.RGBShift((-25, 25), (-15, 15), (-25, 25)), A.ToGray(), A.ChannelShuffle()], p=0.2),
            A.OneOf(
                [
                    A.MotionBlur((3, 9)),
                    A.GaussianBlur((3, 7)),
                    A.Downscale((0.25, 0.7), {"downscale": cv2.INTER_AREA, "upscale": cv2.INTER_LINEAR}),
                    A.Sharpen((0.2, 0.6), (0.5, 1.0)),
                ],
                p=0.35,
            ),
            A.OneOf([A.GaussNoise((0.01, 0.08)), A.ISONoise((0.01, 0.05), (0.1, 0.4))], p=0.25),
            A.ImageCompression(quality_range=(20, 80), p=0.35),
        ]
    )


def appearance(preset: str) -> A.Compose | None:
    """The albumentations pipeline of a preset ("none", "light", "strong", "photo") or of a file written by `A.save`."""
    if preset == "none":
        return None
    if preset == "light":
        return A.Compose(
            [
                ColourMatrix(0.3, 0.3, 0.3, 10, p=0.8),
                A.RandomGamma((75, 135), p=0.3),
                A.GaussianBlur(blur_limit=(3, 5), p=0.1),
                A.GaussNoise(std_range=(0.01, 0.05), p=0.1),
                A.ToGray(p=0.05),
                A.CoarseDropout((1, 3), (0.08, 0.25), (0.08, 0.25), fill="random_uniform", p=0.2),
            ]
        )
    if preset == "strong":
        return A.Compose(
            [
                ColourMatrix(0.45, 0.45, 0.6, 25, p=0.9),
                A.RandomGamma((60, 165), p=0.4),
                A.GaussianBlur(blur_limit=(3, 7), p=0.2),
                A.GaussNoise(std_range=(0.02, 0.1), p=0.2),
                A.ToGray(p=0.1),
                A.CoarseDropout((1, 5), (0.08, 0.3), (0.08, 0.3), fill="random_uniform", p=0.4),
            ]
        )
    if preset == "photo":
        return _photo()
    if not Path(preset).is_file():
        raise PoseError(
            f"unknown appearance augmentation {preset!r}; use none, light, strong, photo or a file of A.save"
        )
    from pose3d.data.appearance_file import load_appearance

    return load_appearance(preset)


def seed_transform(transform: A.BasicTransform | A.Compose, rng: np.random.Generator) -> None:
    """Let `transform` draw from `rng`, so that a sample depends on its seed alone and not on its worker."""
    transform.set_random_state(rng, random.Random(int(rng.integers(1 << 62))))
