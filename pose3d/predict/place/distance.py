"""Estimate the person's distance again, from refined poses."""

from dataclasses import replace

import numpy as np

from pose3d.predict.place.depth import Depth, root_translation, translation_std
from pose3d.predict.refine.refine import RefineOptions, frame_rate, steady_place, times_of
from pose3d.predict.refine.segments import segments
from pose3d.predictions import Predictions

DEFAULT: Depth = "perspective"


def with_distance(
    predictions: Predictions, depth: Depth | None = None, options: RefineOptions | None = None
) -> Predictions:
    """With `translation` from poses and 2D joints, smoothed as `options` say; None: not smoothed.

    Poses should be refined first, since a bone that is too long or short in one frame would move the person in depth.
    Frames whose poses do not project onto their 2D joints count less. Without `depth`, `DEFAULT` is used where 2D
    joints and camera are known; otherwise the translation stays as it is.
    """
    if depth is None and (predictions.joints_2d is None or predictions.intrinsics is None):
        return predictions
    joints_3d, joints_2d, intrinsics = (
        predictions.require(key, "--depth").astype(np.float64) for key in ("joints_3d", "joints_2d", "intrinsics")
    )
    confidence = None if predictions.confidence is None else predictions.confidence.astype(np.float64)
    translation = root_translation(joints_3d, joints_2d, intrinsics, depth or DEFAULT, confidence)
    if options is not None:
        std = translation_std(translation, joints_3d, joints_2d, intrinsics, 0.0)[:, 2] / translation[:, 2]
        time = times_of(predictions, options.fps)
        known = np.asarray(np.isfinite(translation).all(axis=1))
        for part in segments(time, known, joints_3d, joints_2d):
            translation[part] = steady_place(translation[part], time[part], frame_rate(time), options, std[part])
    return _kept_where_unknown(predictions, translation)


def _kept_where_unknown(predictions: Predictions, translation: np.ndarray) -> Predictions:
    """Valid frames need a place: where none comes out, that of the file."""
    if predictions.translation is not None:
        unknown = ~np.isfinite(translation).all(axis=1)
        translation[unknown] = predictions.translation[unknown]
    return replace(predictions, translation=translation.astype(np.float32))
