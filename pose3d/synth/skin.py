"""Skin colour: lips, brows, eyes, hair roots, beard, and details of bare skin that tell front from back."""

from functools import cache

import numpy as np

from pose3d.synth.bodies import Bodies, load_bodies
from pose3d.synth.colour import to_linear
from pose3d.synth.outfit import Outfit


def skin_tint(bodies: Bodies, outfit: Outfit) -> np.ndarray:
    """Linear factors (V, 3) on the skin colour: lips, brows, hair roots, beard, eyes, a little unevenness."""
    skin, hair = to_linear(np.array(outfit.skin)), to_linear(np.array(outfit.hair_color))
    uneven = 1 + 0.06 * (smooth_noise(bodies.mean, outfit.folds + 1, scale=45.0)[:, None] - 0.5) * np.array(
        [0.5, 1.1, 1.0]
    )
    tint = uneven.astype(np.float32)
    paint = bodies.paint
    roots = 0.0 if outfit.hair == "none" else 0.95
    colours = (
        (paint["scalp"] * roots, hair / skin),
        (paint["beard"] * outfit.beard, hair / skin),
        (paint["lips"] * 0.7, np.array([0.95, 0.5, 0.5])),
        (paint["brow"] * 0.85, hair / skin),
        (paint["eye_white"], np.array([0.62, 0.6, 0.58]) / skin),
        (paint["iris"], np.array([0.03, 0.022, 0.018]) / skin),
    )
    for strength, target in colours:
        tint += strength[:, None] * (target.astype(np.float32) - tint)
    _draw_marks(tint, outfit.bare_detail)
    return tint


_MARKS = (
    # place on the left side of the mean body (m), radius (m), factors on the skin's colour
    ((0.0735, -0.156, 1.221), 0.016, (0.62, 0.45, 0.42)),  # nipple
    ((0.0, -0.125, 1.045), 0.011, (0.5, 0.42, 0.4)),  # navel
    ((0.0, -0.10, 1.27), 0.055, (0.9, 0.86, 0.84)),  # between the chest's halves
    ((0.0, 0.09, 1.20), 0.030, (0.86, 0.82, 0.8)),  # along the spine
    ((0.0, 0.06, 1.08), 0.030, (0.86, 0.82, 0.8)),
)


@cache
def _marks() -> list[tuple[np.ndarray, np.ndarray, np.ndarray]]:
    """Vertices (n,), strengths (n, 1) and factors (3,) of each mark."""
    mean = load_bodies().mean
    folded = np.abs(mean) * (1, 0, 0) + mean * (0, 1, 1)
    marks = []
    for place, radius, factors in _MARKS:
        near = np.exp(-((np.linalg.norm(folded - place, axis=1) / radius) ** 2)).astype(np.float32)
        found = np.flatnonzero(near > 0.01)
        marks.append((found, near[found, None], np.array(factors, np.float32)))
    return marks


def _draw_marks(tint: np.ndarray, strength: float) -> None:
    """Multiply the skin's tint (V, 3) by details that tell front from back on bare skin."""
    for vertices, near, factors in _marks():
        tint[vertices] *= 1 - strength * near * (1 - factors)


def smooth_noise(points: np.ndarray, seed: int, scale: float = 22.0) -> np.ndarray:
    """Smooth noise (V,) 0..1 over rest positions: a sum of waves, `scale` radians a metre on average."""
    rng = np.random.default_rng([7, seed])
    waves = rng.normal(size=(3, 8))
    waves *= scale * rng.uniform(0.6, 1.7, 8) / np.linalg.norm(waves, axis=0)
    phases = rng.uniform(0, 2 * np.pi, 8)
    heights = np.sin(points @ waves.astype(np.float32) + phases.astype(np.float32))
    return np.clip(0.5 + heights.mean(1), 0, 1)
