"""A Lightning test run that logs the metrics and `pose3d evaluate` agree to the last digit."""

from pathlib import Path
from typing import Any

import lightning
import torch
from torch.utils.data import DataLoader, TensorDataset

from pose3d.evaluation import evaluate
from pose3d.metrics import AUC3D, MPJPE, PCK3D
from pose3d.predictions import read_predictions, write_predictions
from tests.evaluation.people import make_predictions


class _Scorer(lightning.LightningModule):
    def __init__(self) -> None:
        super().__init__()
        self.metrics = torch.nn.ModuleDict({"MPJPE mm": MPJPE(), "PCK %": PCK3D(), "AUC %": AUC3D()})

    def test_step(self, batch: list[torch.Tensor], batch_idx: int) -> None:
        for name, metric in self.metrics.items():
            metric.update(*batch)
            self.log(name, metric)

    def configure_optimizers(self) -> Any:
        return None


def test_logged_and_evaluated_numbers_are_the_same(tmp_path: Path) -> None:
    written = make_predictions()
    write_predictions(tmp_path / "p.npz", written)
    data = TensorDataset(torch.from_numpy(written.joints_3d), torch.from_numpy(written.target_3d))
    trainer = lightning.Trainer(
        accelerator="cpu", logger=False, enable_progress_bar=False, enable_model_summary=False, barebones=False
    )
    logged = trainer.test(_Scorer(), DataLoader(data, batch_size=7), verbose=False)[0]
    tables = evaluate([read_predictions(tmp_path / "p.npz")], "3dhp").tables
    evaluated = {row[0]: row[1] for row in tables[0].rows}
    assert logged == evaluated
