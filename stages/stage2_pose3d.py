"""Stage 2: 3DPoseNet learns P, O1, O2 on the features of stage 1 (paper sections 3.2, 4, supplement Table 4)."""

from typing import Literal

from pose3d.geometry.decode import PerspectiveCorrection
from pose3d.models import Pose3DNet
from pose3d.models.build import build_pose3d
from pose3d.models.objectives import pose_columns
from stages.base_3d import Base3DStage
from stages.lr_multipliers import TransferMultipliers
from stages.optimizers import OptimizerName


class Stage2(Base3DStage):
    """Crop to root-relative pose, three ways.

    Args:
        schedule: file of the phase table.
        backbone: a name of `pose3d.models.BACKBONES`; the paper's is resnet101.
        weights: where the trunk starts when `init_from` is null: hub, package, random or a file.
        freeze_batchnorm: keep the running statistics of the trunk's batch norm (decision N14).
        image_size: side of the crop in px, as in the data.
        skips: corrective, regular or none (decision N5).
        stubs: separate for each modality, or one common stub (decision N4).
        modalities: P, and O1, O2 if wanted.
        intermediate_taps: where intermediate supervision reads, the shallower first (decision N1); [] turns it off.
        intermediate_predicts: PO1O2 or P (decision N2).
        heatmaps: auxiliary heatmaps of the 17 joints.
        part_labels: auxiliary part labels, for training on Human3.6M alone, without mirroring (decision N12).
        domain: tell images with 3D labels from those without behind a reversed gradient (decision L7).
        target_unit_mm: unit of 3D targets in the loss (decision L2).
        mean_pose_bias: start the stubs from the mean training pose; the paper starts from zero.
        perspective_correction: centre of the correction at test time: centroid, crop, pelvis, or off (decision G1).
        iterations_scale: factor of all iteration counts of the schedule.
        optimizer: adadelta with the paper's settings (decision L3), adamw or adam.
        weight_decay: null for the optimiser's own.
        lr_multipliers: factors of the base rate: trunk, res5a, new; 0 freezes a group and saves its backward pass.
        channels_last: memory layout that is faster on most CPUs and GPUs.
        init_from: checkpoint of stage 1; null starts from `weights`, which the log then says.
    """

    stage, parent_stage = "stage2", "stage1"
    mapping = {"trunk.": "trunk.", "res5a.": "res5a."}  # noqa: RUF012  (annotated in the base)
    stays = ("taper.", "skips.")
    deployed = "P"
    net: Pose3DNet

    def __init__(
        self,
        schedule: str,
        backbone: str = "resnet101",
        weights: str | None = "hub",
        freeze_batchnorm: bool = False,
        image_size: int = 368,
        skips: Literal["corrective", "regular", "none"] = "corrective",
        stubs: Literal["separate", "common"] = "separate",
        modalities: list[Literal["P", "O1", "O2"]] = ["P", "O1", "O2"],  # noqa: B006  (never mutated)
        intermediate_taps: list[str] = ["res4b5", "res4b20"],  # noqa: B006
        intermediate_predicts: Literal["PO1O2", "P"] = "PO1O2",
        heatmaps: bool = True,
        part_labels: bool = False,
        domain: bool = False,
        target_unit_mm: float = 100.0,
        mean_pose_bias: bool = False,
        perspective_correction: PerspectiveCorrection = "centroid",
        iterations_scale: float = 1.0,
        optimizer: OptimizerName = "adadelta",
        weight_decay: float | None = None,
        lr_multipliers: TransferMultipliers = TransferMultipliers(trunk=0.001),  # noqa: B008
        channels_last: bool = False,
        init_from: str | None = None,
    ) -> None:
        super().__init__(init_from)

    def setup(self, stage: str) -> None:
        """Ask the training data for part labels where the network predicts them."""
        if stage == "fit" and self.hparams["part_labels"]:
            self.trainer.datamodule.enable_part_labels()  # type: ignore[attr-defined]
        super().setup(stage)

    def configure_models(self) -> None:
        """3DPoseNet."""
        self.net = build_pose3d(self.hparams, self.first_weights)

    def configure_losses(self) -> None:
        """Table 4: X stands for each modality."""
        self.columns = pose_columns(self.net.modalities, self.hparams["intermediate_taps"])

    @property
    def output_of(self) -> dict[str, str]:
        """P, O1, O2 as a deployed network gives them."""
        return {x: self.net.prediction_key(x) for x in self.net.modalities}

    def start_from_mean_pose(self) -> None:
        """Biases of the final and intermediate stubs."""
        self.net.start_from(self.mean_pose / self.hparams["target_unit_mm"])
