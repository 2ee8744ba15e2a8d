"""2DPoseNet: heatmaps of 15 joints from a crop or a whole frame (paper section 3.1, supplement 4.1)."""

import copy

from torch import Tensor, nn

from pose3d.models.backbone import Trunk, TrunkLike
from pose3d.models.config import Pose2DConfig
from pose3d.models.groups import pose_groups
from pose3d.models.outputs import JOINTS_2D, Output
from pose3d.models.res5 import Res5a, Res5Taper
from pose3d.models.stubs import heatmap_skip
from pose3d.models.targets import HeatmapTarget
from pose3d.skeleton import POSE2D_15

SKIP_TAPS = ("res3b3", "res4b22")
JOINTS = len(POSE2D_15)


class Pose2DNet(nn.Module):
    """Fully convolutional: trunk, res5a, res5b and res5c without identity shortcut, corrective skips.

    Args:
        config: its switches.
        trunk: a network of your own in place of `Trunk(config.backbone)`; see `TrunkLike`.
        weights: where the trunk of `config.backbone` starts: "hub", "package", "random", a path, or None where a
            checkpoint follows.
    """

    answer = JOINTS_2D

    def __init__(
        self, config: Pose2DConfig | None = None, trunk: TrunkLike | None = None, weights: str | None = None
    ) -> None:
        super().__init__()
        self.config = config = config or Pose2DConfig()
        own = (config.backbone, weights, config.freeze_batchnorm, config.freeze_trunk_until, config.stride_on)
        self.trunk = trunk if trunk is not None else Trunk(*own)
        channels, strides = self.trunk.channels, self.trunk.strides
        self.res5a = Res5a(channels["res4b22"])
        self.taper = Res5Taper(self.res5a.channels, JOINTS)
        taps = SKIP_TAPS if config.skips != "none" else ()
        grid = strides["res4b22"]
        self.skips = nn.ModuleDict({t: heatmap_skip(channels[t], grid // strides[t], JOINTS) for t in taps})

    @property
    def outputs(self) -> tuple[Output, ...]:
        """Heatmaps (B, 15, H / 16, W / 16), every one of which carries a loss.

        Without skips the one loss of the last map takes the weight of Hsum, as the one prediction.
        """
        skips, target = self.config.skips, HeatmapTarget()
        listed = []
        if skips != "regular":
            column = "Hdeep" if skips == "corrective" else "Hsum"
            listed.append(Output("Hdeep", target, columns=(column,), candidate=JOINTS_2D))
        if skips != "none":
            candidate = JOINTS_2D if skips == "regular" else None
            listed.append(Output("Hsum", target, columns=("Hsum",), candidate=candidate))
        if self.config.intermediate:
            listed += [Output(key, target, columns=(key,)) for key in ("H4b20", "H5a")]
        return tuple(listed)

    def forward(self, image: Tensor) -> dict[str, Tensor]:
        """Image (B, 3, H, W) to float32 heatmaps by the keys of `outputs`."""
        taps = self.trunk(image)
        features = self.res5a(taps["res4b22"])
        deep = self.taper(features).float()
        answers: dict[str, Tensor] = {}
        if self.config.skips != "regular":
            answers["Hdeep"] = deep
        if self.skips:
            answers["Hsum"] = deep + sum(skip(taps[tap]).float() for tap, skip in self.skips.items())
        if self.config.intermediate:
            answers["H4b20"] = taps["res4b20"][:, :JOINTS].float()
            answers["H5a"] = features[:, :JOINTS].float()
        return answers

    def deploy(self) -> "Pose2DNet":
        """A copy for test time: no intermediate maps, and no skips unless they are regular ones."""
        net = copy.deepcopy(self)
        net.config = self.config.deployed()
        if net.config.skips == "none":
            net.skips = nn.ModuleDict()
        return net

    def lr_groups(self) -> dict[str, list[str]]:
        """Prefixes of the parameter names of each learning-rate group (paper Table 1)."""
        return pose_groups(self)
