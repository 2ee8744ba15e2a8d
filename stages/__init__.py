"""The three stages of the paper as LightningModules, and the command line that runs them."""

from pose3d.garbage import collector_paused  # `pose3d` first: it makes the import of Lightning lighter

with collector_paused():
    from stages.stage1_pose2d import Stage1
    from stages.stage2_pose3d import Stage2
    from stages.stage3_fusion import Stage3

__all__ = ["Stage1", "Stage2", "Stage3"]
