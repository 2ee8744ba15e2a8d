"""Refine the predictions of a video to a smooth motion, without the networks: arrays in, arrays out."""

from pose3d.predict.refine.refine import CUTOFFS, RefineOptions, refine

__all__ = ["CUTOFFS", "RefineOptions", "refine"]
