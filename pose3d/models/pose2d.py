"""2DPoseNet: heatmaps of 15 joints from a crop or a whole frame (paper section 3.1, supplement 4.1)."""

import copy

from torch import Tensor, nn

from pose3d.models.backbone import Trunk
from pose3d.models.groups import pose_groups
from pose3d.models.res5 import Res5a, Res5Taper
from pose3d.models.stubs import heatmap_skip
from pose3d.models.switches import SKIPS, check_choice
from pose3d.skeleton import POSE2D_15

SKIP_TAPS = ("res3b3", "res4b22")
JOINTS = len(POSE2D_15)


class Pose2DNet(nn.Module):
    """Fully convolutional: trunk, res5a, res5b and res5c without identity shortcut, corrective skips.

    Args:
        backbone: a name of `pose3d.models.backbone.BACKBONES`.
        weights: where the trunk starts: "hub", "package", "random", a path, or None where a checkpoint follows.
        freeze_batchnorm: the trunk's batch norm keeps its running statistics (decision N14).
        skips: "corrective" (losses on Hsum and Hdeep, none at test), "regular" (loss on Hsum, they stay) or "none".
        intermediate: also return the first 15 maps of res4b20 and res5a, for their own losses (decision N7).
    """

    def __init__(
        self,
        backbone: str = "resnet101",
        weights: str | None = "hub",
        freeze_batchnorm: bool = False,
        skips: str = "corrective",
        intermediate: bool = True,
    ) -> None:
        super().__init__()
        self.skip_mode = check_choice("skips", skips, SKIPS)
        self.intermediate = intermediate
        self.trunk = Trunk(backbone, weights, freeze_batchnorm)
        channels, strides = self.trunk.channels, self.trunk.strides
        self.res5a = Res5a(channels["res4b22"])
        self.taper = Res5Taper(self.res5a.channels, JOINTS)
        taps = SKIP_TAPS if skips != "none" else ()
        grid = strides["res4b22"]
        self.skips = nn.ModuleDict({t: heatmap_skip(channels[t], grid // strides[t], JOINTS) for t in taps})

    def forward(self, image: Tensor) -> dict[str, Tensor]:
        """Image (B, 3, H, W) to float32 heatmaps (B, 15, H / 16, W / 16), every one of which carries a loss.

        Hdeep (unless regular), Hsum (unless none), H4b20 and H5a (if intermediate).
        """
        taps = self.trunk(image)
        features = self.res5a(taps["res4b22"])
        deep = self.taper(features).float()
        outputs: dict[str, Tensor] = {}
        if self.skip_mode != "regular":
            outputs["Hdeep"] = deep
        if self.skips:
            outputs["Hsum"] = deep + sum(skip(taps[tap]).float() for tap, skip in self.skips.items())
        if self.intermediate:
            outputs["H4b20"] = taps["res4b20"][:, :JOINTS].float()
            outputs["H5a"] = features[:, :JOINTS].float()
        return outputs

    @property
    def prediction_key(self) -> str:
        """The output that counts at test time, and that a deployed network gives."""
        return "Hsum" if self.skip_mode == "regular" else "Hdeep"

    def deploy(self) -> "Pose2DNet":
        """A copy for test time: no intermediate maps, and no skips unless they are regular ones."""
        net = copy.deepcopy(self)
        net.intermediate = False
        if net.skip_mode == "corrective":
            net.skip_mode, net.skips = "none", nn.ModuleDict()
        return net

    def lr_groups(self) -> dict[str, list[str]]:
        """Prefixes of the parameter names of each learning-rate group (paper Table 1)."""
        return pose_groups(self)
