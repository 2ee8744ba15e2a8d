"""Constant bone lengths: one length per bone for a whole sequence."""

import numpy as np

from pose3d.skeleton import MPI_INF_3DHP_17

ROOT = MPI_INF_3DHP_17.root
PARENTS = list(MPI_INF_3DHP_17.parents_o1)
"""Order-1 parents, except that the parent of the top of the head is the head, not the neck."""
PARENTS[MPI_INF_3DHP_17.index("head_top")] = MPI_INF_3DHP_17.index("head")
FEWEST_SURE = 10
"""Smallest number of confident frames; with fewer, all frames are used."""


def order_from_root() -> list[int]:
    """The joints without the root, parents first."""
    order, left = [ROOT], [j for j in range(len(PARENTS)) if j != ROOT]
    while left:
        ready = [j for j in left if PARENTS[j] in order]
        order += ready
        left = [j for j in left if j not in ready]
    return order[1:]


def bone_lengths(joints_3d: np.ndarray, confidence: np.ndarray | None = None) -> np.ndarray:
    """Median length (17,) mm of each bone (joint to parent) over (T, 17, 3), left and right alike.

    Only the half of the frames in which both ends have the highest `confidence` (T, 17) is used. The root has length 0.
    """
    lengths = np.linalg.norm(joints_3d - joints_3d[:, PARENTS], axis=-1)
    medians = np.zeros(len(PARENTS))
    for joint in order_from_root():
        known = np.isfinite(lengths[:, joint])
        sure = known
        if confidence is not None and known.any():
            both = np.minimum(confidence[:, joint], confidence[:, PARENTS[joint]])
            sure = known & (both >= np.median(both[known]))
        used = sure if sure.sum() >= FEWEST_SURE else known
        medians[joint] = np.median(lengths[used, joint]) if used.any() else np.nan
    return (medians + medians[list(MPI_INF_3DHP_17.flip)]) / 2


def hold_bones(joints_3d: np.ndarray, lengths: np.ndarray) -> np.ndarray:
    """Root-relative joints (T, 17, 3) with the same bone directions and the given lengths (17,)."""
    held = np.zeros_like(joints_3d)
    held[:, ROOT] = joints_3d[:, ROOT]
    for joint in order_from_root():
        bone = joints_3d[:, joint] - joints_3d[:, PARENTS[joint]]
        size = np.linalg.norm(bone, axis=-1, keepdims=True)
        direction = bone / np.where(size > 0, size, 1.0)
        held[:, joint] = held[:, PARENTS[joint]] + direction * lengths[joint]
    return held
