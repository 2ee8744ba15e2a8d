"""Motions as files that animation, biomechanics and spreadsheet programs read: BVH, glTF (GLB), TRC, C3D, CSV."""

from pose3d.animation.export import FORMATS, export_motion
from pose3d.animation.motion import Motion

__all__ = ["FORMATS", "Motion", "export_motion"]
