"""config.yaml of a run: the complete configuration, written when training begins, and its hash for the provenance."""

from pathlib import Path

import yaml
from lightning.pytorch import LightningModule, Trainer
from lightning.pytorch.cli import SaveConfigCallback

from pose3d.checkpoint import config_hash
from pose3d.files import write_whole


class RunConfig(SaveConfigCallback):
    """Writes into the run folder, after the files of an earlier run have been moved away."""

    def setup(self, trainer: Trainer, pl_module: LightningModule, stage: str) -> None:
        """Let every checkpoint of this run carry the configuration's hash."""
        if stage == "fit":
            self.content = self.parser.dump(self.config, skip_none=False)
            pl_module.config_sha256 = config_hash(yaml.safe_load(self.content))  # type: ignore[assignment]

    def on_train_batch_start(self, trainer: Trainer, pl_module: LightningModule, batch: object, batch_idx: int) -> None:
        """Write once; a resumed run keeps the configuration that it began with."""
        if trainer.is_global_zero and not self.already_saved:
            self.already_saved = True
            path = Path(self.config["run_dir"]) / "config.yaml"
            if trainer.ckpt_path is None or not path.exists():
                write_whole(path, self.content)
