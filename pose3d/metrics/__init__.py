"""Metrics of 3D and 2D pose; the defaults are the official protocols (decisions M1 to M3a)."""

from pose3d.metrics.global_pose import GlobalMPJPE, apply_joint_map, fit_joint_map
from pose3d.metrics.grouped import GroupedPose3D
from pose3d.metrics.keypoints2d import PCK2D, PCK2DAUC, PCKh, PCKhAUC
from pose3d.metrics.position import MPJPE
from pose3d.metrics.threshold import AUC3D, PCK3D

__all__ = [
    "AUC3D",
    "MPJPE",
    "PCK2D",
    "PCK2DAUC",
    "PCK3D",
    "GlobalMPJPE",
    "GroupedPose3D",
    "PCKh",
    "PCKhAUC",
    "apply_joint_map",
    "fit_joint_map",
]
