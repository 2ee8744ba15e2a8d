"""Lightning callbacks: checkpoints and results in the run folder, averaged weights, progress, W&B."""

from pose3d.callbacks.averaging import AveragedWeights
from pose3d.callbacks.checkpoints import RunCheckpoint
from pose3d.callbacks.progress import StepProgress
from pose3d.callbacks.results import RunResults
from pose3d.callbacks.wandb_run import WandbRun

__all__ = ["AveragedWeights", "RunCheckpoint", "RunResults", "StepProgress", "WandbRun"]
