"""Check that a published data set is complete, and that its labels, cameras, masks and images fit together."""

from pose3d.data.doctor.examine import check_tree

__all__ = ["check_tree"]
