"""Lightning callbacks: what a run leaves behind in its folder, averaged weights, progress."""

from pose3d.torchvision_ops import import_torchvision

# Lightning imports torchvision, which must see its operators first.
import_torchvision()

from pose3d.callbacks.averaging import AveragedWeights  # noqa: E402
from pose3d.callbacks.checkpoints import RunCheckpoint  # noqa: E402
from pose3d.callbacks.progress import StepProgress  # noqa: E402
from pose3d.callbacks.results import RunResults  # noqa: E402
from pose3d.callbacks.wandb_run import WandbRun  # noqa: E402

__all__ = ["AveragedWeights", "RunCheckpoint", "RunResults", "StepProgress", "WandbRun"]
