"""Stage 3: three fully connected layers fuse P, O1 and O2 (paper section 3.2.2, supplement 4.2 and Table 5)."""

from dataclasses import replace
from typing import Any

from pose3d.checkpoint import read_checkpoint
from pose3d.errors import PoseError
from pose3d.models import FusionConfig, FusionNet, Pose3DConfig
from stages.base_3d import Base3DStage
from stages.lr_multipliers import FusionMultipliers


class Stage3(Base3DStage):
    """Crop to one fused root-relative pose.

    The switches of the 3DPoseNet below come from the parent's checkpoint, and later from this stage's own.

    Args:
        schedule: file of the phase table.
        net: switches of the fusion.
        lr_multipliers: factors of the base rate: trained, new.
        mean_pose_bias: start the last layer from the mean training pose; the paper starts from zero.
        kwargs: see `BaseStage`.
    """

    stage, parent_stage = "stage3", "stage2"
    net_config = FusionConfig
    mapping = {"": "pose3d."}  # noqa: RUF012  (annotated in the base)
    # What stage 2 needed for training only.
    dropped_prefixes = ("intermediate.", "skips.", "part_labels.", "domain.")
    shared = ("joint_set", "backbone", "image_size", "target_unit_mm", "modalities")
    net: FusionNet

    def __init__(
        self,
        schedule: str,
        net: FusionConfig = FusionConfig(),  # noqa: B008  (frozen)
        lr_multipliers: FusionMultipliers = FusionMultipliers(),  # noqa: B008  (never mutated)
        mean_pose_bias: bool = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(schedule, net, lr_multipliers, **kwargs)

    def configure_models(self) -> None:
        """A deployed 3DPoseNet, and the fusion on top."""
        config: FusionConfig = self.config
        if config.pose3d is None:
            config = replace(config, pose3d=self._config_of_parent())
        self.net = FusionNet(config, weights=self.first_weights)

    def _config_of_parent(self) -> Pose3DConfig:
        """Switches of the parent's 3DPoseNet, as its checkpoint records them."""
        if self.init_from is None:
            raise PoseError(
                "stage3 takes the 3DPoseNet's switches from its parent, and model.init_from is null; name a checkpoint "
                "of stage2, or give the switches as model.net.pose3d"
            )
        content = read_checkpoint(self.init_from, made_by=str(self.parent_stage))
        net = content.get("hyper_parameters", {}).get("net")
        if content["provenance"].get("stage") == self.stage and net is not None:
            return FusionConfig.from_dict(net).below
        if content["provenance"].get("stage") != self.parent_stage or net is None:
            made_by = content["provenance"].get("stage")
            raise PoseError(
                f"{self.init_from} is a checkpoint of {made_by}, but {self.parent_stage} is what goes before; "
                "give that one"
            )
        return Pose3DConfig.from_dict(net)
