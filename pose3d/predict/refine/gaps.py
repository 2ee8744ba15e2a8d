"""Fill gaps in a track by interpolation."""

import numpy as np


def fill_gaps(track: np.ndarray, time: np.ndarray) -> np.ndarray:
    """Interpolate the NaN samples of a track (T, D) over time (T,) s; the first and last samples are held.

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
