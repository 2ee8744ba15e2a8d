"""Exponential moving average of the weights: validated, saved and handed on in place of the last step's.

Lightning's callback, with a decay that grows from 0.1 to its value, so that short runs are not held back by their first
steps, and that leaves evaluation outside of training alone.
"""

from typing import Any, cast

import torch
from lightning.pytorch import LightningModule, Trainer
from lightning.pytorch.callbacks import WeightAveraging
from lightning.pytorch.trainer.states import TrainerFn
from torch import Tensor, nn
from torch.optim.swa_utils import AveragedModel


class AveragedWeights(WeightAveraging):
    """After step n the average keeps min(decay, (1 + n) / (10 + n)) of itself; batch-norm statistics likewise.

    In a checkpoint `state_dict` is the average; what training goes on with lies beside it.
    """

    def __init__(self, decay: float) -> None:
        super().__init__(use_buffers=True)
        self.decay = decay
        self.swapped = False
        self.moving: tuple[list[Tensor], list[Tensor]] | None = None

    def on_train_batch_end(
        self, trainer: Trainer, pl_module: LightningModule, outputs: Any, batch: Any, batch_idx: int
    ) -> None:
        """Move the average after each optimiser step. Lightning's way to find all tensors takes longer than the sum."""
        if trainer.global_step <= self._latest_update_step:
            return
        self._latest_update_step = trainer.global_step
        average = cast(AveragedModel, self._average_model)
        steps = int(average.n_averaged)
        if steps == 0:
            average.update_parameters(pl_module)
            return
        if self.moving is None:
            self.moving = _moving(average.module), _moving(pl_module)
        keep = min(self.decay, (1 + steps) / (10 + steps))
        torch._foreach_lerp_(*self.moving, 1 - keep)
        average.n_averaged += 1

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


def _moving(module: nn.Module) -> list[Tensor]:
    """Tensors that training changes: parameters that are not frozen, and running statistics."""
    parameters = [parameter.detach() for parameter in module.parameters() if parameter.requires_grad]
    return parameters + [buffer for buffer in module.buffers() if buffer.is_floating_point()]
