"""Augmentation of the geometry of one sample: where the crop is taken from.

It is drawn here and applied by the dataset to image, 2D, 3D and camera together.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class GeometricAugmentation:
    """How the crop may vary. All zero: the crop of decision G3 itself.

    Attributes:
        rotation_deg: turn by an angle drawn from +-rotation_deg.
        flip: probability of mirroring.
        scale_jitter: zoom by a factor drawn from [1 / (1 + j), 1 + j], evenly in its logarithm.
        shift: move the crop by up to this share of its side, each way.
    """

    rotation_deg: float = 0.0
    flip: float = 0.0
    scale_jitter: float = 0.0
    shift: float = 0.0

    def draw(self, rng: np.random.Generator) -> tuple[float, bool, float, np.ndarray]:
        """Angle in degrees, whether to flip, zoom factor, shift (2,) in sides."""
        uniform = rng.uniform(-1, 1, 4)
        flip = bool(rng.random() < self.flip)
        zoom = float(np.exp(uniform[1] * np.log1p(self.scale_jitter)))
        return self.rotation_deg * float(uniform[0]), flip, zoom, self.shift * uniform[2:]
