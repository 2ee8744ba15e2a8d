"""What a test leaves in the run folder: metrics.json, predictions.npz, a picture, and a table on the screen."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import torch
from lightning.pytorch import Callback, LightningModule, Trainer
from rich.console import Console

from pose3d.data.normalise import denormalise
from pose3d.geometry.crop import transform_points
from pose3d.predictions import Predictions, write_predictions
from pose3d.reporting.console import results_table

PICTURES = 6

# Key in the predictions file -> key of the batch, for what is not predicted.
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
    """Collects the outputs of a stage's test steps and writes the results into `run_dir`.

    metrics.json holds the validation scores of the checkpoint that was tested and the test scores, keys as logged.
    predictions.npz and predictions.png are of stages that predict 3D poses.
    """

    def __init__(self, run_dir: str) -> None:
        self.run_dir = Path(run_dir)

    def on_test_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Begin with nothing; choose batches that are spread over the test set for the picture."""
        self.rows: list[dict[str, np.ndarray]] = []
        self.pictures: list[dict[str, Any]] = []
        batches = int(sum(trainer.num_test_batches))
        self.pictured = {round(i * (batches - 1) / max(PICTURES - 1, 1)) for i in range(PICTURES)}

    def on_test_batch_end(
        self,
        trainer: Trainer,
        pl_module: LightningModule,
        outputs: Any,
        batch: dict[str, torch.Tensor],
        batch_idx: int,
        dataloader_idx: int = 0,
    ) -> None:
        """Keep what the files need, on the CPU."""
        kept = {key: outputs[key] for key in PREDICTED if key in outputs}
        kept |= {key: batch[name] for key, name in FROM_BATCH.items() if name in batch}
        kept["index"] = batch["index"]
        self.rows.append({key: value.detach().float().cpu().numpy() for key, value in kept.items()})
        for key in ("frame", "sequence", "activity", "scene", "subject", "camera", "index", "valid", "visible"):
            if key in kept:
                self.rows[-1][key] = kept[key].cpu().numpy()
        if batch_idx in self.pictured and "joints_3d" in outputs:
            self.pictures.append(_picture(outputs, batch, trainer.datamodule.normalisation))  # type: ignore[attr-defined]

    def on_test_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Write the files and print the table."""
        rows = _gather(self.rows)
        if not trainer.is_global_zero:
            return
        self.run_dir.mkdir(parents=True, exist_ok=True)
        # A scene that a shortened test did not reach has no score.
        metrics = {k: float(v) for k, v in trainer.callback_metrics.items() if v.isfinite()}
        validation: dict[str, float] = pl_module.loaded_metrics  # type: ignore[assignment]
        content = json.dumps(validation | metrics, indent=2, sort_keys=True)
        (self.run_dir / "metrics.json").write_text(content + "\n")
        if "joints_3d" in rows[0]:
            self._write_predictions(rows, trainer.datamodule)  # type: ignore[attr-defined]
        if self.pictures:
            self._write_picture()
        Console().print(results_table(metrics, title=f"{pl_module.stage} on the test set"))

    def _write_predictions(self, rows: list[dict[str, np.ndarray]], datamodule: Any) -> None:
        columns = {key: np.concatenate([row[key] for row in rows]) for key in rows[0]}
        _, order = np.unique(columns.pop("index"), return_index=True)
        columns = {key: value[order] for key, value in columns.items()}
        names = {key: np.array(getattr(datamodule, key)) for key in ("sequence_names", "activity_names", "scene_names")}
        predictions = Predictions(box="ground truth", **columns, **names)  # type: ignore[arg-type]
        if predictions.translation is not None and not np.isfinite(predictions.translation).all():
            # An untrained network may put all joints in one place, where no depth exists.
            predictions.translation = None
        write_predictions(self.run_dir / "predictions.npz", predictions)

    def _write_picture(self) -> None:
        from pose3d.viz import save_predictions_figure

        columns: dict[str, list[Any]] = {key: [picture[key] for picture in self.pictures] for key in self.pictures[0]}
        save_predictions_figure(
            self.run_dir / "predictions.png",
            columns["image"],
            np.stack(columns["joints_2d"]),
            np.stack(columns["joints_3d"]),
            np.stack(columns["target_3d"]),
            columns["title"],
        )


def _picture(outputs: dict[str, torch.Tensor], batch: dict[str, torch.Tensor], normalisation: str) -> dict[str, Any]:
    """The first sample of a batch: its crop, the predicted 2D joints in the crop, prediction and target in 3D."""
    joints_2d = torch.full((1, 17, 2), torch.nan)
    if "joints_2d" in outputs:
        joints_2d = transform_points(batch["crop_from_img"][:1], outputs["joints_2d"][:1])
    error = (outputs["joints_3d"][0] - batch["joints_3d"][0]).norm(dim=-1).mean()
    return {
        "image": denormalise(batch["image"][:1], normalisation)[0].cpu().numpy(),
        "joints_2d": joints_2d[0].float().cpu().numpy(),
        "joints_3d": outputs["joints_3d"][0].float().cpu().numpy(),
        "target_3d": batch["joints_3d"][0].cpu().numpy(),
        "title": f"frame {int(batch['frame'][0])}: {float(error):.0f} mm",
    }


def _gather(rows: list[dict[str, np.ndarray]]) -> list[dict[str, np.ndarray]]:
    """Rows of all processes."""
    if not (torch.distributed.is_available() and torch.distributed.is_initialized()):
        return rows
    everyone: list[Any] = [None] * torch.distributed.get_world_size()
    torch.distributed.all_gather_object(everyone, rows)
    return [row for share in everyone for row in share]
