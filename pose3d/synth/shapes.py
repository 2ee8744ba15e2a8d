"""Bodies between and beyond the baked ones: linear blends of people of one sex."""

from dataclasses import replace
from functools import lru_cache

import numpy as np

from pose3d.synth.bodies import Bodies, load_bodies
from pose3d.synth.retarget import rest_alignment

HEIGHTS_M = (1.42, 2.02)
"""Statures of blended bodies; taller and shorter ones are scaled as a whole."""

_PARENTS = 3
_EXAGGERATION = (0.75, 1.6)  # compensates for blending, which moves bodies towards the mean
_GIRTH = (-0.016, 0.002, 0.05)  # least, most common and largest change of the waist's depth over the height
_ARM, _BODY = 0, 1  # columns of `Bodies.cuts`


def blend(bodies: Bodies, parents: tuple[int, ...], rng: np.random.Generator) -> Bodies:
    """Draw one new body, as `Bodies` of length 1, from the bodies numbered `parents`.

    Up to three parents of the same sex are averaged with random weights, the difference from the mean of that sex is
    scaled by 0.75 to 1.6, and the girth is changed from very thin to heavy. Vertices, joints and pivots are blended
    alike, so the joints stay inside the limbs.
    """
    woman = bool(bodies.woman[list(parents)][rng.integers(len(parents))])
    same = np.array([p for p in parents if bodies.woman[p] == woman])
    chosen = rng.choice(same, min(_PARENTS, len(same)), replace=False)
    share = rng.dirichlet(np.full(len(chosen), 0.5)) * rng.uniform(*_EXAGGERATION)
    weights = np.full(len(same), (1 - share.sum()) / len(same))
    weights[np.searchsorted(same, chosen)] += share
    weights += rng.triangular(*_GIRTH) * _girth_weights(tuple(same.tolist()))

    def mixed(values: np.ndarray) -> np.ndarray:
        return np.tensordot(weights, values[same].astype(np.float64), 1)[None]

    height = float(mixed(bodies.height)[0])
    scale = float(np.clip(height * rng.normal(1, 0.03), *HEIGHTS_M)) / height
    pivots = scale * mixed(bodies.pivots)
    return replace(
        bodies,
        vertices=(scale * mixed(bodies.vertices)).astype(np.float32),
        bone_heads=scale * mixed(bodies.bone_heads),
        height=np.array([scale * height]),
        woman=np.array([woman]),
        pivots=pivots,
        alignment=rest_alignment(pivots[0])[None],
        joints_28=scale * mixed(bodies.joints_28),
    )


@lru_cache(maxsize=8)
def _girth_weights(numbers: tuple[int, ...]) -> np.ndarray:
    """Weights (n,), summing to zero, that make a blend of some of the baked bodies wider by one (waist depth / height).

    The least-squares line of the bodies over the depth of their waists, written as a blend.
    """
    bodies = load_bodies()
    skin = bodies.body_vertices
    waist = skin[(np.abs(bodies.cuts[skin, _BODY] - 0.35) < 0.25) & (bodies.cuts[skin, _ARM] < -0.2)]
    depth = np.array([np.ptp(bodies.vertices[i, waist, 1]) / bodies.height[i] for i in numbers], np.float64)
    return (depth - depth.mean()) / ((depth - depth.mean()) ** 2).sum()
