"""Cameras, crops, rigid alignment, kinematic representations and the global pose."""

from pose3d.geometry.camera import back_project, intrinsics_from_fov, project
from pose3d.geometry.global_pose import perspective_rotation, weak_perspective_translation
from pose3d.geometry.rigid import align_procrustes, align_scale, align_scale_translation

__all__ = [
    "align_procrustes",
    "align_scale",
    "align_scale_translation",
    "back_project",
    "intrinsics_from_fov",
    "perspective_rotation",
    "project",
    "weak_perspective_translation",
]
