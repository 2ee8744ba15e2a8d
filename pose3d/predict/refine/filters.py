"""Low-pass filters for tracks: zero-phase Butterworth for files, One Euro for streams."""

import math

import numpy as np

ORDER = 2
"""Order of the Butterworth filter in each of its two directions."""

HIGHEST = 0.45
"""Cut-offs above this share of the frame rate do not filter."""


def butterworth(track: np.ndarray, fps: float, cutoff_hz: float) -> np.ndarray:
    """Low-pass filter a track (T, D) at `cutoff_hz`, forwards and backwards and thus without delay."""
    from scipy.signal import butter, sosfiltfilt

    if len(track) < 3 or cutoff_hz >= HIGHEST * fps:
        return track
    # Two passes lower the frequency at which the power is halved (Winter 2009); this compensates for it.
    corrected = min(cutoff_hz / (math.sqrt(2) - 1) ** (1 / (2 * ORDER)), HIGHEST * fps)
    sections = butter(ORDER, corrected, fs=fps, output="sos")
    return np.asarray(sosfiltfilt(sections, track, axis=0, padlen=min(len(track) - 1, round(3 * fps / corrected))))


def weighted_low_pass(track: np.ndarray, weight: np.ndarray, fps: float, cutoff_hz: float) -> np.ndarray:
    """A track (T, D) as smooth as `butterworth` leaves it, in which samples count by their weight (T,).

    Whittaker's smoother of second differences: it keeps straight motion, and bridges what has little weight. A weight
    of 1 gives the cut-off.
    """
    from scipy.linalg import solveh_banded

    if len(track) < 3 or cutoff_hz >= HIGHEST * fps:
        return track
    stiff = (2 * math.sin(math.pi * cutoff_hz / fps)) ** -4
    count = len(track)
    bands = np.zeros((3, count))  # lower form of the sum of weights and of squared second differences
    bands[0] = weight
    for offset, row in ((0, (1, 4, 1)), (1, (-2, -2)), (2, (1,))):
        for at, value in enumerate(row):
            bands[offset, at : at + count - 2] += stiff * value
    return np.asarray(solveh_banded(bands, weight[:, None] * track, lower=True))


class OneEuro:
    """The One Euro filter (Casiez et al. 2012): causal, its cut-off grows with speed.

    Args:
        cutoff_hz: cut-off at rest.
        beta: increase of the cut-off in Hz per unit of speed (units of the track per second).
        speed_cutoff_hz: cut-off of the speed's own filter.
    """

    def __init__(self, cutoff_hz: float, beta: float, speed_cutoff_hz: float = 1.0) -> None:
        self.cutoff_hz, self.beta, self.speed_cutoff_hz = cutoff_hz, beta, speed_cutoff_hz
        self._last: np.ndarray | None = None
        self._speed: np.ndarray | None = None

    def __call__(self, sample: np.ndarray, interval: float) -> np.ndarray:
        """Filter a sample (..., D), `interval` s after the previous one. NaN restarts the filter."""
        if self._last is None or self._speed is None or not np.isfinite(self._last).all() or interval <= 0:
            self._last, self._speed = sample.copy(), np.zeros_like(sample)
            return sample
        speed = (sample - self._last) / interval
        self._speed = self._speed + _share(self.speed_cutoff_hz, interval) * (speed - self._speed)
        size = np.linalg.norm(self._speed, axis=-1, keepdims=True)
        share = _share(self.cutoff_hz + self.beta * size, interval)
        self._last = self._last + share * (sample - self._last)
        return np.asarray(self._last)


def one_euro(track: np.ndarray, time: np.ndarray, cutoff_hz: float, beta: float) -> np.ndarray:
    """Apply the One Euro filter to a track (T, D) at times (T,) s, frame by frame as in a stream."""
    smooth = OneEuro(cutoff_hz, beta)
    intervals = np.diff(time, prepend=time[:1])
    return np.stack([smooth(sample, float(interval)) for sample, interval in zip(track, intervals, strict=True)])


def _share(cutoff_hz: float | np.ndarray, interval: float) -> np.ndarray:
    """Weight of a new sample in an exponential average with this cut-off."""
    turn = 2 * np.pi * np.asarray(cutoff_hz) * interval
    return turn / (turn + 1)


def on_even_times(track: np.ndarray, time: np.ndarray, fps: float) -> tuple[np.ndarray, np.ndarray]:
    """Resample a track (T, D) at even times; returns it with the times. Times that are even within 10 % are kept."""
    if len(time) < 3 or np.abs(np.diff(time) * fps - 1).max() <= 0.1:
        return track, time
    even = np.arange(time[0], time[-1] + 0.5 / fps, 1 / fps)
    return np.stack([np.interp(even, time, column) for column in track.T], axis=-1), even


def at_times(track: np.ndarray, even: np.ndarray, time: np.ndarray) -> np.ndarray:
    """Resample from the even times of `on_even_times` to those of the frames."""
    if even is time:
        return track
    return np.stack([np.interp(time, even, column) for column in track.T], axis=-1)
