"""What stages 2 and 3 share: poses out of network outputs, their metrics, the mean-pose baseline."""

from abc import abstractmethod
from collections.abc import Mapping
from typing import Any, ClassVar, cast

import torch
from torch import Tensor, nn
from torchmetrics import MetricCollection

from pose3d.geometry import weak_perspective_translation
from pose3d.geometry.decode import crop_view_rotation, joints_2d_from_heatmaps, rotate
from pose3d.geometry.kinematics import FROM_MODALITY
from pose3d.metrics import AUC3D, MPJPE, PCK3D, GroupedPose3D
from pose3d.models.objectives import pose_losses
from pose3d.types import Batch
from stages.base import BaseStage

MEAN_POSE = "mean_pose"


class Base3DStage(BaseStage):
    """A stage whose network gives root-relative 3D poses in the loss unit.

    Every pose it can give is a candidate: P, O1, O2, fused, and the mean pose of the training targets, the baseline
    that looks at no image. `deployed` names the stage's answer, whose metrics carry no name of their own.
    """

    deployed: ClassVar[str]
    mean_pose: Tensor

    def __init__(self, init_from: str | None) -> None:
        super().__init__(init_from)
        # Saved with the weights: the baseline of a checkpoint is the mean of what it was trained on.
        self.register_buffer("mean_pose", torch.zeros(17, 3))

    @property
    def identity(self) -> dict[str, Any]:
        """Crop, unit and modalities as well."""
        keys = ("image_size", "target_unit_mm", "modalities")
        return super().identity | {key: self.hparams[key] for key in keys}

    @property
    @abstractmethod
    def output_of(self) -> dict[str, str]:
        """Candidate -> network output."""

    @abstractmethod
    def start_from_mean_pose(self) -> None:
        """Set the biases of new output layers to the mean pose."""

    @property
    def candidates(self) -> tuple[str, ...]:
        """Everything that is scored, the baseline last."""
        return (*self.output_of, MEAN_POSE)

    def setup(self, stage: str) -> None:
        """Learn the mean pose from the training targets; prepare the test metrics for the test set's scenes."""
        super().setup(stage)
        if stage == "fit":
            self.mean_pose.copy_(self.trainer.datamodule.mean_pose())  # type: ignore[attr-defined]
            if self.hparams["mean_pose_bias"]:
                self.start_from_mean_pose()
        if stage == "test":
            self.configure_test_metrics(self.trainer.datamodule.test_scenes)  # type: ignore[attr-defined]

    def configure_metrics(self) -> None:
        """MPJPE over 17 joints, 3DPCK and AUC over 14, of every candidate (decisions M1 to M3)."""
        self.val_metrics = nn.ModuleDict({c: _official(self._prefix("val", c)) for c in self.candidates})

    def configure_test_metrics(self, scenes: Mapping[int, str]) -> None:
        """The same on the test set, and in each of its scenes (label -> name)."""
        self.scenes = dict(scenes)
        self.test_metrics = nn.ModuleDict({c: _official(self._prefix("test", c)) for c in self.candidates})
        keys = {c: f"test/{{group}}/{c}/{{score}}" for c in self.candidates} if scenes else {}
        self.scene_metrics = nn.ModuleDict({c: GroupedPose3D(self.scenes, key=key) for c, key in keys.items()})

    def losses(self, outputs: dict[str, Tensor], batch: Batch) -> dict[str, Tensor]:
        """Euclidean losses in the loss unit."""
        return pose_losses(outputs, batch, self.hparams["target_unit_mm"])

    def predict_step(self, batch: Batch, batch_idx: int = 0) -> dict[str, Tensor]:
        """Poses of a batch in camera axes.

        `joints_3d` (B, 17, 3) mm root-relative (the deployed one), one entry `joints_3d_X` for each candidate X, the
        `perspective_rotation` (B, 3, 3) that is in them; with heatmaps also `joints_2d` (B, 17, 2) px in the full image
        and `translation` (B, 3) mm.
        """
        outputs = self.net(batch["image"])
        crop_from_img, size, intrinsics = batch["crop_from_img"], batch["image"].shape[-1], batch["intrinsics"]
        predictions: dict[str, Tensor] = {}
        joints_2d = None
        if "H" in outputs:
            joints_2d = predictions["joints_2d"] = joints_2d_from_heatmaps(outputs["H"], crop_from_img, size)
        mode = self.hparams["perspective_correction"]
        rotation = crop_view_rotation(mode, joints_2d, crop_from_img, size, intrinsics)
        predictions["perspective_rotation"] = rotation
        for candidate, output in self.output_of.items():
            pose = FROM_MODALITY.get(candidate, FROM_MODALITY["P"])(outputs[output]) * self.hparams["target_unit_mm"]
            predictions[f"joints_3d_{candidate}"] = rotate(pose, rotation)
        predictions["joints_3d"] = predictions[f"joints_3d_{self.deployed}"]
        if joints_2d is not None:
            predictions["translation"] = weak_perspective_translation(predictions["joints_3d"], joints_2d, intrinsics)
        return predictions

    def validation_step(self, batch: Batch, batch_idx: int) -> None:
        """Score a batch."""
        self._step(batch, "val")

    def test_step(self, batch: Batch, batch_idx: int) -> dict[str, Tensor]:
        """Score a batch and return its predictions."""
        return self._step(batch, "test")

    def _step(self, batch: Batch, split: str) -> dict[str, Tensor]:
        predictions = self.predict_step(batch)
        target, valid = batch["joints_3d"], batch["has_3d"]
        for candidate in self.candidates:
            poses = predictions.get(f"joints_3d_{candidate}", self.mean_pose.expand_as(target))
            metrics = cast(MetricCollection, (self.val_metrics if split == "val" else self.test_metrics)[candidate])
            metrics.update(poses, target, valid)
            # Logged as metrics, not as numbers, which would be averaged over batches.
            self.log_dict(metrics)
            if split == "test" and self.scenes:
                cast(GroupedPose3D, self.scene_metrics[candidate]).update(poses, target, batch["scene"], valid)
        return predictions

    def on_test_epoch_end(self) -> None:
        """Log the scores of each scene."""
        for metric in self.scene_metrics.values():
            self.log_dict(cast(GroupedPose3D, metric).compute())

    def _prefix(self, split: str, candidate: str) -> str:
        return f"{split}/" if candidate == self.deployed else f"{split}/{candidate}/"


def _official(prefix: str) -> MetricCollection:
    return MetricCollection({"mpjpe_mm": MPJPE(), "pck3d_150mm": PCK3D(), "auc3d": AUC3D()}, prefix=prefix)
