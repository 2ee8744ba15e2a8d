"""Which frames are used: the movement rule, the seeded draw, and the first look (decisions D1, D2)."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np


def moved_frames(poses: np.ndarray, threshold_mm: float) -> np.ndarray:
    """Frames in which some joint moved by more than `threshold_mm` since the last frame kept (decision D2).

    Args:
        poses: (T, J, 3) mm, one camera's axes; the first frame is kept, frames without a finite pose are not.
        threshold_mm: strictly more than this; 0 or less keeps every frame.

    Returns:
        Indices, ascending int64.
    """
    finite = np.flatnonzero(np.isfinite(poses).all(axis=(1, 2)))
    if threshold_mm <= 0 or len(finite) == 0:
        return finite
    kept = [int(finite[0])]
    for frame in finite[1:]:
        step = poses[frame] - poses[kept[-1]]
        if np.einsum("jc,jc->j", step, step).max() > threshold_mm**2:
            kept.append(int(frame))
    return np.array(kept, dtype=np.int64)


def random_subset(candidates: Sequence[np.ndarray], count: int, seed: int) -> list[np.ndarray]:
    """A random subset of `count` frames over all groups, order kept; everything where there are no more (decision D1).

    Args:
        candidates: frames of each group (a group is one video, say).
        count: how many to keep in all; 0 keeps all.
        seed: the same seed on the same candidates draws the same frames, whatever the machine.
    """
    total = sum(len(group) for group in candidates)
    if count <= 0 or total <= count:
        return [np.asarray(group) for group in candidates]
    chosen = np.zeros(total, dtype=bool)
    chosen[np.random.default_rng(seed).permutation(total)[:count]] = True
    ends = np.cumsum([len(group) for group in candidates])
    return [np.asarray(group)[mask] for group, mask in zip(candidates, np.split(chosen, ends[:-1]), strict=True)]


def first_look(groups: Sequence[np.ndarray], limit: int) -> list[np.ndarray]:
    """The first frames of every group, `limit` in all, shared evenly: short to decode and from everywhere."""
    if limit <= 0 or sum(len(group) for group in groups) <= limit:
        return [np.asarray(group) for group in groups]
    shares = np.zeros(len(groups), dtype=np.int64)
    lengths = np.array([len(group) for group in groups])
    while (left := limit - shares.sum()) > 0:
        open_groups = np.flatnonzero(shares < lengths)
        each = max(1, int(left) // len(open_groups))
        for group in open_groups[: int(left)]:
            shares[group] = min(lengths[group], shares[group] + each)
    return [np.asarray(group)[:share] for group, share in zip(groups, shares, strict=True)]
