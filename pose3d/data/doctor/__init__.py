"""Is an official tree whole, and do its labels, cameras, masks and pictures fit together? For `pose3d check DIR`."""

from pose3d.data.doctor.examine import check_tree

__all__ = ["check_tree"]
