"""The deployed networks of a checkpoint: 8-bit crops in, millimetres and heatmaps out.

The network is built from the hyperparameters in the checkpoint and filled strictly; its provenance says how the crops
were cut.
"""

import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from pose3d.checkpoint import NET, PROVENANCE, read_checkpoint
from pose3d.crop_settings import ASSUMED, CropSettings, recorded_crops
from pose3d.data.normalise import normalise
from pose3d.errors import PoseError
from pose3d.geometry.decode import PerspectiveCorrection
from pose3d.models import FusionNet, Pose2DNet, Pose3DNet
from pose3d.models.build import build_fusion, build_pose2d, build_pose3d

log = logging.getLogger("pose3d")

BUILD: dict[str, Callable[[dict[str, Any], None], Pose2DNet | Pose3DNet | FusionNet]]
BUILD = {"stage1": build_pose2d, "stage2": build_pose3d, "stage3": build_fusion}


class Deployed2D(nn.Module):
    """2DPoseNet as it is used: without skips and intermediate maps, normalising its own input."""

    def __init__(self, net: Pose2DNet, settings: CropSettings) -> None:
        super().__init__()
        self.net, self.settings = net.deploy(), settings
        self.requires_grad_(False).eval()

    def forward(self, crops: Tensor) -> dict[str, Tensor]:
        """Crops (B, S, S, 3) uint8 RGB to `heatmaps` (B, 15, S / 16, S / 16)."""
        outputs = self.net(normalise(crops, self.settings.normalisation))
        return {"heatmaps": outputs[self.net.prediction_key]}


class Deployed3D(nn.Module):
    """3DPoseNet, or the fusion on top of it, as it is used: the stage's answer in mm, normalising its own input.

    Args:
        net: of stage 2 or 3; what only training needs is dropped.
        target_unit_mm: unit of the network's poses (decision L2).
        perspective_correction: centre of the correction, as `pose3d.geometry.decode` takes it (decision G1).
        settings: how its crops are cut.
    """

    def __init__(
        self,
        net: Pose3DNet | FusionNet,
        target_unit_mm: float,
        perspective_correction: PerspectiveCorrection,
        settings: CropSettings,
    ) -> None:
        super().__init__()
        pose3d = net.pose3d if isinstance(net, FusionNet) else net
        self.key = "Pfused" if isinstance(net, FusionNet) else net.prediction_key("P")
        self.net = net if isinstance(net, FusionNet) else net.deploy(keep_heatmaps=True)
        self.has_heatmaps = pose3d.heatmaps is not None
        self.image_size = pose3d.image_size
        self.target_unit_mm = target_unit_mm
        self.perspective_correction: PerspectiveCorrection = perspective_correction
        self.settings = settings
        self.requires_grad_(False).eval()

    def forward(self, crops: Tensor) -> dict[str, Tensor]:
        """Crops (B, S, S, 3) uint8 RGB to `joints_3d` (B, 17, 3) mm, root-relative, in the axes of the crop's view.

        With auxiliary heatmaps also `heatmaps` (B, 17, S / 16, S / 16).
        """
        outputs = self.net(normalise(crops, self.settings.normalisation))
        answer = {"joints_3d": outputs[self.key] * self.target_unit_mm}
        return answer | ({"heatmaps": outputs["H"]} if self.has_heatmaps else {})


def load_deployed(path: str | Path) -> Deployed2D | Deployed3D:
    """The deployed network of any stage's checkpoint, on the CPU.

    A missing or damaged file, or one whose weights do not fit its hyperparameters, is a PoseError. A checkpoint from
    before crop settings were recorded gets `ASSUMED`, and a warning says so.
    """
    content = read_checkpoint(path, made_by=" ".join(BUILD))
    hp, provenance = content["hyper_parameters"], content[PROVENANCE]
    net = BUILD[provenance["stage"]](hp, None)
    weights = {k.removeprefix(NET): v for k, v in content["state_dict"].items() if k.startswith(NET)}
    try:
        net.load_state_dict(weights, strict=True)
    except RuntimeError as error:
        reason = " ".join(str(error).split())[:160]
        raise PoseError(f"the weights in {path} do not fit its own settings ({reason}); make it again") from error
    settings = recorded_crops(provenance)
    if settings is None:
        settings = ASSUMED
        message = "%s does not say how its crops were cut; taking margin %g and %s normalisation"
        log.warning(message, path, settings.box_margin, settings.normalisation)
    if isinstance(net, Pose2DNet):
        return Deployed2D(net, settings)
    return Deployed3D(net, hp["target_unit_mm"], hp["perspective_correction"], settings)


def load_deployed_2d(path: str | Path) -> Deployed2D:
    """2DPoseNet of a stage 1 checkpoint."""
    net = load_deployed(path)
    if not isinstance(net, Deployed2D):
        raise PoseError(f"{path} is not a checkpoint of stage1, whose heatmaps find the person; give one of stage1")
    return net


def load_deployed_3d(path: str | Path) -> Deployed3D:
    """3DPoseNet of a stage 2 checkpoint, or the fusion network of stage 3."""
    net = load_deployed(path)
    if not isinstance(net, Deployed3D):
        raise PoseError(f"{path} is a checkpoint of stage1, which knows no 3D poses; give one of stage2 or stage3")
    return net


def device_of(name: str) -> torch.device:
    """A device by name; "auto" is the first GPU where there is one."""
    if name == "auto":
        name = "cuda" if torch.cuda.is_available() else "cpu"
    try:
        device = torch.device(name)
        torch.empty(1, device=device)
    except (RuntimeError, AssertionError) as error:
        reason = str(error).split("\n")[0][:120]
        raise PoseError(f"the device {name!r} cannot be used here ({reason}); name cpu, cuda or auto") from error
    return device
