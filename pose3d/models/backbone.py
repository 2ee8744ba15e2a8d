"""The trunk: an ImageNet network up to res4b22, with the paper's tap points by name.

Paper sections 3.1, 3.2 and supplement 4: both pose networks are ResNet-101 up to the end of level 4. Any network of the
table can stand in (decision N16): its blocks at stride 8 play level 3, those at stride 16 play level 4. The paper's
taps lie at the end of level 3 and at blocks 5, 20 and 22 of level 4 (counted from 0, of 23). In a network with n blocks
at stride 16 they lie at the same share of the way: round(5/22 (n - 1)), 20/22 (n - 1) rounded down, and n - 1. Below
five blocks res4b20 is res4b22: resnet18 has two.

Nothing behind res4b22 exists as a parameter.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol

import torch
from torch import Tensor, nn

from pose3d.errors import PoseError
from pose3d.models.batchnorm import hold_statistics
from pose3d.models.config import TAPS, StrideOn, Tap
from pose3d.models.weights import load_weights
from pose3d.torchvision_ops import import_timm

# What images are normalised with before any network sees them (ImageNet's statistics, RGB in [0, 1]).
IMAGE_MEAN = (0.485, 0.456, 0.406)
IMAGE_STD = (0.229, 0.224, 0.225)


@dataclass(frozen=True)
class Backbone:
    """Where a timm network keeps its parts: modules of the stem, stages of blocks down to stride 8, and at stride 16.

    `padding` and `signed_input` describe weights from TensorFlow for a network that timm builds differently: "same"
    padding, and RGB in [-1, 1].
    """

    stem: tuple[str, ...]
    shallow: tuple[str, ...]
    level4: tuple[str, ...]
    padding: str | None = None
    signed_input: bool = False


def _efficient(shallow: int, level4: int) -> Backbone:
    """An EfficientNet: so many stages down to stride 8, then so many at stride 16."""
    stages = [f"blocks.{stage}" for stage in range(shallow + level4)]
    return Backbone(("conv_stem", "bn1"), tuple(stages[:shallow]), tuple(stages[shallow:]))


_RESNET = Backbone(("conv1", "bn1", "act1", "maxpool"), ("layer1", "layer2"), ("layer3",))
_REGNET = Backbone(("stem",), ("s1", "s2"), ("s3",))

BACKBONES = {
    "resnet101": _RESNET,
    "resnet50": _RESNET,
    "resnet34": _RESNET,
    "resnet18": _RESNET,
    "resnet14t": _RESNET,
    "resnet10t": _RESNET,
    "regnetx_004": _REGNET,
    "regnetx_008": _REGNET,
    "tf_efficientnet_lite0": _efficient(3, 2),
    "efficientnet_lite0": _efficient(3, 2),
    "mobilenetv2_100": replace(_efficient(3, 2), padding="same", signed_input=True),
    "mobilenetv3_large_100": _efficient(3, 2),
    "mobilenetv3_small_100": _efficient(2, 2),
}


class TrunkLike(Protocol):
    """What a network needs of a trunk: a module that maps an image to the taps by the paper's names.

    `forward` takes (B, 3, H, W), normalised with `IMAGE_MEAN` and `IMAGE_STD`, and returns res3b3, res4b5, res4b20 and
    res4b22, each (B, channels[tap], H / strides[tap], W / strides[tap]); res3b3 at stride 8, the others at 16.
    """

    channels: Mapping[str, int]
    strides: Mapping[str, int]

    def __call__(self, image: Tensor) -> dict[str, Tensor]: ...


def find_backbone(name: str) -> Backbone:
    """The table's entry for a timm name, with or without a weights tag ("resnet101.tv_in1k")."""
    entry = BACKBONES.get(name.partition(".")[0])
    if entry is None:
        raise PoseError(f"unknown backbone {name!r}; known are {', '.join(BACKBONES)}")
    return entry


def tap_blocks(backbone: Backbone, full: nn.Module) -> tuple[list[str], dict[Tap, str]]:
    """Names of all blocks from the first to res4b22 in the order of the forward pass, and the block of each tap."""

    def blocks(stages: Sequence[str]) -> list[str]:
        return [f"{stage}.{block}" for stage in stages for block, _ in full.get_submodule(stage).named_children()]

    shallow, level4 = blocks(backbone.shallow), blocks(backbone.level4)
    last = len(level4) - 1
    late = 20 * last // 22 if last >= 4 else last
    taps: dict[Tap, str] = {
        "res3b3": shallow[-1],
        "res4b5": level4[round(5 / 22 * last)],
        "res4b20": level4[late],
        "res4b22": level4[last],
    }
    return [*shallow, *level4], taps


def _graft(parent: nn.Module, name: str, module: nn.Module) -> None:
    """Register `module` under a dotted name, so that its tensors keep the names they have in timm."""
    *containers, leaf = name.split(".")
    for container in containers:
        if container not in dict(parent.named_children()):
            parent.add_module(container, nn.Sequential())
        parent = parent.get_submodule(container)
    parent.add_module(leaf, module)


def move_stride(resnet: nn.Module, name: str) -> None:
    """Move the stride of every bottleneck from its 3x3 convolution to the 1x1 in front of it, in place."""
    bottlenecks = [block for block in resnet.modules() if isinstance(getattr(block, "conv3", None), nn.Conv2d)]
    if not bottlenecks:
        raise PoseError(f"net.stride_on is 1x1, but {name} has no bottleneck blocks; leave it at 3x3")
    for block in bottlenecks:
        first, second = block.get_submodule("conv1"), block.get_submodule("conv2")
        first.stride, second.stride = second.stride, first.stride


class Trunk(nn.Module):
    """An ImageNet network up to res4b22.

    Args:
        name: a name of `BACKBONES`, with a timm weights tag if wanted.
        weights: "hub", "package", "movenet", "random", a path (see `load_weights`), or None where a checkpoint follows.
        freeze_batchnorm: batch norm keeps its running statistics, also in training (decision N14).
        freeze_until: no gradients for the layers up to and including this tap; None: all layers learn.
        stride_on: where ResNets with bottlenecks have their stride (decision L9).

    `channels` and `strides` say what each tap gives. The modules carry timm's names: a timm state dict loads by name.
    """

    scale: Tensor | None
    shift: Tensor | None

    def __init__(
        self,
        name: str = "resnet101",
        weights: str | None = "hub",
        freeze_batchnorm: bool = False,
        freeze_until: Tap | None = None,
        stride_on: StrideOn = "3x3",
    ) -> None:
        super().__init__()
        backbone = find_backbone(name)
        try:
            options = {"pad_type": backbone.padding} if backbone.padding else {}
            full = import_timm().create_model(name, pretrained=False, **options)
        except RuntimeError as error:  # timm's answer to a weights tag it does not know
            raise PoseError(f"timm has no backbone {name!r} ({error}): leave the tag behind the dot away") from error
        if stride_on == "1x1":
            move_stride(full, name)
        self.freeze_batchnorm = freeze_batchnorm
        blocks, taps = tap_blocks(backbone, full)
        self.path = (*backbone.stem, *blocks)
        self.words = {block: tuple(w for w in TAPS if taps[w] == block) for block in taps.values()}
        for part in self.path:
            _graft(self, part, full.get_submodule(part))
        signed = {"mean": (0.5, 0.5, 0.5), "std": (0.5, 0.5, 0.5)}
        self._match_normalisation(signed if backbone.signed_input else full.pretrained_cfg)
        if weights is not None:
            load_weights(self, name, weights, full.state_dict().keys())
        self.channels, self.strides = self._measure()
        if freeze_until is not None:
            self._freeze(freeze_until)
        self.train()

    def forward(self, image: Tensor) -> dict[str, Tensor]:
        """Image (B, 3, H, W), normalised with `IMAGE_MEAN` and `IMAGE_STD`, to taps (B, C, H / stride, W / stride)."""
        x = image if self.scale is None or self.shift is None else image * self.scale + self.shift
        taps: dict[str, Tensor] = {}
        for name in self.path:
            x = self.get_submodule(name)(x)
            for word in self.words.get(name, ()):
                taps[word] = x
        return taps

    def train(self, mode: bool = True) -> "Trunk":
        """Switch to training; frozen batch norm stays as it is."""
        super().train(mode)
        if self.freeze_batchnorm:
            hold_statistics(self)
        return self

    def _match_normalisation(self, pretrained_cfg: Any) -> None:
        """Networks trained on other image statistics than `IMAGE_MEAN`, `IMAGE_STD` get theirs on the way in."""
        mean, std = pretrained_cfg["mean"], pretrained_cfg["std"]
        same = tuple(mean) == IMAGE_MEAN and tuple(std) == IMAGE_STD
        own_mean, own_std = torch.tensor(mean), torch.tensor(std)
        scale = (torch.tensor(IMAGE_STD) / own_std).view(1, 3, 1, 1)
        shift = ((torch.tensor(IMAGE_MEAN) - own_mean) / own_std).view(1, 3, 1, 1)
        self.register_buffer("scale", None if same else scale, persistent=False)
        self.register_buffer("shift", None if same else shift, persistent=False)

    def _freeze(self, tap: Tap) -> None:
        """Turn off the gradients of every layer up to a tap: no backward pass runs through them."""
        for part in self.path:
            self.get_submodule(part).requires_grad_(False)
            if tap in self.words.get(part, ()):
                return

    @torch.no_grad()
    def _measure(self) -> tuple[dict[str, int], dict[str, int]]:
        """Channels and stride of each tap, from one small forward pass; evaluation mode leaves batch norm untouched."""
        side = 64
        parameter = next(self.parameters())
        super().train(False)
        taps = self(torch.zeros(1, 3, side, side, device=parameter.device, dtype=parameter.dtype))
        return {k: v.shape[1] for k, v in taps.items()}, {k: side // v.shape[2] for k, v in taps.items()}
