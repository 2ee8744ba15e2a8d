"""The three stages of the paper as LightningModules, and the command line that runs them."""

import pose3d  # noqa: F401  (before Lightning, whose import it makes lighter)

# isort: split
from stages.stage1_pose2d import Stage1
from stages.stage2_pose3d import Stage2
from stages.stage3_fusion import Stage3

__all__ = ["Stage1", "Stage2", "Stage3"]
