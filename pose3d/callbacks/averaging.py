"""Exponential moving average of the weights: validated, saved and handed on in place of the latest weights.

Lightning's callback, with a decay that grows from 0.1 to its value, so that the first steps do not dominate short runs.
Evaluation outside of training is unaffected.
"""

from typing import Any, cast

import torch
from lightning.pytorch import LightningModule, Trainer
from lightning.pytorch.callbacks import WeightAveraging
from lightning.pytorch.trainer.states import TrainerFn
from torch import Tensor, nn
from torch.optim.swa_utils import AveragedModel


class AveragedWeights(WeightAveraging):
    """Moving average with decay min(decay, (1 + n) / (10 + n)) after step n; batch-norm statistics are averaged too.

    In a checkpoint `state_dict` is the average; the weights in training are stored beside it, for resuming.
    """

    def __init__(self, decay: float) -> None:
        super().__init__(use_buffers=True)
        self.decay = decay
        self.swapped = False
        self.averaged: int | None = None
        self.tensors: tuple[list[Tensor], list[Tensor]] | None = None

    def setup(self, trainer: Trainer, pl_module: LightningModule, stage: str) -> None:
        """Begin a new average, or continue that of a checkpoint."""
        super().setup(trainer, pl_module, stage)
        self.averaged = self.tensors = None

    def on_train_batch_end(
        self, trainer: Trainer, pl_module: LightningModule, outputs: Any, batch: Any, batch_idx: int
    ) -> None:
        """Move the average after each optimiser step: all tensors at once, and none that training leaves as it is."""
        if trainer.global_step <= self._latest_update_step:
            return
        self._latest_update_step = trainer.global_step
        average = cast(AveragedModel, self._average_model)
        if self.averaged is None:
            # Counted here as well: reading the buffer would wait for the device at every step.
            self.averaged = int(average.n_averaged)
        if self.averaged == 0:
            average.update_parameters(pl_module)
        else:
            if self.tensors is None:
                self.tensors = moving_tensors(average.module), moving_tensors(pl_module)
            keep = min(self.decay, (1 + self.averaged) / (10 + self.averaged))
            torch._foreach_lerp_(*self.tensors, 1 - keep)
            average.n_averaged += 1
        self.averaged += 1

    def on_load_checkpoint(self, trainer: Trainer, pl_module: LightningModule, checkpoint: dict[str, Any]) -> None:
        """Resume the average in training; a test uses the checkpoint's weights as they are."""
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


def moving_tensors(module: nn.Module) -> list[Tensor]:
    """Tensors that training changes: parameters that are not frozen, and floating-point buffers."""
    parameters = [parameter.detach() for parameter in module.parameters() if parameter.requires_grad]
    return parameters + [buffer for buffer in module.buffers() if buffer.is_floating_point()]
