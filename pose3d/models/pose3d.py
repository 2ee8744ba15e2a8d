"""3DPoseNet: root-relative pose as P, O1 and O2 from a crop (paper section 3.2, supplement 4.2)."""

import copy
from typing import cast

from torch import Tensor, nn

from pose3d.geometry.kinematics import TO_MODALITY
from pose3d.losses import domain_accuracy, domain_loss, part_label_loss, part_map_loss
from pose3d.models.backbone import Trunk, TrunkLike
from pose3d.models.batchnorm import hold_statistics
from pose3d.models.config import Modality, Pose3DConfig
from pose3d.models.domain import DomainStub
from pose3d.models.groups import pose_groups
from pose3d.models.initialise import map_conv, set_bias
from pose3d.models.outputs import JOINTS_2D, Output
from pose3d.models.res5 import Res5a
from pose3d.models.stubs import PoseStub, intermediate_stub, prediction_stub
from pose3d.models.targets import DomainTarget, HeatmapTarget, PartLabelTarget, PoseTarget
from pose3d.skeleton import MPI_INF_3DHP_17

SKIP_TAPS = ("res3b3", "res4b20")
JOINTS = len(MPI_INF_3DHP_17)
POSE = 3 * JOINTS
PART_MAPS = 25
"""24 parts and the background (decision N12)."""

SHORT = {"res3b3": "3b3", "res4b5": "4b5", "res4b20": "4b20", "res4b22": "4b22"}
"""The tap in the key of an intermediate output: P4b5 and so on, the paper's X4b5."""
INTERMEDIATE_COLUMNS = ("X4b5", "X4b20")
"""Columns of Table 4, named after the supplement's taps: the shallower tap takes the first (decision N1)."""


class Pose3DNet(nn.Module):
    """Trunk and res5a as in 2DPoseNet, then one stub for each of P, O1, O2; what else there is serves training.

    Args:
        config: its switches.
        trunk: a network of your own in place of `Trunk(config.backbone)`; see `TrunkLike`.
        weights: where the trunk of `config.backbone` starts: "hub", "package", "random", a path, or None where a
            checkpoint follows.
    """

    answer = "P"

    def __init__(
        self, config: Pose3DConfig | None = None, trunk: TrunkLike | None = None, weights: str | None = None
    ) -> None:
        super().__init__()
        self.config = config = config or Pose3DConfig()
        own = (config.backbone, weights, config.freeze_batchnorm, config.freeze_trunk_until, config.stride_on)
        self.trunk = trunk if trunk is not None else Trunk(*own)
        channels = self.trunk.channels
        sides = {tap: config.image_size // stride for tap, stride in self.trunk.strides.items()}
        deepest = sides["res4b22"]
        self.res5a = Res5a(channels["res4b22"])
        width = self.res5a.channels

        if config.stubs == "common":
            outputs = POSE * len(config.modalities)
            self.stubs = nn.ModuleDict({"common": prediction_stub(width, deepest, outputs, features=256)})
        else:
            self.stubs = nn.ModuleDict({x: prediction_stub(width, deepest, POSE) for x in config.modalities})

        def skips_of_one_modality() -> nn.ModuleDict:
            return nn.ModuleDict({t: prediction_stub(channels[t], sides[t], POSE, features=96) for t in SKIP_TAPS})

        skipped = config.modalities if config.skips != "none" else ()
        self.skips = nn.ModuleDict({x: skips_of_one_modality() for x in skipped})

        p_alone: tuple[Modality, ...] = ("P",)
        self.intermediate_modalities = p_alone if config.intermediate_predicts == "P" else config.modalities
        outputs = POSE * len(self.intermediate_modalities)
        self.intermediate = nn.ModuleDict(
            {t: intermediate_stub(channels[t], sides[t], outputs) for t in config.intermediate_taps}
        )
        self.heatmaps = map_conv(width, JOINTS) if config.heatmaps else None
        self.part_labels = map_conv(width, PART_MAPS) if config.part_labels else None
        self.domain = DomainStub(channels["res4b22"], deepest, config.domain_ramp) if config.domain else None
        self.train()

    @property
    def outputs(self) -> tuple[Output, ...]:
        """H (B, 17, S/16, S/16); Xdeep and Xsum (B, 17, 3) in the loss unit for X of P, O1, O2; X4b5 and so on from the
        intermediate taps; PL (B, 25, S/16, S/16); domain (B,) logits.

        Without skips the one loss of a last stub takes the weight of Xsum: it is Base of supplement 2, and with
        `loss_weight_control` that section's control.
        """
        config, listed = self.config, []
        if config.heatmaps:
            listed.append(Output("H", HeatmapTarget(config.domain), columns=("H",), candidate=JOINTS_2D))
        last: tuple[str, ...] = ("Xdeep",) if config.skips == "corrective" else ("Xsum",)
        if config.loss_weight_control:
            last = ("Xdeep", "Xsum")
        targets = {x: PoseTarget(x, config.target_unit_mm, config.target_view) for x in config.modalities}
        for x, target in targets.items():
            if config.skips != "regular":
                listed.append(Output(f"{x}deep", target, columns=last, candidate=x))
            if config.skips != "none":
                candidate = x if config.skips == "regular" else None
                listed.append(Output(f"{x}sum", target, columns=("Xsum",), candidate=candidate))
        for tap, column in zip(config.intermediate_taps, INTERMEDIATE_COLUMNS, strict=False):
            for x in self.intermediate_modalities:
                listed.append(Output(x + SHORT[tap], targets[x], columns=(column,)))
        if config.part_labels:
            loss = part_map_loss if config.part_label_loss == "euclidean" else part_label_loss
            listed.append(Output("PL", PartLabelTarget(config.domain), loss, columns=("PL",)))
        if config.domain:
            accuracy = ("accuracy", domain_accuracy)
            listed.append(Output("domain", DomainTarget(), domain_loss, weight=config.domain_weight, score=accuracy))
        return tuple(listed)

    def forward(self, image: Tensor) -> dict[str, Tensor]:
        """Image (B, 3, S, S) to float32 answers by the keys of `outputs`."""
        taps = self.trunk(image)
        features = self.res5a(taps["res4b22"])
        answers: dict[str, Tensor] = {}
        for x, deep in self._deep(features).items():
            if self.config.skips != "regular":
                answers[f"{x}deep"] = deep
            if x in self.skips:
                skips = cast(nn.ModuleDict, self.skips[x])
                answers[f"{x}sum"] = deep + sum(as_pose(skip(taps[tap])) for tap, skip in skips.items())
        for tap, stub in self.intermediate.items():
            poses = stub(taps[tap]).split(POSE, dim=1)
            for x, pose in zip(self.intermediate_modalities, poses, strict=True):
                answers[x + SHORT[tap]] = as_pose(pose)
        if self.heatmaps is not None:
            answers["H"] = self.heatmaps(features).float()
        if self.part_labels is not None:
            answers["PL"] = self.part_labels(features).float()
        if self.domain is not None:
            answers["domain"] = self.domain(taps["res4b22"])
        return answers

    def _deep(self, features: Tensor) -> dict[str, Tensor]:
        """The final stubs' poses by modality."""
        if "common" in self.stubs:
            poses = self.stubs["common"](features).split(POSE, dim=1)
            return {x: as_pose(pose) for x, pose in zip(self.config.modalities, poses, strict=True)}
        return {x: as_pose(stub(features)) for x, stub in self.stubs.items()}

    def train(self, mode: bool = True) -> "Pose3DNet":
        """Switch to training; frozen batch norm stays as it is."""
        super().train(mode)
        if self.config.freeze_res5a_batchnorm:
            hold_statistics(self.res5a)
        return self

    def deploy(self, keep_heatmaps: bool = False) -> "Pose3DNet":
        """A copy for test time without corrective skips, intermediate stubs and auxiliary maps.

        Its predictions are bit-identical. `keep_heatmaps` leaves H in place, from which K may come (paper section 3.1).
        """
        net = copy.deepcopy(self)
        net.config = self.config.deployed(heatmaps=keep_heatmaps and self.config.heatmaps)
        net.intermediate = nn.ModuleDict()
        net.part_labels = net.domain = None
        if not net.config.heatmaps:
            net.heatmaps = None
        if net.config.skips == "none":
            net.skips = nn.ModuleDict()
        return net

    def start_from(self, mean_pose: Tensor) -> None:
        """Set the biases of the final and intermediate stubs to a pose (17, 3), root-relative, in the loss unit.

        Not in the paper, which starts from zero: it saves short trainings the steps that the biases need to get there.
        """
        modalities = self.config.modalities
        pose: dict[str, Tensor] = {x: TO_MODALITY[x](mean_pose) for x in modalities}
        for name, stub in self.stubs.items():
            set_bias(cast(PoseStub, stub).fc, [pose[x] for x in (modalities if name == "common" else (name,))])
        for stub in self.intermediate.values():
            set_bias(cast(PoseStub, stub).fc, [pose[x] for x in self.intermediate_modalities])

    def lr_groups(self) -> dict[str, list[str]]:
        """Prefixes of the parameter names of each learning-rate group (paper Table 1)."""
        return pose_groups(self)


def as_pose(flat: Tensor) -> Tensor:
    """(B, 51) to (B, 17, 3)."""
    return flat.unflatten(1, (JOINTS, 3))
