"""Steady motion from the predictions of a video, without the networks: arrays in, arrays out."""

from pose3d.predict.refine.refine import CUTOFFS, RefineOptions, refine

__all__ = ["CUTOFFS", "RefineOptions", "refine"]
