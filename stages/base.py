"""What the three stages share: hyperparameters, optimiser, schedule, hand-off, provenance.

A stage reads from top to bottom: `configure_models`, `configure_losses`, `configure_metrics`, `training_step`, `_step`.
"""

import logging
from abc import abstractmethod
from collections.abc import Mapping
from dataclasses import asdict
from functools import cached_property
from typing import Any, ClassVar

import torch
from lightning.pytorch import LightningModule
from lightning.pytorch.utilities.types import OptimizerLRSchedulerConfig
from torch import Tensor, nn

from pose3d import __version__
from pose3d.checkpoint import PROVENANCE, HandOffReport, Provenance, ancestry, hand_off
from pose3d.crop_settings import CROPS, CropSettings, check_parent, recorded_crops, require_same_normalisation
from pose3d.errors import PoseError
from pose3d.models.objectives import total_loss
from pose3d.schedule import Schedule
from pose3d.skeleton import MPI_INF_3DHP_17
from pose3d.types import Batch
from stages.hand_off_table import print_hand_off
from stages.optimizers import base_rate, build_optimizer, freeze_resting_groups

log = logging.getLogger("stages")


class BaseStage(LightningModule):
    """One training of the pipeline.

    Subclasses name the stage, its parent and what goes where in a hand-off, and fill in the configure methods. Their
    `__init__` is a signature: every argument but `init_from` is a hyperparameter and is read from `self.hparams`.
    """

    stage: ClassVar[str]
    parent_stage: ClassVar[str | None] = None
    mapping: ClassVar[Mapping[str, str]] = {}
    """Prefix in the parent's network -> prefix in this one's."""
    stays: ClassVar[tuple[str, ...]] = ()
    """Prefixes of the parent's network that this stage has no use for."""
    shared: ClassVar[tuple[str, ...]] = ("joint_set", "backbone")
    """Provenance entries in which parent and child must agree."""

    net: nn.Module
    columns: Mapping[str, str]

    def __init__(self, init_from: str | None) -> None:
        super().__init__()
        self.save_hyperparameters(ignore=["init_from"])
        # Plain data, so that checkpoints load with weights_only=True.
        multipliers: Any = self.hparams["lr_multipliers"]
        self.hparams["lr_multipliers"] = dict(multipliers if isinstance(multipliers, Mapping) else asdict(multipliers))
        self.init_from = init_from
        self.parent: Provenance | None = None
        self.data: dict[str, Any] = {}
        self.crops: CropSettings | None = None
        self.config_sha256: str | None = None
        self.loaded_metrics: dict[str, float] = {}
        self.configure_models()
        freeze_resting_groups(self.net, self.hparams["lr_multipliers"])
        self.configure_losses()
        self.configure_metrics()
        if init_from is not None:
            self.receive(init_from)
        if self.hparams["channels_last"]:
            self.net.to(memory_format=torch.channels_last)  # type: ignore[call-overload]

    @abstractmethod
    def configure_models(self) -> None:
        """Build `self.net`."""

    @abstractmethod
    def configure_losses(self) -> None:
        """Set `self.columns`: network output -> column of the phase table."""

    @abstractmethod
    def configure_metrics(self) -> None:
        """Build the metrics of validation."""

    @abstractmethod
    def losses(self, outputs: dict[str, Tensor], batch: Batch) -> dict[str, Tensor]:
        """Loss of each network output."""

    @property
    def first_weights(self) -> str | None:
        """Where the trunk starts: nowhere in particular (None) when a parent's weights follow."""
        return None if self.init_from is not None else self.hparams["weights"]

    def receive(self, parent_path: str) -> None:
        """Take over the parent's weights (hand-off); resuming a run is `--ckpt_path`."""
        if self.parent_stage is None:
            raise PoseError(f"{self.stage} is the first stage and has no parent; set model.init_from to null")
        report = hand_off(
            parent_path,
            self.net,
            self.mapping,
            stage=self.parent_stage,
            expected={key: self.identity[key] for key in self.shared},
            stays=self.stays,
        )
        self.parent = ancestry(report)
        self.on_hand_off(report)

    def on_hand_off(self, report: HandOffReport) -> None:
        """Show what went where, and at which multiplier."""
        print_hand_off(report, self.net, self.hparams["lr_multipliers"])

    @cached_property
    def schedule(self) -> Schedule:
        """The phase table, scaled; read from its file when training needs it."""
        return Schedule.load(self.hparams["schedule"]).scaled(self.hparams["iterations_scale"])

    def setup(self, stage: str) -> None:
        """Note the data's identity and crops; refuse crops that the network or the parent's weights do not suit."""
        datamodule = self.trainer.datamodule  # type: ignore[attr-defined]
        if datamodule is not None:
            self.crops = datamodule.crops
            size = self.hparams.get("image_size", self.crops.image_size)
            if size != self.crops.image_size:
                found = f"model.image_size is {size}, data.image_size {self.crops.image_size}"
                raise PoseError(f"{found}; make them the same")
        if stage == "fit":
            self.data = datamodule.identity()
            if self.parent is not None and self.crops is not None:
                check_parent(self.parent, self.crops)

    def on_fit_start(self) -> None:
        """Say it when a stage starts without its parent; refuse to start from nothing."""
        if self.trainer.ckpt_path is not None or self.init_from is not None:
            return
        if self.first_weights is None:
            raise PoseError("model.weights is null, so training would start from nothing; name hub, package or a file")
        if self.parent_stage is not None:
            log.warning("model.init_from is null: %s starts without the weights of %s", self.stage, self.parent_stage)

    def configure_optimizers(self) -> OptimizerLRSchedulerConfig:
        """One optimiser, one group for each multiplier; the schedule sets the rates before each step."""
        hp = self.hparams
        optimizer = build_optimizer(self.net, hp["optimizer"], hp["lr_multipliers"], hp["weight_decay"])
        return {
            "optimizer": optimizer,
            "lr_scheduler": {"scheduler": base_rate(optimizer, self.schedule), "interval": "step"},
        }

    def training_step(self, batch: Batch, batch_idx: int) -> Tensor:
        """Total loss of a batch at this step's weights."""
        losses = self.losses(self.net(batch["image"]), batch)
        total = total_loss(losses, self.columns, self.schedule.at(self.global_step))
        self.log("train/loss", total, prog_bar=True)
        self.log_dict({f"train/loss_{name}": loss for name, loss in losses.items()})
        self.log_dict({f"lr/{group['name']}": group["lr"] for group in self.trainer.optimizers[0].param_groups})
        return total

    @property
    def identity(self) -> dict[str, Any]:
        """What a child must agree with."""
        return {"joint_set": MPI_INF_3DHP_17.name, "backbone": self.hparams["backbone"]}

    def provenance(self) -> Provenance:
        """Who this checkpoint is: plain data, readable."""
        metrics = {k: float(v) for k, v in self.trainer.callback_metrics.items() if k.startswith("val/")}
        return {
            "stage": self.stage,
            "version": __version__,
            **self.identity,
            "step": self.global_step,
            "metrics": metrics,
            "schedule": [
                {"iterations": p.iterations, "lr": p.lr, "weights": dict(p.weights)} for p in self.schedule.phases
            ],
            "data": self.data,
            CROPS: None if self.crops is None else asdict(self.crops),
            "config_sha256": self.config_sha256,
            "parent": self.parent,
        }

    def on_save_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Record the provenance under its own key."""
        checkpoint[PROVENANCE] = self.provenance()

    def on_load_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Refuse another stage's checkpoint; keep the ancestry of one's own."""
        stored = checkpoint.get(PROVENANCE)
        if stored is None or stored["stage"] != self.stage:
            made_by = "no stage of this package" if stored is None else stored["stage"]
            raise PoseError(f"the checkpoint was made by {made_by}, not {self.stage}; give one of {self.stage}")
        for key, value in self.identity.items():
            if stored.get(key) != value:
                raise PoseError(
                    f"the checkpoint has {key} {stored.get(key)!r}, this run has {value!r}; make them the same"
                )
        recorded = recorded_crops(stored)
        if self.crops is None:
            self.crops = recorded
        elif recorded is not None:
            require_same_normalisation("the checkpoint", recorded, self.crops)
        self.parent, self.data, self.loaded_metrics = stored["parent"], stored["data"], stored["metrics"]
