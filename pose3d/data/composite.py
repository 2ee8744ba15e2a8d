"""Appearance augmentation of MPI-INF-3DHP (paper section 4): background, chair and clothing exchanged by their masks.

A region's new colour is a texture times its shading, and the shading is the pixel's intensity over the region's mean
intensity (decision D5). How many samples change, and how much of them, is decided in `shares`.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence

import cv2
import numpy as np

from pose3d.data.pictures import PictureBank
from pose3d.data.schema import AUGMENTABLE, CHAIR, LOWER, PERSON, UPPER
from pose3d.data.shares import BACKGROUND_AND_CHAIR, MIXTURE, Regions, Shares, overall, shares_by_regions

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


class Compositor:
    """Exchanges background, chair and garments of the images of one data set by their region masks.

    Args:
        backgrounds: pictures as large as the images.
        textures: for chair and garments, drawn separately for each.
        counts: samples of the data set by the regions that may change in them.
        mixture: shares of untouched, background and chair, everything, of the whole data set (see `shares`).
        blur_px: how far the borders of masks are smoothed, sigma in pixels.

    Attributes:
        shares: the shares that come out over the whole data set.
    """

    def __init__(
        self,
        backgrounds: PictureBank,
        textures: PictureBank,
        counts: Mapping[Regions, int] | None = None,
        mixture: Sequence[float] = MIXTURE,
        blur_px: float = 1.0,
    ) -> None:
        self.backgrounds, self.textures, self.blur_px = backgrounds, textures, blur_px
        counts = counts or {AUGMENTABLE: 1}
        self._shares = {frozenset(kind): s for kind, s in shares_by_regions(counts, mixture).items()}
        self.shares: Shares = overall(counts, shares_by_regions(counts, mixture))

    def choose(self, rng: np.random.Generator, allowed: Collection[str]) -> tuple[str, ...]:
        """Regions to change in one sample: a subset of `allowed` in the order of schema.AUGMENTABLE."""
        shares = self._shares[frozenset(allowed)]
        number = rng.random()
        if number < shares.untouched:
            return ()
        some = number < shares.untouched + shares.background_and_chair
        return tuple(region for region in (BACKGROUND_AND_CHAIR if some else AUGMENTABLE) if region in allowed)

    def __call__(
        self,
        image: np.ndarray,
        read_mask: Callable[[], np.ndarray],
        allowed: Collection[str],
        rng: np.random.Generator,
    ) -> np.ndarray:
        """`image` (H, W, 3) uint8 RGB with some of the `allowed` regions exchanged, or itself where nothing changes.

        Args:
            read_mask: gives the region bits (H, W) uint8 (schema.PERSON, ...); called only where something changes.
            rng: everything random comes from it.
        """
        chosen = self.choose(rng, allowed)
        return self.exchange(image, read_mask(), chosen, rng) if chosen else image

    def exchange(
        self, image: np.ndarray, mask: np.ndarray, regions: Collection[str], rng: np.random.Generator
    ) -> np.ndarray:
        """A copy of `image` with these regions exchanged."""
        image = image.copy()
        for region, bits in REGION_BITS.items():
            if region in regions:
                window = self._window(mask, bits)
                texture = self.textures.draw(rng, window)
                if texture.size:
                    weight = soft_region(mask[window], bits, self.blur_px)
                    image[window] = recolour(image[window], texture, weight)
        # Last, so that the smoothed border of a garment does not carry its old surroundings along.
        if "background" in regions:
            background = self.backgrounds.draw(rng).copy()
            window = self._window(mask, PERSON | CHAIR)
            if image[window].size:
                weight = soft_region(mask[window], PERSON | CHAIR, self.blur_px)
                background[window] = replace(background[window], image[window], weight)
            image = background
        return image

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
