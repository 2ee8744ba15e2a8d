"""The three trainings of the paper as LightningModules, and the command line that runs them."""

from pose3d.torchvision_ops import import_torchvision

# Lightning imports torchvision, which must see its operators first.
import_torchvision()

from stages.stage1_pose2d import Stage1  # noqa: E402
from stages.stage2_pose3d import Stage2  # noqa: E402
from stages.stage3_fusion import Stage3  # noqa: E402

__all__ = ["Stage1", "Stage2", "Stage3"]
