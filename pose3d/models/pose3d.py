"""3DPoseNet: root-relative pose as P, O1 and O2 from a crop (paper section 3.2, supplement 4.2)."""

import copy
from collections.abc import Sequence
from typing import cast

from torch import Tensor, nn

from pose3d.geometry.kinematics import TO_MODALITY
from pose3d.models.backbone import TAPS, Trunk
from pose3d.models.domain import DomainStub
from pose3d.models.groups import pose_groups
from pose3d.models.initialise import map_conv, set_bias
from pose3d.models.res5 import Res5a
from pose3d.models.stubs import PoseStub, intermediate_stub, prediction_stub
from pose3d.models.switches import MODALITIES, SKIPS, check_choice, check_image_size, check_modalities
from pose3d.skeleton import MPI_INF_3DHP_17

SKIP_TAPS = ("res3b3", "res4b20")
JOINTS = len(MPI_INF_3DHP_17)
POSE = 3 * JOINTS
PART_MAPS = 25
"""24 parts and the background (decision N12)."""


class Pose3DNet(nn.Module):
    """Trunk and res5a as in 2DPoseNet, then one stub for each of P, O1, O2; what else there is serves training.

    Args:
        backbone, weights, freeze_batchnorm: as in `Pose2DNet`.
        skips: "corrective" (losses on Xsum and Xdeep, none at test), "regular" (loss on Xsum, they stay) or "none".
        stubs: "separate", 128 features each, or "common", one stub of 256 features (decision N4).
        modalities: "P" and, if wanted, "O1" and "O2".
        intermediate_taps: where intermediate supervision reads (decision N1); empty turns it off.
        intermediate_predicts: "PO1O2", all modalities of this network as one vector, or "P" (decision N2).
        heatmaps: auxiliary maps H of the 17 joints after res5a (decision N11).
        part_labels: auxiliary part-label logits PL after res5a (decision N12).
        domain: a domain classifier after res4b22 with reversed gradient (decision L7).
        image_size: height and width of the crop in px, a multiple of 16.
        mean_pose: (17, 3) root-relative pose in the loss unit from which the stubs start. Ours, to save short trainings
            the time that the biases need to get there; the paper starts from zero.
    """

    def __init__(
        self,
        backbone: str = "resnet101",
        weights: str | None = "hub",
        freeze_batchnorm: bool = False,
        skips: str = "corrective",
        stubs: str = "separate",
        modalities: Sequence[str] = MODALITIES,
        intermediate_taps: Sequence[str] = ("res4b5", "res4b20"),
        intermediate_predicts: str = "PO1O2",
        heatmaps: bool = True,
        part_labels: bool = False,
        domain: bool = False,
        image_size: int = 368,
        mean_pose: Tensor | None = None,
    ) -> None:
        super().__init__()
        self.skip_mode = check_choice("skips", skips, SKIPS)
        self.modalities = check_modalities(modalities)
        check_choice("stubs", stubs, ("separate", "common"))
        check_choice("intermediate_predicts", intermediate_predicts, ("PO1O2", "P"))
        self.image_size = check_image_size(image_size)
        self.trunk = Trunk(backbone, weights, freeze_batchnorm)
        channels = self.trunk.channels
        sides = {tap: image_size // stride for tap, stride in self.trunk.strides.items()}
        deepest = sides["res4b22"]
        self.res5a = Res5a(channels["res4b22"])
        width = self.res5a.channels

        if stubs == "common":
            outputs = POSE * len(self.modalities)
            self.stubs = nn.ModuleDict({"common": prediction_stub(width, deepest, outputs, features=256)})
        else:
            self.stubs = nn.ModuleDict({x: prediction_stub(width, deepest, POSE) for x in self.modalities})

        def skips_of_one_modality() -> nn.ModuleDict:
            return nn.ModuleDict({t: prediction_stub(channels[t], sides[t], POSE, features=96) for t in SKIP_TAPS})

        skipped = self.modalities if skips != "none" else ()
        self.skips = nn.ModuleDict({x: skips_of_one_modality() for x in skipped})

        for tap in intermediate_taps:
            check_choice("an intermediate tap", tap, TAPS)
        self.intermediate_modalities = self.modalities if intermediate_predicts == "PO1O2" else ("P",)
        outputs = POSE * len(self.intermediate_modalities)
        self.intermediate = nn.ModuleDict(
            {t: intermediate_stub(channels[t], sides[t], outputs) for t in intermediate_taps}
        )
        self.heatmaps = map_conv(width, JOINTS) if heatmaps else None
        self.part_labels = map_conv(width, PART_MAPS) if part_labels else None
        self.domain = DomainStub(channels["res4b22"], deepest) if domain else None
        if mean_pose is not None:
            self.start_from(mean_pose)

    def forward(self, image: Tensor) -> dict[str, Tensor]:
        """Image (B, 3, S, S) to float32 outputs, every one of which carries a loss.

        Xdeep (unless regular) and Xsum (unless none), (B, 17, 3) in the loss unit (decision L2), for X of P, O1, O2;
        X4b5 and so on from the intermediate taps; H (B, 17, S/16, S/16); PL (B, 25, S/16, S/16) logits; domain (B,).
        """
        taps = self.trunk(image)
        features = self.res5a(taps["res4b22"])
        outputs: dict[str, Tensor] = {}
        for x, deep in self._deep(features).items():
            if self.skip_mode != "regular":
                outputs[f"{x}deep"] = deep
            if x in self.skips:
                skips = cast(nn.ModuleDict, self.skips[x])
                outputs[f"{x}sum"] = deep + sum(as_pose(skip(taps[tap])) for tap, skip in skips.items())
        for tap, stub in self.intermediate.items():
            poses = stub(taps[tap]).split(POSE, dim=1)
            for x, pose in zip(self.intermediate_modalities, poses, strict=True):
                outputs[x + tap.removeprefix("res")] = as_pose(pose)
        if self.heatmaps is not None:
            outputs["H"] = self.heatmaps(features).float()
        if self.part_labels is not None:
            outputs["PL"] = self.part_labels(features).float()
        if self.domain is not None:
            outputs["domain"] = self.domain(taps["res4b22"])
        return outputs

    def _deep(self, features: Tensor) -> dict[str, Tensor]:
        """The final stubs' poses by modality."""
        if "common" in self.stubs:
            poses = self.stubs["common"](features).split(POSE, dim=1)
            return {x: as_pose(pose) for x, pose in zip(self.modalities, poses, strict=True)}
        return {x: as_pose(stub(features)) for x, stub in self.stubs.items()}

    def prediction_key(self, modality: str) -> str:
        """The output that counts at test time for a modality, and that a deployed network gives: Xdeep, or Xsum."""
        return f"{modality}sum" if self.skip_mode == "regular" else f"{modality}deep"

    @property
    def deployed(self) -> bool:
        """Whether nothing is left that only training uses."""
        auxiliary = self.part_labels is not None or self.domain is not None or len(self.intermediate) > 0
        return self.skip_mode != "corrective" and not auxiliary

    def deploy(self, keep_heatmaps: bool = False) -> "Pose3DNet":
        """A copy for test time without corrective skips, intermediate stubs and auxiliary maps.

        Its predictions are bit-identical. `keep_heatmaps` leaves H in place, from which K may come (paper section 3.1).
        """
        net = copy.deepcopy(self)
        net.intermediate = nn.ModuleDict()
        net.part_labels = net.domain = None
        if not keep_heatmaps:
            net.heatmaps = None
        if net.skip_mode == "corrective":
            net.skip_mode, net.skips = "none", nn.ModuleDict()
        return net

    def start_from(self, mean_pose: Tensor) -> None:
        """Set the biases of the final and intermediate stubs to a pose (17, 3), root-relative, in the loss unit."""
        pose = {x: TO_MODALITY[x](mean_pose) for x in self.modalities}
        for name, stub in self.stubs.items():
            set_bias(cast(PoseStub, stub).fc, [pose[x] for x in (self.modalities if name == "common" else (name,))])
        for stub in self.intermediate.values():
            set_bias(cast(PoseStub, stub).fc, [pose[x] for x in self.intermediate_modalities])

    def lr_groups(self) -> dict[str, list[str]]:
        """Prefixes of the parameter names of each learning-rate group (paper Table 1)."""
        return pose_groups(self)


def as_pose(flat: Tensor) -> Tensor:
    """(B, 51) to (B, 17, 3)."""
    return flat.unflatten(1, (JOINTS, 3))
