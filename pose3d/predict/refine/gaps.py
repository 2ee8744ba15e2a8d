"""Fill what is missing inside a track from both sides."""

import numpy as np


def fill_gaps(track: np.ndarray, time: np.ndarray) -> np.ndarray:
    """A track (T, D) whose NaN samples are interpolated over time (T,) s; ends are held.

    Monotone cubic interpolation (PCHIP): it does not overshoot. A track without any sample stays NaN.
    """
    from scipy.interpolate import PchipInterpolator

    known = np.isfinite(track).all(axis=-1)
    if known.all() or not known.any():
        return track
    filled = track.copy()
    if known.sum() == 1:
        filled[~known] = track[known][0]
        return filled
    inside = np.clip(time, time[known][0], time[known][-1])
    filled[~known] = PchipInterpolator(time[known], track[known], axis=0)(inside)[~known]
    return filled
