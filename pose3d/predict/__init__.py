"""Predict global 3D poses from images in the paper's three steps (section 3); does not import Lightning."""

from pose3d.predict.predictor import PosePredictor

__all__ = ["PosePredictor"]
