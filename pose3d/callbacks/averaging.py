"""Exponential moving average of the weights: validated, saved and handed on in place of the last step's.

Lightning's callback, with a decay that grows from 0.1 to its value, so that short runs are not held back by their first
steps, and that leaves evaluation outside of training alone.
"""

from typing import Any

from lightning.pytorch import LightningModule, Trainer
from lightning.pytorch.callbacks import WeightAveraging
from lightning.pytorch.trainer.states import TrainerFn
from torch import Tensor


class AveragedWeights(WeightAveraging):
    """After step n the average keeps min(decay, (1 + n) / (10 + n)) of itself; batch-norm statistics likewise.

    In a checkpoint `state_dict` is the average; what training goes on with lies beside it.
    """

    def __init__(self, decay: float) -> None:
        super().__init__(use_buffers=True, avg_fn=self._average)
        self.decay = decay
        self.swapped = False

    def _average(self, average: Tensor, current: Tensor, steps: Tensor | int) -> Tensor:
        keep = min(self.decay, (1 + int(steps)) / (10 + int(steps)))
        return average * keep + current * (1 - keep)

    def on_load_checkpoint(self, trainer: Trainer, pl_module: LightningModule, checkpoint: dict[str, Any]) -> None:
        """Resume the average; a test of a checkpoint wants the weights as they are in it."""
        if trainer.state.fn == TrainerFn.FITTING:
            super().on_load_checkpoint(trainer, pl_module, checkpoint)

    def on_validation_epoch_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Validate the average."""
        if trainer.state.fn == TrainerFn.FITTING:
            super().on_validation_epoch_start(trainer, pl_module)
            self.swapped = True

    def on_validation_epoch_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Go back to the weights in training."""
        if self.swapped:
            super().on_validation_epoch_end(trainer, pl_module)
            self.swapped = False

    def on_exception(self, trainer: Trainer, pl_module: LightningModule, exception: BaseException) -> None:
        """Undo a validation that was interrupted, before a checkpoint is saved."""
        self.on_validation_epoch_end(trainer, pl_module)
