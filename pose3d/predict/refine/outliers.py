"""Detect frames in which a joint is far from its position just before and after (Hampel's identifier)."""

import numpy as np

WINDOW_S = 0.3
"""Length of the running median."""

MOST_SIGMAS = 5.0
SMALLEST_SIGMA = 0.02
"""Smallest standard deviation of the residuals, as a share of `unit`: smaller differences are never outliers."""


def outliers(track: np.ndarray, fps: float, unit: float) -> np.ndarray:
    """Which samples of a track (T, D) are outliers, (T,) bool; NaN samples are not.

    The residual of a sample is its distance from the running median. A sample is an outlier if its residual exceeds
    `MOST_SIGMAS` robust standard deviations of all residuals (1.4826 times their median). `unit` is the person's size
    in the unit of the track.
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
