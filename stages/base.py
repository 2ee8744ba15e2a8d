"""Common base of the three stages: hyperparameters, optimiser, schedule, hand-off.

A stage reads from top to bottom: `configure_models`, `configure_metrics`, `training_step`, `_step`. What it learns from
and at which weights follows from its network's list of outputs.
"""

import logging
from abc import abstractmethod
from collections.abc import Mapping
from dataclasses import asdict, is_dataclass
from functools import cached_property
from typing import Any, ClassVar

import torch
from lightning.pytorch.utilities.types import OptimizerLRSchedulerConfig
from torch import Tensor, nn
from torchmetrics import MetricCollection

from pose3d.batch import complete
from pose3d.checkpoint import NET, PROVENANCE, HandOffReport, Provenance, ancestry, hand_off, read_checkpoint
from pose3d.contracts import offered
from pose3d.crop_settings import CropSettings, check_parent
from pose3d.data.arguments import NonNegativeFloat, PositiveFloat
from pose3d.errors import PoseError
from pose3d.geometry.decode import DecodeConfig
from pose3d.models.config import NetConfig
from pose3d.models.objectives import output_losses, output_scores, total_loss
from pose3d.predict.decode import decode
from pose3d.pretrained import required_stage_file
from pose3d.schedule import Schedule
from pose3d.types import Batch
from stages.finite import require_finite
from stages.hand_off_table import print_hand_off
from stages.optimizers import OptimizerName, base_rate, build_optimizer, freeze_zero_lr_groups
from stages.provenance import RecordsProvenance

log = logging.getLogger("stages")

TRAINING_ONLY = ("skips.", "intermediate.", "part_labels.", "domain.")
"""Parts of a network that exported weights lack."""


class BaseStage(RecordsProvenance):
    """One training of the pipeline.

    Subclasses name the stage, its parent and what goes where in a hand-off, and build network and metrics. A stage of
    your own subclasses one of the three; arguments of its own become hyperparameters, and the others pass on:

        class MyStage2(Stage2):
            def __init__(self, extra: float = 1.0, **kwargs: Any) -> None:
                super().__init__(**kwargs)

    The configure methods run within `super().__init__`; they read arguments from `self.hparams`.

    Args:
        schedule: file of the phase table.
        switches: of the network; the subclasses call it `net`.
        multipliers: factors of the base rate, one for each group of the network; the subclasses' `lr_multipliers`.
        decode: test-time choices.
        weights: where the trunk starts when `init_from` is null: hub, package, random or a file.
        iterations_scale: factor of all iteration counts of the schedule.
        optimizer: adadelta with the paper's settings (decision L3), adamw or adam.
        optimizer_eps: constant in the denominator of its step; null for the optimiser's own. Caffe's AdaDelta has 1e-8,
            torch's 1e-6 (decision L3).
        weight_decay: null for the optimiser's own.
        channels_last: memory layout that is faster on most CPUs and GPUs.
        init_from: weights to start from, of the parent stage or of this stage itself: a checkpoint, a file or folder of
            weights, or a name (see `pose3d.pretrained`). null starts from `weights`.
    """

    stage: ClassVar[str]
    parent_stage: ClassVar[str | None] = None
    net_config: ClassVar[type[NetConfig]]
    mapping: ClassVar[Mapping[str, str]] = {}
    """Prefix in the parent's network -> prefix in this one's."""
    dropped_prefixes: ClassVar[tuple[str, ...]] = ()
    """Prefixes of the parent's network that this stage does not use."""
    shared: ClassVar[tuple[str, ...]] = ("joint_set", "backbone")
    """Provenance entries in which parent and child must agree."""

    net: nn.Module

    def __init__(
        self,
        schedule: str,
        switches: NetConfig,
        multipliers: Any,
        decode: DecodeConfig = DecodeConfig(),  # noqa: B008  (frozen)
        weights: str | None = "hub",
        iterations_scale: PositiveFloat = 1.0,
        optimizer: OptimizerName = "adadelta",
        optimizer_eps: PositiveFloat | None = None,
        weight_decay: NonNegativeFloat | None = None,
        channels_last: bool = False,
        init_from: str | None = None,
    ) -> None:
        super().__init__()
        # The subclasses' `net` and `lr_multipliers` by other names: the command line carries values of equal names over
        # from a base class to its subclass, and there are none here.
        self.save_hyperparameters(ignore=["init_from", "switches", "multipliers"])
        # Plain data, so that checkpoints load with weights_only=True; saved again, as loggers read the saved ones.
        self.save_hyperparameters(_plain(self.hparams))
        self.init_from = self._checkpoint_of(init_from)
        self.parent: Provenance | None = None
        self.data: dict[str, Any] = {}
        self.crops: CropSettings | None = None
        self.config_sha256: str | None = None
        self.loaded_metrics: dict[str, float] = {}
        self.decoding = DecodeConfig(**self.hparams["decode"])
        self.configure_models()
        self.save_hyperparameters({"net": self.net.config.to_dict()})  # type: ignore[union-attr, operator]
        freeze_zero_lr_groups(self.net, self.hparams["lr_multipliers"])
        self.configure_metrics()
        if self.init_from is not None:
            self.load_parent_weights(self.init_from)
        if self.hparams["channels_last"]:
            self.net.to(memory_format=torch.channels_last)  # type: ignore[call-overload]

    @abstractmethod
    def configure_models(self) -> None:
        """Build `self.net` from `self.config`."""

    @abstractmethod
    def configure_metrics(self) -> None:
        """Build the metrics of validation as `self.val_metrics`: collections whose names are those of the log."""

    @property
    def config(self) -> Any:
        """Switches of the network."""
        return self.net_config.from_dict(self.hparams["net"])

    @property
    def first_weights(self) -> str | None:
        """Where the trunk starts; None where a parent's weights follow."""
        return None if self.init_from is not None else self.hparams["weights"]

    def _checkpoint_of(self, name: str | None) -> str | None:
        """The file that `init_from` means: the parent's where there is one, else this stage's own."""
        if name is None:
            return None
        stages = (self.stage,) if self.parent_stage is None else (self.parent_stage, self.stage)
        return str(required_stage_file(name, *stages))

    def load_parent_weights(self, parent_path: str) -> None:
        """Take over the parent's weights (hand-off), or those of this stage; resuming a run is `--ckpt_path`."""
        content = read_checkpoint(parent_path, made_by=self.parent_stage or self.stage)
        own = content[PROVENANCE].get("stage") == self.stage
        if self.parent_stage is None and not own:
            raise PoseError(
                f"{self.stage} is the first stage and has no parent; set model.init_from to null, or name weights of "
                f"{self.stage} itself"
            )
        stored = content["state_dict"]
        report = hand_off(
            parent_path,
            self.net,
            own_parts(self.net, stored) if own else self.mapping,
            stage=str(self.stage if own else self.parent_stage),
            expected={key: self.identity[key] for key in self.shared},
            dropped_prefixes=TRAINING_ONLY if own else self.dropped_prefixes,
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
        crops: CropSettings | None = offered(datamodule, "crops")
        if crops is not None:
            self.crops = crops
            size = self.identity.get("image_size", crops.image_size)
            if size != crops.image_size:
                raise PoseError(
                    f"model.net.image_size is {size}, data.image_size {crops.image_size}; make them the same"
                )
        if stage == "fit":
            self.data = offered(datamodule, "identity", dict)()
            self.schedule.check_columns(column for output in self.outputs for column in output.columns)
            if (names := offered(datamodule, "data_sets")) is not None:
                self.schedule.check_data_sets(names)
            if self.parent is not None and crops is not None:
                check_parent(self.parent, crops)

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
        optimizer = build_optimizer(
            self.net, hp["optimizer"], hp["lr_multipliers"], hp["weight_decay"], hp["optimizer_eps"]
        )
        return {
            "optimizer": optimizer,
            "lr_scheduler": {"scheduler": base_rate(optimizer, self.schedule), "interval": "step"},
        }

    def training_step(self, batch: Batch, batch_idx: int) -> Tensor:
        """Total loss of a batch at this step's weights."""
        batch = complete(batch)
        answers = self.net(batch["image"])
        losses = output_losses(self.outputs, answers, batch)
        total = total_loss(self.outputs, losses, self.schedule.at(self.global_step))
        require_finite(total, losses, answers, batch, self.global_step)
        every: int = self.trainer.log_every_n_steps  # type: ignore[attr-defined]
        if every and (self.global_step + 1) % every == 0:
            # At other steps Lightning would spend as long on these values and pass them to no logger.
            self.log("train/loss", total)
            self.log_dict({f"train/loss_{name}": loss for name, loss in losses.items()})
            scores = output_scores(self.outputs, answers, batch)
            self.log_dict({f"train/{name}": score for name, score in scores.items()})
            self.log_dict({f"lr/{group['name']}": group["lr"] for group in self.trainer.optimizers[0].param_groups})
        return total

    @property
    def score_keys(self) -> tuple[str, ...]:
        """Names of the scores that validation logs."""
        found = self.val_metrics.modules()  # type: ignore[union-attr]
        collections = [module for module in found if isinstance(module, MetricCollection)]
        return tuple(str(name) for collection in collections for name in collection.keys(keep_base=False))

    @cached_property
    def outputs(self) -> Any:
        """What the network gives, listed."""
        return self.net.outputs

    def predict_step(self, batch: Batch, batch_idx: int = 0) -> dict[str, Tensor]:
        """Poses and 2D joints of a batch, in the full image and the axes of the camera; see `pose3d.predict.decode`."""
        batch = complete(batch)
        return decode(self.net, self.net(batch["image"]), batch, self.decoding)  # type: ignore[arg-type]

    def validation_step(self, batch: Batch, batch_idx: int) -> None:
        """Score a batch."""
        self._step(batch, "val")

    def test_step(self, batch: Batch, batch_idx: int) -> dict[str, Tensor]:
        """Score a batch and return its predictions."""
        return self._step(batch, "test")

    @abstractmethod
    def _step(self, batch: Batch, split: str) -> dict[str, Tensor]:
        """Predict a batch, update and log the metrics of the split, and return the predictions."""


def _plain(value: Any) -> Any:
    """Dataclasses and mappings as dictionaries, tuples as lists, all the way down."""
    if is_dataclass(value) and not isinstance(value, type):
        value = asdict(value)
    if isinstance(value, Mapping):
        return {key: _plain(entry) for key, entry in value.items()}
    return [_plain(entry) for entry in value] if isinstance(value, list | tuple) else value


def own_parts(net: nn.Module, stored: Mapping[str, Tensor]) -> dict[str, str]:
    """Prefixes of a network's parts that weights of the same stage fill: all but training-only ones that they lack."""
    parts = [f"{name}." for name, child in net.named_children() if child.state_dict()]
    held = [p for p in parts if p not in TRAINING_ONLY or any(name.startswith(NET + p) for name in stored)]
    return {part: part for part in held}
