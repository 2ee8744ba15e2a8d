"""The three networks of the paper and what they are made of."""

from pose3d.models.backbone import BACKBONES, Trunk
from pose3d.models.config import FusionConfig, Pose2DConfig, Pose3DConfig
from pose3d.models.fusion import FusionNet
from pose3d.models.outputs import Output
from pose3d.models.pose2d import Pose2DNet
from pose3d.models.pose3d import Pose3DNet

__all__ = [
    "BACKBONES",
    "FusionConfig",
    "FusionNet",
    "Output",
    "Pose2DConfig",
    "Pose2DNet",
    "Pose3DConfig",
    "Pose3DNet",
    "Trunk",
]
