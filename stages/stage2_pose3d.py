"""Stage 2: 3DPoseNet learns P, O1, O2 on the features of stage 1 (paper sections 3.2, 4, supplement Table 4)."""

from typing import Any

from pose3d.contracts import offered
from pose3d.models import Pose3DConfig, Pose3DNet
from stages.base_3d import Base3DStage
from stages.lr_multipliers import TransferMultipliers


class Stage2(Base3DStage):
    """Crop to root-relative pose, three ways.

    Args:
        schedule: file of the phase table.
        net: switches of 3DPoseNet.
        lr_multipliers: factors of the base rate: trunk, res5a, new; 0 freezes a group and saves its backward pass.
        mean_pose_bias: start the stubs from the mean training pose; the paper starts from zero.
        kwargs: see `BaseStage`.
    """

    stage, parent_stage = "stage2", "stage1"
    net_config = Pose3DConfig
    mapping = {"trunk.": "trunk.", "res5a.": "res5a."}  # noqa: RUF012  (annotated in the base)
    dropped_prefixes = ("taper.", "skips.")
    net: Pose3DNet

    def __init__(
        self,
        schedule: str,
        net: Pose3DConfig = Pose3DConfig(),  # noqa: B008  (frozen)
        lr_multipliers: TransferMultipliers = TransferMultipliers(trunk=0.001),  # noqa: B008  (never mutated)
        mean_pose_bias: bool = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(schedule, net, lr_multipliers, **kwargs)

    def setup(self, stage: str) -> None:
        """Ask the training data for part labels where the network predicts them."""
        if stage == "fit" and self.config.part_labels:
            offered(self.trainer.datamodule, "enable_part_labels", lambda: None)()  # type: ignore[attr-defined]
        super().setup(stage)

    def configure_models(self) -> None:
        """3DPoseNet."""
        self.net = Pose3DNet(self.config, weights=self.first_weights)
