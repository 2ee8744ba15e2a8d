"""Frames in which a joint lies far from where it was just before and after: robust residuals (Hampel's identifier)."""

import numpy as np

WINDOW_S = 0.3
"""Length of the running median."""

MOST_SIGMAS = 5.0
SMALLEST_SIGMA = 0.02
"""Share of `unit` below which differences are never outliers, as a standard deviation."""


def outliers(track: np.ndarray, fps: float, unit: float) -> np.ndarray:
    """Which samples of a track (T, D) are outliers, (T,) bool; NaN samples are none.

    A sample's residual is its distance to the running median. It is an outlier beyond `MOST_SIGMAS` robust standard
    deviations of all residuals (1.4826 times their median). `unit` is a length that the person's size gives, in the
    unit of the track.
    """
    half = max(1, round(WINDOW_S * fps / 2))
    if len(track) < 2 * half + 1:
        return np.zeros(len(track), bool)
    padded = np.pad(track, ((half, half), (0, 0)), mode="reflect")
    windows = np.lib.stride_tricks.sliding_window_view(padded, 2 * half + 1, axis=0)
    residual = np.linalg.norm(track - _nanmedian(windows), axis=-1)
    known = residual[np.isfinite(residual)]
    if not len(known):
        return np.zeros(len(track), bool)
    sigma = max(1.4826 * float(np.median(known)), SMALLEST_SIGMA * unit)
    return np.nan_to_num(residual, nan=0.0) > MOST_SIGMAS * sigma


def _nanmedian(windows: np.ndarray) -> np.ndarray:
    """Median over the last axis without NaN; NaN where nothing is known."""
    known = np.isfinite(windows).any(axis=-1, keepdims=True)
    return np.nanmedian(np.where(known, windows, 0.0), axis=-1) + np.where(known[..., 0], 0.0, np.nan)
