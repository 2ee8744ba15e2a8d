"""Stage 1: 2DPoseNet learns heatmaps from in-the-wild 2D labels (paper section 3.1, supplement 4.1 and Table 3)."""

from typing import Any

from torch import Tensor
from torchmetrics import MetricCollection

from pose3d.batch import complete
from pose3d.errors import PoseError
from pose3d.metrics import PCKh, PCKhAUC
from pose3d.models import Pose2DConfig, Pose2DNet
from pose3d.models.pose2d import JOINTS
from pose3d.types import Batch
from stages.base import BaseStage
from stages.lr_multipliers import TransferMultipliers


class Stage1(BaseStage):
    """Crop to heatmaps of 15 joints. It has no parent: leave `init_from` null.

    Args:
        schedule: file of the phase table.
        net: switches of 2DPoseNet.
        lr_multipliers: factors of the base rate: trunk, res5a, new; 0 freezes a group and saves its backward pass.
        kwargs: see `BaseStage`.
    """

    stage = "stage1"
    net_config = Pose2DConfig
    net: Pose2DNet

    def __init__(
        self,
        schedule: str,
        net: Pose2DConfig = Pose2DConfig(),  # noqa: B008  (frozen)
        lr_multipliers: TransferMultipliers = TransferMultipliers(),  # noqa: B008  (never mutated)
        **kwargs: Any,
    ) -> None:
        super().__init__(schedule, net, lr_multipliers, **kwargs)

    def configure_models(self) -> None:
        """2DPoseNet."""
        self.net = Pose2DNet(self.config, weights=self.first_weights)

    def configure_metrics(self) -> None:
        """PCKh at half a head size, and the area under its curve, over 14 joints."""
        metrics = MetricCollection({"pckh50": PCKh(num_joints=JOINTS), "pckh50_auc": PCKhAUC(num_joints=JOINTS)})
        self.val_metrics, self.test_metrics = metrics.clone(prefix="val/"), metrics.clone(prefix="test/")

    def _step(self, batch: Batch, split: str) -> dict[str, Tensor]:
        batch = complete(batch)
        predictions = self.predict_step(batch)
        if "joints_2d_img" not in batch:
            raise PoseError(f"the {split} batches have no 2D joints to score against; see pose3d.types.Batch")
        metrics = self.val_metrics if split == "val" else self.test_metrics
        joints = predictions["joints_2d"].shape[1]
        target, visible = batch["joints_2d_img"][:, :joints], batch["visible"][:, :joints]
        metrics.update(predictions["joints_2d"], target, visible, batch["head_size"])
        self.log_dict(metrics)
        return predictions
