"""Progress in optimiser steps over the whole training, since epochs have no meaning here.

On a terminal a bar; in a log file a few lines.
"""

import time
from typing import Any

from lightning.pytorch import LightningModule, Trainer
from lightning.pytorch.callbacks import ProgressBar
from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)

from pose3d.data.arguments import PositiveInt


class StepProgress(ProgressBar):
    """Steps done, images a second, the loss, and the newest validation score.

    Args:
        lines: number of lines printed to a log file over the whole training; a terminal shows a bar.
    """

    def __init__(self, lines: PositiveInt = 10) -> None:
        super().__init__()
        self.lines = lines
        self.enabled = True
        self.console = Console(stderr=True)
        self.bar: Progress | None = None
        self.task = TaskID(0)

    def disable(self) -> None:
        """Called by Lightning on all processes but the first."""
        self.enabled = False

    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Begin to count."""
        self.started, self.first_step = time.monotonic(), trainer.global_step
        self.name = str(getattr(pl_module, "stage", type(pl_module).__name__))
        if self.enabled and self.console.is_terminal and trainer.max_steps > 0:
            columns = (
                TextColumn("{task.description}"),
                BarColumn(),
                MofNCompleteColumn(),
                TextColumn("{task.fields[said]}"),
            )
            self.bar = Progress(*columns, TimeElapsedColumn(), TimeRemainingColumn(), console=self.console)
            self.task = self.bar.add_task(self.name, total=trainer.max_steps, completed=trainer.global_step, said="")
            self.bar.start()

    def on_train_batch_end(
        self, trainer: Trainer, pl_module: LightningModule, outputs: Any, batch: dict[str, Any], batch_idx: int
    ) -> None:
        """Update the bar, or print a line."""
        step, total = trainer.global_step, trainer.max_steps
        if self.bar is not None:
            self.bar.update(self.task, completed=step, said=self._state(trainer, outputs, batch))
        elif self.enabled and total > 0 and step * self.lines // total > (step - 1) * self.lines // total:
            said = self._state(trainer, outputs, batch)
            self.console.print(f"{self.name}: step {step} of {total}, {said}", highlight=False)

    def on_train_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Leave the finished bar."""
        self._stop()

    def on_exception(self, trainer: Trainer, pl_module: LightningModule, exception: BaseException) -> None:
        """Release the terminal."""
        self._stop()

    def _stop(self) -> None:
        if self.bar is not None:
            self.bar.stop()
            self.bar = None

    def _state(self, trainer: Trainer, outputs: Any, batch: dict[str, Any]) -> str:
        steps = trainer.global_step - self.first_step
        speed = steps * len(batch["image"]) * trainer.world_size / max(time.monotonic() - self.started, 1e-9)
        words = [f"{speed:.0f} images/s"]
        if isinstance(outputs, dict) and "loss" in outputs:
            words.append(f"loss {float(outputs['loss']):.3g}")
        key = getattr(trainer.checkpoint_callback, "monitor", None)
        if key is not None and (score := trainer.callback_metrics.get(key)) is not None:
            words.append(f"{key} {float(score):.1f}")
        return ", ".join(words)
