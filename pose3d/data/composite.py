"""Appearance augmentation of MPI-INF-3DHP (paper section 4): background, chair and clothing exchanged by their masks.

A region's new colour is a texture times its shading, and the shading is the pixel's intensity over the region's mean
intensity (decision D5). Of the samples 25 % stay as they are, 40 % change background and chair, and the rest the
clothing too (decision D4), as far as the masks of their sequence can be trusted (datasets.md 1.5).
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from typing import Any

from pose3d.data.augment import A  # albumentations, with its look at the network switched off
from pose3d.data.pictures import PictureBank
from pose3d.data.schema import AUGMENTABLE, CHAIR, LOWER, PERSON, UPPER
from pose3d.errors import PoseError

# isort: split
import cv2
import numpy as np

MIXTURE = (0.25, 0.40, 0.35)
"""Shares of untouched, background and chair, everything (decision D4)."""

REGION_BITS = {"chair": CHAIR, "upper": UPPER, "lower": LOWER}
MOST_SHADING = 2.0
LEAST_MEAN = 32.0
"""Of a region, in levels of 255: a darker one's shading is mostly noise and stray light, and is damped."""
_MIN_REGION_PX = 12


def soft_region(mask: np.ndarray, bits: int, blur_px: float) -> np.ndarray:
    """Weight (H, W) uint8, 255 inside the region that has any of `bits`, its border smoothed (D5)."""
    region = cv2.threshold(mask & bits, 0, 255, cv2.THRESH_BINARY)[1]
    kernel = cv2.getGaussianKernel(2 * round(3 * blur_px) + 1, blur_px)
    return np.asarray(cv2.sepFilter2D(region, -1, kernel, kernel))


def replace(image: np.ndarray, new: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """Blend uint8 images (H, W, 3): `new` where `weight` (H, W) uint8 is 255, `image` where it is 0."""
    # In 8 bits, off by one level at most: a third of the time of cv2.blendLinear with its float weights.
    of_new = cv2.cvtColor(weight, cv2.COLOR_GRAY2RGB)
    of_image = cv2.bitwise_not(of_new)
    return np.asarray(cv2.add(cv2.multiply(new, of_new, scale=1 / 255), cv2.multiply(image, of_image, scale=1 / 255)))


def recolour(image: np.ndarray, texture: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """Give the region `weight` (H, W) uint8 the `texture` (H, W, 3) under the region's own shading (D5).

    The shading is at most MOST_SHADING, and that of a region darker than LEAST_MEAN is 1 + (intensity - mean) /
    LEAST_MEAN: beside a black garment whatever the mask takes in of skin or light floor is many times its mean and
    would glow.
    """
    intensity = cv2.cvtColor(image, cv2.COLOR_RGB2GRAY)
    weights = weight.astype(np.float32)
    mean = max(float(np.vdot(intensity.astype(np.float32), weights)) / max(float(weights.sum()), 1e-6), 1.0)
    bounded = cv2.threshold(intensity, MOST_SHADING * mean, 0, cv2.THRESH_TRUNC)[1]
    unit = max(mean, LEAST_MEAN)
    lifted = cv2.convertScaleAbs(bounded, beta=unit - mean) if unit > mean else bounded
    shading = cv2.cvtColor(lifted, cv2.COLOR_GRAY2RGB)
    return replace(image, np.asarray(cv2.multiply(texture, shading, scale=1 / unit)), weight)


class CompositeRegions(A.ImageOnlyTransform):
    """Exchange background, chair and garments of an image by its region mask.

    Call as `transform(image=..., mask=..., augmentable=[...])`: `mask` (H, W) uint8 region bits (schema.PERSON ...),
    `augmentable` what may change, by default everything. Only the image changes.

    Args:
        backgrounds: pictures as large as the images.
        textures: for chair and garments, drawn separately for each.
        mixture: shares of untouched, background and chair, everything.
        blur_px: how far the borders of masks are smoothed, sigma in pixels.
    """

    def __init__(
        self,
        backgrounds: PictureBank,
        textures: PictureBank,
        mixture: Sequence[float] = MIXTURE,
        blur_px: float = 1.0,
    ) -> None:
        super().__init__(p=1.0)
        if len(mixture) != 3 or min(mixture) < 0 or abs(sum(mixture) - 1) > 1e-6:
            raise PoseError(f"the mixture {list(mixture)} must be three shares that sum to one, as 0.25, 0.40, 0.35")
        self.backgrounds, self.textures = backgrounds, textures
        self.mixture, self.blur_px = tuple(mixture), blur_px

    @property
    def targets_as_params(self) -> list[str]:
        return ["mask"]

    def choose(self, rng: np.random.Generator, augmentable: Collection[str]) -> tuple[str, ...]:
        """What to change in one sample: a subset of `augmentable` in the order of schema.AUGMENTABLE."""
        draw = rng.random()
        if draw < self.mixture[0]:
            return ()
        wanted = AUGMENTABLE[:2] if draw < self.mixture[0] + self.mixture[1] else AUGMENTABLE
        return tuple(part for part in wanted if part in augmentable)

    def get_params_dependent_on_data(self, params: dict[str, Any], data: dict[str, Any]) -> dict[str, Any]:
        chosen = self.choose(self.random_generator, data.get("augmentable", AUGMENTABLE))
        return {"chosen": chosen, "region_mask": data["mask"]}

    def apply(self, img: np.ndarray, chosen: tuple[str, ...], region_mask: np.ndarray, **params: Any) -> np.ndarray:
        rng = self.random_generator
        image = img.copy() if chosen else img
        for part, bits in REGION_BITS.items():
            if part in chosen:
                window = self._window(region_mask, bits)
                texture = self.textures.draw(rng, window)
                if texture.size:
                    weight = soft_region(region_mask[window], bits, self.blur_px)
                    image[window] = recolour(image[window], texture, weight)
        # Last, so that the smoothed border of a garment does not carry its old surroundings along.
        if "background" in chosen:
            background = self.backgrounds.draw(rng).copy()
            window = self._window(region_mask, PERSON | CHAIR)
            if image[window].size:
                weight = soft_region(region_mask[window], PERSON | CHAIR, self.blur_px)
                background[window] = replace(background[window], image[window], weight)
            image = background
        return image

    def change(
        self, image: np.ndarray, read_mask: Callable[[], np.ndarray], augmentable: Collection[str]
    ) -> np.ndarray:
        """The same draws and pixels as a call; the mask is read only where something is to change."""
        chosen = self.choose(self.random_generator, augmentable)
        return self.apply(image, chosen, read_mask()) if chosen else image

    def _window(self, mask: np.ndarray, bits: int) -> tuple[slice, slice]:
        """Rows and columns that the region and its smoothed border lie in, as a rule a small part of the crop.

        None of them where there is no region worth a change.
        """
        left, top, width, height = cv2.boundingRect(mask & bits)
        if width * height < _MIN_REGION_PX:
            return slice(0), slice(0)
        reach = round(3 * self.blur_px)
        return (
            slice(max(0, top - reach), top + height + reach),
            slice(max(0, left - reach), left + width + reach),
        )
