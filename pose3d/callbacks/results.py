"""Results of a test in the run folder: metrics.json, predictions.npz, a picture, and a table on the screen."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import torch
from lightning.pytorch import Callback, LightningModule, Trainer
from rich.console import Console
from torch import Tensor

from pose3d.batch import complete
from pose3d.callbacks.samples import joints_17, normalisation_of, sample, samples_figure
from pose3d.callbacks.tested import RECORD, describe_test, refuse_other_results
from pose3d.contracts import offered
from pose3d.files import check_folder, whole_file, write_whole
from pose3d.predictions import Predictions, write_predictions
from pose3d.reporting.console import results_table
from pose3d.types import Batch

PICTURES = 6
PREDICTIONS = "predictions.npz"

# Key in the predictions file -> key of the batch, for entries that are not predicted.
FROM_BATCH = {
    "bbox": "bbox",
    "frame": "frame",
    "target_3d": "joints_3d",
    "target_3d_true": "joints_3d_true",
    "target_translation": "translation",
    "target_2d": "joints_2d_img",
    "visible": "visible",
    "head_size": "head_size",
    "valid": "has_3d",
    "sequence": "sequence",
    "activity": "activity",
    "scene": "scene",
    "subject": "subject",
    "camera": "camera",
}
PREDICTED = ("joints_3d", "joints_2d", "translation", "perspective_rotation")


class RunResults(Callback):
    """Collects the outputs of a stage's test or prediction steps and writes the results into `run_dir`.

    predictions.npz has every frame. A test also writes metrics.json, the validation scores of the checkpoint and the
    test scores, keys as logged, and predictions.png, a few samples. tested.json names the checkpoint with its hash;
    results of another checkpoint, or on other data, are not overwritten.
    """

    def __init__(self, run_dir: str) -> None:
        self.run_dir = Path(run_dir)
        self.trained_here = False
        self.rows: list[dict[str, np.ndarray]] = []
        self.pictures: list[dict[str, Any]] = []
        self.pictured: set[int] = set()

    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Note that the folder belongs to this training."""
        self.trained_here = True

    def on_test_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Reset; choose batches for the picture, spread over the test set."""
        self._begin(trainer, pl_module)
        batches = int(sum(trainer.num_test_batches))
        self.pictured = {round(i * (batches - 1) / max(PICTURES - 1, 1)) for i in range(PICTURES)}

    def on_predict_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Reset."""
        self._begin(trainer, pl_module)

    def on_test_batch_end(
        self,
        trainer: Trainer,
        pl_module: LightningModule,
        outputs: Any,
        batch: Batch,
        batch_idx: int,
        dataloader_idx: int = 0,
    ) -> None:
        """Collect the entries of the files, on the CPU."""
        batch = complete(batch)
        self._keep(outputs, batch)
        if batch_idx in self.pictured:
            self.pictures.append(sample(outputs, batch, normalisation_of(trainer)))

    def on_predict_batch_end(
        self,
        trainer: Trainer,
        pl_module: LightningModule,
        outputs: Any,
        batch: Batch,
        batch_idx: int,
        dataloader_idx: int = 0,
    ) -> None:
        """Collect the entries of the file, on the CPU."""
        self._keep(outputs, complete(batch))

    def on_test_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Write the files and print the table."""
        rows = _gather(self.rows)
        if not trainer.is_global_zero:
            return
        # A scene that a shortened test did not reach has no score.
        metrics = {k: float(v) for k, v in trainer.callback_metrics.items() if v.isfinite()}
        validation: dict[str, float] = pl_module.loaded_metrics  # type: ignore[assignment]
        content = json.dumps(validation | metrics, indent=2, sort_keys=True)
        write_whole(self.run_dir / "metrics.json", content + "\n")
        self._write_predictions(rows, trainer.datamodule)  # type: ignore[attr-defined]
        if self.pictures:
            with whole_file(self.run_dir / "predictions.png") as partial:
                samples_figure(self.pictures).savefig(partial, dpi=110)
        net = getattr(pl_module, "net", None)  # a stage of one's own may have none
        order = [output.candidate for output in getattr(net, "outputs", ()) if output.candidate]
        title = f"{pl_module.stage} on the test set"
        Console().print(results_table(metrics, title, answer=getattr(net, "answer", None), order=order))

    def on_predict_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Write the file."""
        rows = _gather(self.rows)
        if trainer.is_global_zero:
            self._write_predictions(rows, trainer.datamodule)  # type: ignore[attr-defined]
            print(f"written: {self.run_dir / PREDICTIONS}")

    def _begin(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Refuse a folder that is not writable, or that holds results of another checkpoint or other data."""
        self.rows, self.pictures = [], []
        if trainer.is_global_zero:
            check_folder(self.run_dir)
            self.test = describe_test(trainer, pl_module)
            if not self.trained_here:
                refuse_other_results(self.run_dir, self.test)

    def _keep(self, outputs: dict[str, Tensor], batch: Batch) -> None:
        kept = {key: outputs[key] for key in PREDICTED if key in outputs}
        if "joints_2d" in kept:
            kept["joints_2d"] = joints_17(kept["joints_2d"])
        kept |= {key: batch[name] for key, name in FROM_BATCH.items() if name in batch}  # type: ignore[literal-required]
        if "index" in batch:
            kept["index"] = batch["index"]
        if "joints_3d" not in outputs:
            # `has_3d` says nothing about 2D predictions: all of them count.
            del kept["valid"]
        self.rows.append({key: value.detach().float().cpu().numpy() for key, value in kept.items()})
        for key in ("frame", "sequence", "activity", "scene", "subject", "camera", "index", "valid", "visible"):
            if key in kept:
                self.rows[-1][key] = kept[key].cpu().numpy()

    def _write_predictions(self, rows: list[dict[str, np.ndarray]], datamodule: Any) -> None:
        self.run_dir.mkdir(parents=True, exist_ok=True)
        columns = {key: np.concatenate([row[key] for row in rows]) for key in rows[0]}
        if "index" in columns:
            _, order = np.unique(columns.pop("index"), return_index=True)
            columns = {key: value[order] for key, value in columns.items()}
        named = {key: offered(datamodule, key) for key in ("sequence_names", "activity_names", "scene_names")}
        names = {key: np.array(value) for key, value in named.items() if value is not None}
        predictions = Predictions(box="ground truth", **columns, **names)  # type: ignore[arg-type]
        if predictions.translation is not None and not np.isfinite(predictions.translation).all():
            # An untrained network may put all joints in one place, where no depth exists.
            predictions.translation = None
        write_predictions(self.run_dir / PREDICTIONS, predictions)
        write_whole(self.run_dir / RECORD, json.dumps(self.test, indent=2, sort_keys=True) + "\n")


def _gather(rows: list[dict[str, np.ndarray]]) -> list[dict[str, np.ndarray]]:
    """Rows of all processes."""
    if not (torch.distributed.is_available() and torch.distributed.is_initialized()):
        return rows
    everyone: list[Any] = [None] * torch.distributed.get_world_size()
    torch.distributed.all_gather_object(everyone, rows)
    return [row for share in everyone for row in share]
