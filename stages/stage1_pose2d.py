"""Stage 1: 2DPoseNet learns heatmaps from in-the-wild 2D labels (paper section 3.1, supplement 4.1 and Table 3)."""

from typing import Literal

from torch import Tensor
from torchmetrics import MetricCollection

from pose3d.geometry.decode import joints_2d_from_heatmaps
from pose3d.metrics import PCKh, PCKhAUC
from pose3d.models import Pose2DNet
from pose3d.models.build import build_pose2d
from pose3d.models.objectives import heatmap_losses
from pose3d.models.pose2d import JOINTS
from pose3d.types import Batch
from stages.base import BaseStage
from stages.lr_multipliers import TransferMultipliers
from stages.optimizers import OptimizerName


class Stage1(BaseStage):
    """Crop to heatmaps of 15 joints.

    Args:
        schedule: file of the phase table.
        backbone: a name of `pose3d.models.BACKBONES`; the paper's is resnet101.
        weights: where the trunk starts: hub, package, random or a file (see `pose3d.models.weights`).
        freeze_batchnorm: keep the running statistics of the trunk's batch norm (decision N14).
        skips: corrective, regular or none (decision N6).
        intermediate: supervise res4b20 and res5a (decision N7).
        iterations_scale: factor of all iteration counts of the schedule.
        optimizer: adadelta with the paper's settings (decision L3), adamw or adam.
        weight_decay: null for the optimiser's own.
        lr_multipliers: factors of the base rate: trunk, res5a, new.
        channels_last: memory layout that is faster on most CPUs and GPUs.
        init_from: stage 1 has no parent; leave it null.
    """

    stage = "stage1"
    net: Pose2DNet

    def __init__(
        self,
        schedule: str,
        backbone: str = "resnet101",
        weights: str | None = "hub",
        freeze_batchnorm: bool = False,
        skips: Literal["corrective", "regular", "none"] = "corrective",
        intermediate: bool = True,
        iterations_scale: float = 1.0,
        optimizer: OptimizerName = "adadelta",
        weight_decay: float | None = None,
        lr_multipliers: TransferMultipliers = TransferMultipliers(),  # noqa: B008  (never mutated; the config's default)
        channels_last: bool = False,
        init_from: str | None = None,
    ) -> None:
        super().__init__(init_from)

    def configure_models(self) -> None:
        """2DPoseNet."""
        self.net = build_pose2d(self.hparams, self.first_weights)

    def configure_losses(self) -> None:
        """Table 3 names its columns as the network names its outputs."""
        self.columns = {}

    def configure_metrics(self) -> None:
        """PCKh at half a head size, and the area under its curve, over 14 joints."""
        metrics = MetricCollection({"pckh50": PCKh(num_joints=JOINTS), "pckh50_auc": PCKhAUC(num_joints=JOINTS)})
        self.val_metrics, self.test_metrics = metrics.clone(prefix="val/"), metrics.clone(prefix="test/")

    def losses(self, outputs: dict[str, Tensor], batch: Batch) -> dict[str, Tensor]:
        """Euclidean loss of each heatmap."""
        return heatmap_losses(outputs, batch)

    def predict_step(self, batch: Batch, batch_idx: int = 0) -> dict[str, Tensor]:
        """`joints_2d` (B, 15, 2) px in the full image."""
        maps = self.net(batch["image"])[self.net.prediction_key]
        return {"joints_2d": joints_2d_from_heatmaps(maps, batch["crop_from_img"], batch["image"].shape[-1])}

    def validation_step(self, batch: Batch, batch_idx: int) -> None:
        """Score a batch."""
        self._step(batch, "val")

    def test_step(self, batch: Batch, batch_idx: int) -> dict[str, Tensor]:
        """Score a batch and return its predictions."""
        return self._step(batch, "test")

    def _step(self, batch: Batch, split: str) -> dict[str, Tensor]:
        predictions = self.predict_step(batch)
        metrics = self.val_metrics if split == "val" else self.test_metrics
        joints = predictions["joints_2d"].shape[1]
        target, visible = batch["joints_2d_img"][:, :joints], batch["visible"][:, :joints]
        metrics.update(predictions["joints_2d"], target, visible, batch["head_size"])
        self.log_dict(metrics)
        return predictions
