"""Appearance augmentation of MPI-INF-3DHP (paper section 4): background, chair and clothing exchanged by their masks.

A region's new colour is a texture times its shading, and the shading is the pixel's intensity over the region's mean
intensity (decision D5). Of the samples 25 % stay as they are, 40 % change background and chair, and the rest the
clothing too (decision D4), as far as the masks of their sequence can be trusted (datasets.md 1.5).
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
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
_MIN_REGION_PX = 12


def soft_region(mask: np.ndarray, bits: int, blur_px: float) -> np.ndarray:
    """Weight (H, W) float32 in 0..1 of the region that has any of `bits`, its border smoothed (D5)."""
    region = ((mask & bits) != 0).astype(np.float32)
    return np.asarray(cv2.GaussianBlur(region, (0, 0), blur_px))


def replace(image: np.ndarray, new: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """Blend uint8 images (H, W, 3): `new` where `weight` (H, W) is 1, `image` where it is 0."""
    return np.asarray(cv2.blendLinear(np.ascontiguousarray(image), new, 1 - weight, weight))


def recolour(image: np.ndarray, texture: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """Give the region `weight` (H, W) the `texture` (H, W, 3) under the region's own shading (D5)."""
    intensity = cv2.cvtColor(image, cv2.COLOR_RGB2GRAY)
    mean = float((intensity * weight).sum() / max(float(weight.sum()), 1e-6))
    shading = cv2.cvtColor(intensity, cv2.COLOR_GRAY2RGB)
    return replace(image, np.asarray(cv2.multiply(texture, shading, scale=1 / max(mean, 1.0))), weight)


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
        for part, bits in REGION_BITS.items():
            if part in chosen:
                img = self._recolour_part(img, region_mask, bits, self.textures.draw(rng))
        # Last, so that the smoothed border of a garment does not carry its old surroundings along.
        if "background" in chosen:
            outside = 1 - soft_region(region_mask, PERSON | CHAIR, self.blur_px)
            img = replace(img, self.backgrounds.draw(rng), outside)
        return img

    def _recolour_part(self, image: np.ndarray, mask: np.ndarray, bits: int, texture: np.ndarray) -> np.ndarray:
        """Work on the region's own rectangle: a garment covers a small part of the crop."""
        left, top, width, height = cv2.boundingRect(((mask & bits) != 0).view(np.uint8))
        if width * height < _MIN_REGION_PX:
            return image
        reach = int(3 * self.blur_px) + 1
        rows = slice(max(0, top - reach), top + height + reach)
        columns = slice(max(0, left - reach), left + width + reach)
        weight = soft_region(mask[rows, columns], bits, self.blur_px)
        image = image.copy()
        image[rows, columns] = recolour(
            np.ascontiguousarray(image[rows, columns]), np.ascontiguousarray(texture[rows, columns]), weight
        )
        return image
