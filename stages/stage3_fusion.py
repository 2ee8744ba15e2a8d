"""Stage 3: three fully connected layers fuse P, O1 and O2 (paper section 3.2.2, supplement 4.2 and Table 5)."""

from typing import Literal, cast

from torch import Tensor, nn

from pose3d.geometry.decode import PerspectiveCorrection
from pose3d.models import FusionNet
from pose3d.models.build import build_fusion
from pose3d.models.initialise import set_bias
from pose3d.models.objectives import pose_losses
from pose3d.types import Batch
from stages.base_3d import Base3DStage
from stages.lr_multipliers import FusionMultipliers
from stages.optimizers import OptimizerName


class Stage3(Base3DStage):
    """Crop to one fused root-relative pose.

    The switches of the 3DPoseNet below (backbone, image_size, skips, stubs, modalities, heatmaps) are those of stage 2.

    Args:
        schedule: file of the phase table.
        backbone: as in stage 2.
        weights: where the trunk starts when `init_from` is null: hub, package, random or a file.
        freeze_batchnorm: keep the running statistics of all batch norm (decision N14).
        image_size: side of the crop in px, as in stage 2.
        skips: as in stage 2; corrective skips are gone, regular ones stay.
        stubs: as in stage 2.
        modalities: as in stage 2; all of them are fused (supplement 1).
        heatmaps: as in stage 2; K of the global pose comes from them.
        hidden: widths of the two hidden layers (decision N13).
        target_unit_mm: unit of 3D poses in the networks, as in stage 2 (decision L2).
        mean_pose_bias: start the last layer from the mean training pose; the paper starts from zero.
        average_start: start the new layers as the average of P, O1 and O2; the paper starts from random ones.
        perspective_correction: centre of the correction at test time: centroid, crop, pelvis, or off (decision G1).
        iterations_scale: factor of all iteration counts of the schedule.
        optimizer: adadelta with the paper's settings (decision L3), adamw or adam.
        weight_decay: null for the optimiser's own.
        lr_multipliers: factors of the base rate: trained, new.
        channels_last: memory layout that is faster on most CPUs and GPUs.
        init_from: checkpoint of stage 2; null starts from `weights`, which the log then says.
    """

    stage, parent_stage = "stage3", "stage2"
    mapping = {"": "pose3d."}  # noqa: RUF012  (annotated in the base)
    # What stage 2 needed for training only.
    stays = ("intermediate.", "skips.", "part_labels.", "domain.")
    shared = ("joint_set", "backbone", "image_size", "target_unit_mm", "modalities")
    deployed = "fused"
    net: FusionNet

    def __init__(
        self,
        schedule: str,
        backbone: str = "resnet101",
        weights: str | None = "hub",
        freeze_batchnorm: bool = True,
        image_size: int = 368,
        skips: Literal["corrective", "regular", "none"] = "corrective",
        stubs: Literal["separate", "common"] = "separate",
        modalities: list[Literal["P", "O1", "O2"]] = ["P", "O1", "O2"],  # noqa: B006  (never mutated)
        heatmaps: bool = True,
        hidden: tuple[int, int] = (2048, 1024),
        target_unit_mm: float = 100.0,
        mean_pose_bias: bool = False,
        average_start: bool = False,
        perspective_correction: PerspectiveCorrection = "centroid",
        iterations_scale: float = 1.0,
        optimizer: OptimizerName = "adadelta",
        weight_decay: float | None = None,
        lr_multipliers: FusionMultipliers = FusionMultipliers(),  # noqa: B008
        channels_last: bool = False,
        init_from: str | None = None,
    ) -> None:
        super().__init__(init_from)

    def configure_models(self) -> None:
        """A deployed 3DPoseNet, and the fusion on top."""
        self.net = build_fusion(self.hparams, self.first_weights)

    def configure_losses(self) -> None:
        """Table 5 has one column, Pfused."""
        self.columns = {}

    def losses(self, outputs: dict[str, Tensor], batch: Batch) -> dict[str, Tensor]:
        """Euclidean loss of Pfused."""
        return pose_losses({"Pfused": outputs["Pfused"]}, batch, self.hparams["target_unit_mm"])

    @property
    def output_of(self) -> dict[str, str]:
        """P, O1, O2 as stage 2 gives them, and their fusion."""
        return {x: self.net.pose3d.prediction_key(x) for x in self.net.pose3d.modalities} | {"fused": "Pfused"}

    def start_from_mean_pose(self) -> None:
        """Bias of the last layer."""
        set_bias(cast(nn.Linear, self.net.fusion[-1]), [self.mean_pose / self.hparams["target_unit_mm"]])
