"""Bodies between and beyond the baked ones: linear blends of people of one sex."""

from dataclasses import replace

import numpy as np

from pose3d.synth.bodies import Bodies
from pose3d.synth.retarget import rest_alignment

HEIGHTS_M = (1.42, 2.02)
"""Statures of blended bodies; taller and shorter ones are scaled as a whole."""

_PARENTS = 3
_EXAGGERATION = (0.75, 1.75)  # blending pulls bodies towards the mean, this pushes them out again


def blend(bodies: Bodies, parents: tuple[int, ...], rng: np.random.Generator) -> Bodies:
    """Draw one new body, as `Bodies` of length 1, from the bodies numbered `parents`.

    Up to three parents of the same sex are averaged with random weights, and the difference from the mean of that sex
    is scaled by 0.75 to 1.75. Vertices, joints and pivots are blended alike, so the joints stay inside the limbs.
    """
    woman = bool(bodies.woman[list(parents)][rng.integers(len(parents))])
    same = np.array([p for p in parents if bodies.woman[p] == woman])
    chosen = rng.choice(same, min(_PARENTS, len(same)), replace=False)
    share = rng.dirichlet(np.full(len(chosen), 0.5)) * rng.uniform(*_EXAGGERATION)
    weights = np.full(len(same), (1 - share.sum()) / len(same))
    weights[np.searchsorted(same, chosen)] += share

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
