"""What stages 2 and 3 share: metrics of every candidate pose, and the mean-pose baseline."""

from collections.abc import Mapping
from typing import Any, cast

import torch
from torch import Tensor, nn
from torchmetrics import MetricCollection

from pose3d.batch import complete
from pose3d.contracts import offered
from pose3d.errors import PoseError
from pose3d.metrics import AUC3D, MPJPE, PCK3D, GroupedPose3D
from pose3d.models import FusionNet, Pose3DConfig, Pose3DNet
from pose3d.models.outputs import pose_candidates
from pose3d.skeleton import MPI_INF_3DHP_17
from pose3d.types import Batch
from stages.base import BaseStage

MEAN_POSE = "mean_pose"


class Base3DStage(BaseStage):
    """A stage whose network gives root-relative 3D poses.

    Every pose of the network is a candidate and scored: P, O1, O2, fused; and so is the mean pose of the training
    targets, a baseline that ignores the image. The metrics of the network's answer carry no candidate name.
    """

    net: Pose3DNet | FusionNet
    mean_pose: Tensor

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        # Saved with the weights: the baseline of a checkpoint is the mean of what it was trained on.
        self.register_buffer("mean_pose", torch.zeros(17, 3))
        view = self.pose3d_config.target_view
        if view not in ("camera", self.decoding.rotation):
            raise PoseError(
                f"the network learns poses in a view turned by {view!r} (net.target_view), but decode.rotation is "
                f"{self.decoding.rotation!r}; make them the same"
            )

    @property
    def pose3d_config(self) -> Pose3DConfig:
        """Switches of the 3DPoseNet."""
        config = self.net.config
        return config if isinstance(config, Pose3DConfig) else config.below

    @property
    def identity(self) -> dict[str, Any]:
        """Crop, unit and modalities of the 3DPoseNet as well."""
        config = self.pose3d_config.to_dict()
        keys = ("backbone", "image_size", "target_unit_mm", "target_view", "modalities")
        return {"joint_set": MPI_INF_3DHP_17.name} | {key: config[key] for key in keys}

    @property
    def scored(self) -> tuple[str, ...]:
        """Every pose of the network by name, and the baseline."""
        return (*pose_candidates(self.outputs), MEAN_POSE)

    @property
    def candidates(self) -> tuple[str, ...]:
        """Those of `scored` that are available: there is no baseline where the data do not know their mean pose."""
        return self.scored if bool(self.mean_pose.any()) else self.scored[:-1]

    def setup(self, stage: str) -> None:
        """Learn the mean pose from the training targets; prepare the test metrics for the test set's scenes."""
        super().setup(stage)
        datamodule = self.trainer.datamodule  # type: ignore[attr-defined]
        if stage == "fit":
            mean_pose = offered(datamodule, "mean_pose")
            if mean_pose is not None:
                self.mean_pose.copy_(mean_pose())
            if self.hparams["mean_pose_bias"]:
                if mean_pose is None:
                    raise PoseError("model.mean_pose_bias needs data that know their mean pose; set it to false")
                self.net.start_from(self.mean_pose / self.pose3d_config.target_unit_mm)
        if stage == "test":
            self.configure_test_metrics(offered(datamodule, "test_scenes", {}))

    def configure_metrics(self) -> None:
        """MPJPE over 17 joints, 3DPCK and AUC over 14, of every candidate (decisions M1 to M3)."""
        self.val_metrics = self._official("val")

    def configure_test_metrics(self, scenes: Mapping[int, str]) -> None:
        """The same on the test set, and in each of its scenes (label -> name)."""
        self.scenes = dict(scenes)
        self.test_metrics = self._official("test")
        keys = {name: f"test/{{group}}/{name}/{{score}}" for name in self.scored} if scenes else {}
        self.scene_metrics = nn.ModuleDict({name: GroupedPose3D(self.scenes, key=key) for name, key in keys.items()})

    def _official(self, split: str) -> nn.ModuleDict:
        """Metrics of each candidate, by the names that they are logged under."""
        return nn.ModuleDict(
            {
                candidate: MetricCollection(
                    {"mpjpe_mm": MPJPE(), "pck3d_150mm": PCK3D(), "auc3d": AUC3D()},
                    prefix=f"{split}/" if candidate == self.net.answer else f"{split}/{candidate}/",
                )
                for candidate in self.scored
            }
        )

    def _step(self, batch: Batch, split: str) -> dict[str, Tensor]:
        batch = complete(batch)
        predictions = self.predict_step(batch)
        if "joints_3d" not in batch:
            raise PoseError(f"the {split} batches have no joints_3d to score against; see pose3d.types.Batch")
        target, valid = batch["joints_3d"], batch["has_3d"]
        predictions[f"joints_3d_{MEAN_POSE}"] = self.mean_pose.expand_as(target)
        overall = self.val_metrics if split == "val" else self.test_metrics
        for candidate in self.candidates:
            poses = predictions[f"joints_3d_{candidate}"]
            metrics = cast(MetricCollection, overall[candidate])
            metrics.update(poses, target, valid)
            # Logged as metrics, not as numbers, which would be averaged over batches.
            self.log_dict(metrics)
            if split == "test" and self.scenes and "scene" in batch:
                cast(GroupedPose3D, self.scene_metrics[candidate]).update(poses, target, batch["scene"], valid)
        return predictions

    def on_test_epoch_end(self) -> None:
        """Log the scores of each scene."""
        for candidate in self.candidates if self.scenes else ():
            scores = cast(GroupedPose3D, self.scene_metrics[candidate]).compute()
            # Every process has the scores of all of them. The maximum of equal numbers is exact, their mean is not.
            self.log_dict(scores, sync_dist=True, reduce_fx="max")
