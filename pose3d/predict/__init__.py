"""From images to global 3D poses with trained checkpoints, in the paper's three steps (section 3); no Lightning."""

from pose3d.predict.predictor import PosePredictor

__all__ = ["PosePredictor"]
