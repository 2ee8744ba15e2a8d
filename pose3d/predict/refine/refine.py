"""Refine the predictions of a video: remove outliers, fill short gaps, smooth, keep bone lengths constant."""

from dataclasses import dataclass, field, replace
from typing import Literal

import numpy as np

from pose3d.errors import PoseError
from pose3d.predict.refine.bones import bone_lengths, hold_bones
from pose3d.predict.refine.filters import at_times, butterworth, on_even_times, one_euro, weighted_low_pass
from pose3d.predict.refine.gaps import fill_gaps
from pose3d.predict.refine.groups import CUTOFFS, group_of_joints
from pose3d.predict.refine.outliers import outliers
from pose3d.predict.refine.segments import middle_and_size, segments
from pose3d.predictions import Predictions

FPS = 25.0
"""Frame rate if neither the file nor the user gives one."""

Method = Literal["butterworth", "one-euro", "off"]

LEAST_DEPTH_STD, MOST_WEIGHT = 0.01, 4.0
"""Lower bound of the relative standard error of a depth; upper bound of a frame's weight, where the median has 1."""

# One Euro: increase of the cut-off in Hz per body height per second, so that fast movements are not delayed.
_BETA = 4.0
_PERSON_MM = 1700.0


@dataclass(frozen=True)
class RefineOptions:
    """Settings of the refinement."""

    method: Method = "butterworth"
    """"one-euro" is causal, for streams; "off" only fills gaps and keeps bone lengths constant."""
    cutoffs: dict[str, float] = field(default_factory=lambda: dict(CUTOFFS))
    """Cut-off in Hz of each joint group."""
    fps: float | None = None
    """Frames per second, in place of the times in the file."""
    hold_bones: bool = True


def refine(predictions: Predictions, options: RefineOptions | None = None) -> Predictions:
    """Copy with refined `joints_3d`, `joints_2d`, `translation`, `confidence` and `valid`; sequences are independent.

    Frames inside a short gap become valid with confidence 0. Frames in long gaps stay NaN.
    """
    options = options or RefineOptions()
    count = len(predictions)
    joints_3d = predictions.require("joints_3d", "refining").astype(np.float64)
    translation = predictions.translation
    place = np.zeros((count, 3)) if translation is None else translation.astype(np.float64)
    joints_2d = None if predictions.joints_2d is None else predictions.joints_2d.astype(np.float64)
    confidence = np.ones((count, 17)) if predictions.confidence is None else predictions.confidence.astype(np.float64)
    valid = np.ones(count, bool) if predictions.valid is None else predictions.valid.astype(bool)
    valid = valid & np.isfinite(joints_3d).all(axis=(1, 2)) & np.isfinite(place).all(axis=1)
    sequence = np.zeros(count) if predictions.sequence is None else predictions.sequence
    for name in np.unique(sequence):
        rows = np.flatnonzero(sequence == name)
        time = times_of(predictions, options.fps)[rows]
        flat = None if joints_2d is None else joints_2d[rows]
        fps = frame_rate(time)
        for part in segments(time, valid[rows], joints_3d[rows], flat):
            inside = rows[part]
            missing = ~valid[inside]
            bad, joints_3d[inside] = _steady(joints_3d[inside], time[part], fps, options)
            confidence[inside] = np.where(bad | missing[:, None], 0.0, confidence[inside])
            place[inside] = steady_place(place[inside], time[part], fps, options)
            if joints_2d is not None:
                joints_2d[inside] = _steady_2d(joints_2d[inside], time[part], fps, options)
            valid[inside] = True
        if options.hold_bones and valid[rows].any():
            lengths = bone_lengths(joints_3d[rows][valid[rows]], confidence[rows][valid[rows]])
            joints_3d[rows] = hold_bones(joints_3d[rows], lengths)
    joints_3d[~valid] = np.nan
    return replace(
        predictions,
        joints_3d=joints_3d.astype(np.float32),
        translation=None if translation is None else np.where(valid[:, None], place, np.nan).astype(np.float32),
        joints_2d=None if joints_2d is None else joints_2d.astype(np.float32),
        confidence=np.nan_to_num(confidence).astype(np.float32),
        valid=valid,
    )


def times_of(predictions: Predictions, fps: float | None = None) -> np.ndarray:
    """Times (N,) s of the frames: those of the file if it has them, else frame numbers over `fps` (default 25)."""
    frame = np.arange(len(predictions)) if predictions.frame is None else predictions.frame.astype(np.float64)
    time = predictions.time
    if fps is not None or time is None or not np.isfinite(time).any():
        if fps is not None and not fps > 0:
            raise PoseError(f"--frame-rate {fps} must be a positive number of frames per second")
        return frame / (fps or FPS)
    known = np.isfinite(time)
    if known.all():
        return time.astype(np.float64)
    return np.interp(frame, frame[known], time[known])  # of damaged frames


def frame_rate(time: np.ndarray) -> float:
    """Frames per second, from the median interval of ascending times (T,) s."""
    intervals = np.diff(time)
    intervals = intervals[intervals > 0]
    return float(1 / np.median(intervals)) if len(intervals) else FPS


def _steady(
    joints_3d: np.ndarray, time: np.ndarray, fps: float, options: RefineOptions
) -> tuple[np.ndarray, np.ndarray]:
    """Which joints were outliers (T, 17), and the poses without them, filled and smoothed."""
    steady, outside = joints_3d.copy(), np.zeros(joints_3d.shape[:2], bool)
    for joint, group in enumerate(group_of_joints()):
        track = steady[:, joint]
        bad = outside[:, joint] = outliers(track, fps, unit=_PERSON_MM)
        track = fill_gaps(np.where(bad[:, None], np.nan, track), time)
        steady[:, joint] = _smooth(track, time, fps, options, group, unit=_PERSON_MM)
    return outside, steady


def steady_place(
    place: np.ndarray, time: np.ndarray, fps: float, options: RefineOptions, depth_std: np.ndarray | None = None
) -> np.ndarray:
    """Smooth T (N, 3) as bearing (x / z, y / z) and logarithm of z: noise of the depth moves T along the line of sight.

    `depth_std` (N,) is the relative standard error of each depth; None: the same for all.
    """
    if not (np.nan_to_num(place[:, 2], nan=1.0) > 0).all():
        return place
    bearing, depth = place[:, :2] / place[:, 2:], np.log(place[:, 2:])
    bad = outliers(depth, fps, unit=1.0) | outliers(bearing, fps, unit=_PERSON_MM / float(np.nanmedian(place[:, 2])))
    bearing, depth = (fill_gaps(np.where(bad[:, None], np.nan, track), time) for track in (bearing, depth))
    unit = _PERSON_MM / float(np.exp(np.median(depth)))
    bearing = _smooth(bearing, time, fps, options, "place", unit)
    if depth_std is not None and options.method == "butterworth":
        depth = np.exp(_smooth_by_weight(depth, time, fps, options.cutoffs["depth"], depth_std))
    else:
        depth = np.exp(_smooth(depth, time, fps, options, "depth", unit=1.0))
    return np.concatenate([bearing * depth, depth], axis=-1)


def _smooth_by_weight(track: np.ndarray, time: np.ndarray, fps: float, cutoff_hz: float, std: np.ndarray) -> np.ndarray:
    known = np.maximum(np.nan_to_num(std, nan=np.inf), LEAST_DEPTH_STD)
    middle = np.median(known)
    weight = np.minimum((middle / known) ** 2, MOST_WEIGHT) if np.isfinite(middle) else np.ones_like(known)
    even_track, even = on_even_times(np.stack([track[:, 0], weight], axis=-1), time, fps)
    return at_times(weighted_low_pass(even_track[:, :1], even_track[:, 1], fps, cutoff_hz), even, time)


def _steady_2d(joints_2d: np.ndarray, time: np.ndarray, fps: float, options: RefineOptions) -> np.ndarray:
    steady = joints_2d.copy()
    size = float(np.nanmedian(middle_and_size(joints_2d)[1]))
    for joint, group in enumerate(group_of_joints()):
        track = steady[:, joint]
        if np.isfinite(track).all(axis=-1).any():
            track = fill_gaps(np.where(outliers(track, fps, size)[:, None], np.nan, track), time)
            steady[:, joint] = _smooth(track, time, fps, options, group, size)
    return steady


def _smooth(
    track: np.ndarray, time: np.ndarray, fps: float, options: RefineOptions, group: str, unit: float
) -> np.ndarray:
    if options.method == "off" or not np.isfinite(track).all():
        return track
    cutoff = options.cutoffs[group]
    if options.method == "one-euro":
        return one_euro(track, time, cutoff / 3, _BETA / unit)
    even_track, even = on_even_times(track, time, fps)
    return at_times(butterworth(even_track, fps, cutoff), even, time)
