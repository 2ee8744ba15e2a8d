"""The three networks of the paper and what they are made of."""

from pose3d.models.backbone import BACKBONES, Trunk
from pose3d.models.fusion import FusionNet
from pose3d.models.pose2d import Pose2DNet
from pose3d.models.pose3d import Pose3DNet

__all__ = ["BACKBONES", "FusionNet", "Pose2DNet", "Pose3DNet", "Trunk"]
