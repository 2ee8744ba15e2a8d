"""Provenance and pictures of predictions for a W&B run, beside its curves."""

from typing import Any, cast

import numpy as np
from lightning.pytorch import Callback, LightningModule, Trainer
from lightning.pytorch.loggers import WandbLogger
from torch import Tensor

from pose3d.batch import complete
from pose3d.callbacks.samples import normalisation_of, sample, samples_figure
from pose3d.data.arguments import PositiveInt
from pose3d.types import Batch
from pose3d.viz import figure_pixels


class WandbRun(Callback):
    """Writes to the first WandbLogger of a run, on rank zero; without one it does nothing.

    The run's configuration gets `provenance`, the same dictionary that checkpoints carry: stage, version, data with
    hashes, hash of the configuration, the parent's path, hash and its own ancestors. Step and scores are left out, as
    W&B has them as curves. Every validation, and the test, shows the same samples again: key `{val,test}/predictions`.

    Args:
        pictures: samples shown each time, one from each of as many batches, spread over the set.
    """

    def __init__(self, pictures: PositiveInt = 4) -> None:
        self.pictures = pictures
        self.chosen: set[int] = set()
        self.shown: list[tuple[np.ndarray, str]] = []

    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Log the provenance; a resumed run knows its parent from the checkpoint by now."""
        logger = wandb_logger(trainer)
        if logger is None:
            return
        provenance: dict[str, Any] = pl_module.provenance()  # type: ignore[operator]
        origin = {key: value for key, value in provenance.items() if key not in ("step", "metrics")}
        logger.log_hyperparams({"provenance": origin})

    def on_validation_epoch_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Choose batches."""
        self._choose(trainer.num_val_batches)

    def on_test_epoch_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Choose batches."""
        self._choose(trainer.num_test_batches)

    def on_validation_batch_end(
        self, trainer: Trainer, pl_module: LightningModule, outputs: Any, batch: Any, batch_idx: int, *_: int
    ) -> None:
        """Draw a sample of the chosen batches."""
        self._draw(trainer, pl_module, batch, batch_idx)

    def on_test_batch_end(
        self, trainer: Trainer, pl_module: LightningModule, outputs: Any, batch: Any, batch_idx: int, *_: int
    ) -> None:
        """Draw a sample of the chosen batches."""
        self._draw(trainer, pl_module, batch, batch_idx)

    def on_validation_epoch_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Send the pictures."""
        self._send(trainer, "val")

    def on_test_epoch_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Send the pictures."""
        self._send(trainer, "test")

    def _choose(self, batches: list[int] | list[int | float]) -> None:
        last = int(sum(batches)) - 1
        self.chosen = {round(i * last / max(self.pictures - 1, 1)) for i in range(self.pictures)}
        self.shown = []

    def _draw(self, trainer: Trainer, pl_module: LightningModule, batch: dict[str, Tensor], batch_idx: int) -> None:
        if batch_idx not in self.chosen or trainer.sanity_checking or wandb_logger(trainer) is None:
            return
        one = complete(cast(Batch, {key: value[:1] for key, value in batch.items() if isinstance(value, Tensor)}))
        predictions: dict[str, Tensor] = pl_module.predict_step(one)
        self.shown.append(picture(predictions, one, normalisation_of(trainer)))

    def _send(self, trainer: Trainer, split: str) -> None:
        logger = wandb_logger(trainer)
        if logger is not None and self.shown:
            pictures, captions = zip(*self.shown, strict=True)
            logger.log_image(f"{split}/predictions", list(pictures), step=trainer.global_step, caption=list(captions))
        self.shown = []


def wandb_logger(trainer: Trainer) -> WandbLogger | None:
    """The run's WandbLogger, on rank zero."""
    found = [logger for logger in trainer.loggers if isinstance(logger, WandbLogger)]
    return found[0] if found and trainer.is_global_zero else None


def picture(predictions: dict[str, Tensor], batch: Batch, normalisation: str) -> tuple[np.ndarray, str]:
    """(H, W, 3) uint8 RGB picture and caption of a batch of one: skeleton on the crop, and the truth beside it.

    A 3D pose stands beside its target in grey, from two sides; a 2D pose beside its labels.
    """
    shown = sample(predictions, batch, normalisation)
    return figure_pixels(samples_figure([shown])), shown["titles"]
