"""Detect foot contacts: frames in which a foot stands on the ground and does not move."""

import numpy as np

from pose3d.skeleton import MPI_INF_3DHP_17

ANKLES = tuple(MPI_INF_3DHP_17.index(name) for name in ("r_ankle", "l_ankle"))

BEGIN_SPEED, END_SPEED = 0.15, 0.25
"""A contact begins below the first speed and ends above the second, in body heights per second."""

SHORTEST_S = 0.12
HIGHEST = 0.09
"""Largest height of a standing ankle above the lowest one of its neighbourhood, in body heights."""


def foot_contacts(joints: np.ndarray, time: np.ndarray, body_height: float, up: np.ndarray | None = None) -> np.ndarray:
    """Whether the right and the left foot stand on the ground, (T, 2) bool.

    Args:
        joints: (T, 17, 3) mm in static axes; NaN where there is no person.
        time: (T,) s.
        body_height: mm.
        up: (3,) upward direction in the same axes, if known, to exclude feet that are held still in the air.
    """
    contact = np.zeros((len(joints), 2), bool)
    height = None if up is None else joints[:, ANKLES] @ up
    for side, ankle in enumerate(ANKLES):
        speed = _speed(joints[:, ankle], time) / body_height
        runs = _hysteresis(speed, BEGIN_SPEED, END_SPEED)
        if height is not None:
            # an unknown height becomes infinite: no contact without a person
            low = np.nan_to_num(height[:, side], nan=np.inf) <= _floor_near(height, time) + HIGHEST * body_height
            runs &= low
        contact[:, side] = _long_enough(runs, time)
    return contact


def _speed(track: np.ndarray, time: np.ndarray) -> np.ndarray:
    """Speed (T,) of a track (T, 3) by central differences; infinite where unknown."""
    if len(track) < 2:
        return np.full(len(track), np.inf)
    step = np.gradient(track, axis=0)
    interval = np.maximum(np.gradient(time), 1e-6)
    return np.nan_to_num(np.linalg.norm(step, axis=-1) / interval, nan=np.inf)


def _hysteresis(speed: np.ndarray, begin: float, end: float) -> np.ndarray:
    on = np.zeros(len(speed), bool)
    for start, stop in runs_of(speed < end):
        on[start:stop] = (speed[start:stop] < begin).any()
    return on


def _long_enough(on: np.ndarray, time: np.ndarray) -> np.ndarray:
    kept = on.copy()
    for start, stop in runs_of(on):
        kept[start:stop] = time[stop - 1] - time[start] >= SHORTEST_S
    return kept


def _floor_near(height: np.ndarray, time: np.ndarray, window_s: float = 2.0) -> np.ndarray:
    """Lowest ankle (T,) within `window_s` s, since the person may climb steps."""
    lowest = np.nan_to_num(height.min(axis=1), nan=np.inf)
    first = np.searchsorted(time, time - window_s / 2)
    last = np.searchsorted(time, time + window_s / 2, side="right")
    return np.array([lowest[a:b].min() for a, b in zip(first, last, strict=True)])


def runs_of(on: np.ndarray) -> list[tuple[int, int]]:
    """(first, one past the last) of each run of True."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], on, [False]]).astype(np.int8)))
    return list(zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True))
