"""Split a motion into continuous segments, at cuts and long gaps."""

import numpy as np

LONGEST_GAP_S = 0.5
"""Shorter gaps are filled; longer ones separate two segments."""

CUT_POSE_MM = 350.0
"""Mean change of the root-relative joints from one frame to the next that indicates a cut."""

CUT_PLACE = 0.4
"""Shift of the person from one frame to the next, relative to their size in the image, that indicates a cut."""

CUT_INTERVAL_S = 0.15
"""Largest interval of two frames whose difference may indicate a cut."""


def segments(
    time: np.ndarray, valid: np.ndarray, joints_3d: np.ndarray, joints_2d: np.ndarray | None = None
) -> list[slice]:
    """Slices of the T frames, each from a valid frame to a valid frame, without a long gap or a cut inside.

    Args:
        time: (T,) s, ascending.
        valid: (T,) bool.
        joints_3d: (T, 17, 3) mm, root-relative.
        joints_2d: (T, 17, 2) px, NaN where unknown.
    """
    rows = np.flatnonzero(valid)
    if not len(rows):
        return []
    before, after = rows[:-1], rows[1:]
    ends = time[after] - time[before] > LONGEST_GAP_S
    ends |= is_cut(time, joints_3d, joints_2d, before, after)
    starts = [0, *(np.flatnonzero(ends) + 1).tolist()]
    stops = [*np.flatnonzero(ends).tolist(), len(rows) - 1]
    return [slice(int(rows[a]), int(rows[b]) + 1) for a, b in zip(starts, stops, strict=True)]


def is_cut(
    time: np.ndarray, joints_3d: np.ndarray, joints_2d: np.ndarray | None, before: np.ndarray, after: np.ndarray
) -> np.ndarray:
    """Whether there is a cut between the frames `before` (N,) and `after` (N,)."""
    jump = np.linalg.norm(joints_3d[after] - joints_3d[before], axis=-1).mean(axis=-1) > CUT_POSE_MM
    if joints_2d is not None:
        middle, size = middle_and_size(joints_2d)
        shift = np.linalg.norm(middle[after] - middle[before], axis=-1)
        jump |= shift > CUT_PLACE * np.minimum(size[after], size[before])
    return jump & (time[after] - time[before] <= CUT_INTERVAL_S)


def middle_and_size(joints_2d: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Centre (T, 2) px and longer side (T,) px of the box around joints (T, 17, 2); NaN without known joints."""
    known = np.isfinite(joints_2d)
    low = np.where(known, joints_2d, np.inf).min(axis=1)
    high = np.where(known, joints_2d, -np.inf).max(axis=1)
    some = known.any(axis=1)
    low, high = np.where(some, low, np.nan), np.where(some, high, np.nan)
    return (low + high) / 2, (high - low).max(axis=-1)
