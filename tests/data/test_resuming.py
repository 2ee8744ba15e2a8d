"""A run that stops in the middle of an epoch and resumes sees the same batches as one that does not stop."""

import pytest
import torch

from pose3d.data.datamodules import PoseDataModule

# isort: split
from lightning.pytorch import LightningModule, Trainer, seed_everything
from lightning.pytorch.callbacks import Callback

SMALL = {"image_size": 32, "batch_size": 4, "eval_batch_size": 5, "num_workers": 0}


class Tiny(LightningModule):
    """One linear layer that records its batches."""

    def __init__(self):
        super().__init__()
        self.layer = torch.nn.Linear(3, 51)
        self.seen = []

    def training_step(self, batch, batch_idx):
        self.seen.append((batch["index"].tolist(), round(float(batch["image"].sum()), 2)))
        return (self.layer(batch["image"].mean((2, 3))) - batch["joints_3d"].flatten(1) / 100).square().mean()

    def validation_step(self, batch, batch_idx):
        """Nothing to score."""

    def configure_optimizers(self):
        return torch.optim.Adam(self.parameters(), 0.01)


class SaveAt(Callback):
    def __init__(self, step, path):
        self.step, self.path = step, path

    def on_train_batch_end(self, trainer, *args):
        if trainer.global_step == self.step:
            trainer.save_checkpoint(self.path)


@pytest.mark.parametrize("num_workers", [0, 1])
@pytest.mark.parametrize("step", [2, 4, 6, 7])
def test_resuming_in_the_middle_equals_not_stopping(store_3d, tmp_path, step, num_workers):
    """Six steps an epoch: the same batches, augmentation and weights, from the middle and from the ends of epochs."""

    def fit(ckpt_path=None, callbacks=()):
        seed_everything(0)
        model = Tiny()
        data = PoseDataModule(
            [str(store_3d)], **SMALL | {"num_workers": num_workers}, scales=[0.7, 1.0], appearance="light", flip=0.5
        )
        trainer = Trainer(
            max_steps=14,
            accelerator="cpu",
            logger=False,
            enable_checkpointing=False,
            enable_progress_bar=False,
            enable_model_summary=False,
            limit_val_batches=0,
            callbacks=list(callbacks),
        )
        trainer.fit(model, data, ckpt_path=ckpt_path)
        return model

    path = tmp_path / "middle.ckpt"
    whole = fit(callbacks=[SaveAt(step, path)])
    rest = fit(path)
    assert len(whole.seen) == 14
    assert rest.seen == whole.seen[step:]
    assert torch.equal(rest.layer.weight, whole.layer.weight)
