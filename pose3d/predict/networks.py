"""The deployed networks of a checkpoint: 8-bit crops in, millimetres and heatmaps out.

The network is built from the hyperparameters in the checkpoint, and its weights are loaded strictly. The provenance in
the checkpoint records how the crops were cut.
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
from pose3d.geometry.decode import DecodeConfig
from pose3d.models import FusionConfig, FusionNet, Pose2DConfig, Pose2DNet, Pose3DConfig, Pose3DNet
from pose3d.models.backbone import TrunkLike
from pose3d.models.outputs import heatmap_key
from pose3d.predict.decode import read_poses

log = logging.getLogger("pose3d")

NETWORKS: dict[str, tuple[Any, Any]] = {
    "stage1": (Pose2DConfig, Pose2DNet),
    "stage2": (Pose3DConfig, Pose3DNet),
    "stage3": (FusionConfig, FusionNet),
}
"""Configuration and class of the network of each stage."""


class Deployed(nn.Module):
    """A network that takes 8-bit crops, computed by PyTorch or by another runtime.

    Attributes:
        runtime: computes `answers`, see `pose3d.predict.runtimes`; None: PyTorch in float32.
    """

    runtime: Callable[[Tensor], dict[str, Tensor]] | None = None

    def forward(self, crops: Tensor) -> dict[str, Tensor]:
        """The outputs of `answers`, computed by the runtime if there is one."""
        return self.answers(crops) if self.runtime is None else self.runtime(crops)

    def answers(self, crops: Tensor) -> dict[str, Tensor]:
        """Compute the outputs, tensors by name, for crops (B, S, S, 3) uint8 RGB."""
        raise TypeError(f"{type(self).__name__} defines no answers")


class Deployed2D(Deployed):
    """2DPoseNet as deployed: without skips and intermediate maps, with the normalisation of its input."""

    def __init__(self, net: Pose2DNet, settings: CropSettings) -> None:
        super().__init__()
        self.net, self.settings = net.deploy(), settings
        self.requires_grad_(False).eval()

    def answers(self, crops: Tensor) -> dict[str, Tensor]:
        """Compute `heatmaps` (B, 15, S / 16, S / 16) for crops (B, S, S, 3) uint8 RGB."""
        outputs = self.net(normalise(crops, self.settings.normalisation))
        return {"heatmaps": outputs[str(heatmap_key(self.net.outputs))]}


class Deployed3D(Deployed):
    """3DPoseNet, or the fusion network on top of it, as deployed: the pose in mm, with the normalisation of its input.

    Args:
        net: network of stage 2 or 3; parts that only training needs are removed.
        decoding: test-time settings of its training.
        settings: how its crops are cut.
    """

    def __init__(self, net: Pose3DNet | FusionNet, decoding: DecodeConfig, settings: CropSettings) -> None:
        super().__init__()
        self.net = net.deploy(keep_heatmaps=True)
        self.heatmap_key = heatmap_key(self.net.outputs)
        config = net.config.below if isinstance(net.config, FusionConfig) else net.config
        self.image_size = config.image_size
        self.decoding, self.settings = decoding, settings
        self.requires_grad_(False).eval()

    @property
    def has_heatmaps(self) -> bool:
        """Whether the network predicts heatmaps, and thus 2D joints."""
        return self.heatmap_key is not None

    def answers(self, crops: Tensor) -> dict[str, Tensor]:
        """Compute `joints_3d` (B, 17, 3) mm, root-relative, in the axes of the crop's view.

        Args:
            crops: (B, S, S, 3) uint8 RGB.

        With auxiliary heatmaps, `heatmaps` (B, 17, S / 16, S / 16) as well.
        """
        answers = self.net(normalise(crops, self.settings.normalisation))
        pose = {"joints_3d": read_poses(self.net.outputs, answers)[self.net.answer]}
        return pose | ({} if self.heatmap_key is None else {"heatmaps": answers[self.heatmap_key]})


def load_deployed(path: str | Path, trunk: TrunkLike | None = None) -> Deployed2D | Deployed3D:
    """Load the deployed network of any stage's checkpoint, on the CPU.

    Args:
        path: the checkpoint. If it does not record how its crops were cut, `ASSUMED` is used, with a warning.
        trunk: for a network with a trunk of your own, an instance of it to load the weights into.

    Raises:
        PoseError: The file is missing or damaged, or its weights do not fit its hyperparameters.
    """
    content = read_checkpoint(path, made_by=" ".join(NETWORKS))
    hp, provenance = content["hyper_parameters"], content[PROVENANCE]
    if provenance["stage"] not in NETWORKS or "net" not in hp:
        raise PoseError(
            f"{path} was made by {provenance['stage']}, whose network is unknown; known are those of "
            f"{', '.join(NETWORKS)}"
        )
    config, network = NETWORKS[provenance["stage"]]
    net = network(config.from_dict(hp["net"]), trunk)
    weights = {k.removeprefix(NET): v for k, v in content["state_dict"].items() if k.startswith(NET)}
    try:
        net.load_state_dict(weights, strict=True)
    except RuntimeError as error:
        reason = " ".join(str(error).split())[:160]
        raise PoseError(f"the weights in {path} do not fit its own settings ({reason}); make it again") from error
    settings = recorded_crops(provenance)
    if settings is None:
        settings = ASSUMED
        message = "%s does not record how its crops were cut; using margin %g and %s normalisation"
        log.warning(message, path, settings.box_margin, settings.normalisation)
    if isinstance(net, Pose2DNet):
        return Deployed2D(net, settings)
    return Deployed3D(net, DecodeConfig(**hp["decode"]), settings)


def load_deployed_2d(path: str | Path) -> Deployed2D:
    """Load the 2DPoseNet of a stage 1 checkpoint; raises PoseError for other checkpoints."""
    net = load_deployed(path)
    if not isinstance(net, Deployed2D):
        raise PoseError(f"{path} is not a checkpoint of stage1, whose heatmaps find the person; give one of stage1")
    return net


def load_deployed_3d(path: str | Path) -> Deployed3D:
    """Load the 3DPoseNet of a stage 2 checkpoint, or the fusion network of stage 3; raises PoseError for others."""
    net = load_deployed(path)
    if not isinstance(net, Deployed3D):
        raise PoseError(f"{path} is a checkpoint of stage1, which predicts no 3D poses; give one of stage2 or stage3")
    return net


def device_of(name: str) -> torch.device:
    """A device by name; "auto" is the first GPU if there is one, else the CPU."""
    if name == "auto":
        name = "cuda" if torch.cuda.is_available() else "cpu"
    try:
        device = torch.device(name)
        torch.empty(1, device=device)
    except (RuntimeError, AssertionError) as error:
        reason = str(error).split("\n")[0][:120]
        raise PoseError(f"the device {name!r} cannot be used here ({reason}); name cpu, cuda or auto") from error
    return device
