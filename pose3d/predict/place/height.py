"""Height of a skeleton, to scale it to a known height."""

import numpy as np

from pose3d.errors import PoseError
from pose3d.predict.refine.bones import bone_lengths
from pose3d.skeleton import MPI_INF_3DHP_17

CHAIN_PER_HEIGHT = 0.959
"""Thighs, shanks, trunk, neck and head in a line, as a share of the stature: 0.957 to 0.961 on the 32 bodies of the
embedded data set. The sum lacks the foot, and the bends of the spine add to it."""

LOWEST_M, HIGHEST_M = 0.4, 2.8


def stature(joints_3d: np.ndarray, confidence: np.ndarray | None = None) -> float:
    """Standing height in mm of the person with joints (T, 17, 3) mm, from median bone lengths."""
    lengths = bone_lengths(joints_3d, confidence)
    index = MPI_INF_3DHP_17.index
    legs = sum(lengths[index(f"{side}_{name}")] for side in "lr" for name in ("knee", "ankle")) / 2
    chain = legs + sum(lengths[index(name)] for name in ("spine", "neck", "head", "head_top"))
    return float(chain) / CHAIN_PER_HEIGHT


def height_scale(joints_3d: np.ndarray, height_m: float, confidence: np.ndarray | None = None) -> float:
    """Factor that makes the person `height_m` m tall."""
    if not LOWEST_M <= height_m <= HIGHEST_M:
        raise PoseError(f"--height {height_m:g} is not a human height; give metres, from {LOWEST_M} to {HIGHEST_M}")
    return 1000 * height_m / stature(joints_3d, confidence)
