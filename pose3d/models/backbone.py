"""The trunk: an ImageNet network up to res4b22, with the paper's tap points by name.

Paper sections 3.1, 3.2 and supplement 4: both pose networks are ResNet-101 up to the end of level 4. Any network of the
table can stand in (decision N16): its blocks at stride 8 play level 3, those at stride 16 play level 4. The paper's
taps lie at blocks 5, 20 and 22 of level 4 (counted from 0, of 23); a network with n such blocks takes the blocks at the
same share of the way, round(5 / 22 * (n - 1)), then the last but one where there are five or more, and the last. In
short networks taps share a block: resnet18 has two blocks, so res4b20 is res4b22 there.

Nothing behind res4b22 exists as a parameter.
"""

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from pose3d.errors import PoseError
from pose3d.models.batchnorm import hold_statistics
from pose3d.models.weights import load_weights
from pose3d.torchvision_ops import import_timm

TAPS = ("res3b3", "res4b5", "res4b20", "res4b22")

# What images are normalised with before any network sees them (ImageNet's statistics, RGB in [0, 1]).
IMAGE_MEAN = (0.485, 0.456, 0.406)
IMAGE_STD = (0.229, 0.224, 0.225)


@dataclass(frozen=True)
class Backbone:
    """How a timm network reads: modules of the stem, stages of blocks, and the block ("stage.block") of each tap.

    `padding` and `signed_input` describe weights from TensorFlow for a network that timm builds differently: "same"
    padding, and RGB in [-1, 1].
    """

    stem: tuple[str, ...]
    stages: tuple[str, ...]
    res3b3: str
    res4b5: str
    res4b20: str
    res4b22: str
    padding: str | None = None
    signed_input: bool = False

    def tap(self, word: str) -> str:
        """The block that plays `word`."""
        return str(getattr(self, word))


_RESNET = (("conv1", "bn1", "act1", "maxpool"), ("layer1", "layer2", "layer3"))
_REGNET = (("stem",), ("s1", "s2", "s3"))
_EFFICIENT = (("conv_stem", "bn1"), tuple(f"blocks.{stage}" for stage in range(5)))

BACKBONES = {
    "resnet101": Backbone(*_RESNET, "layer2.3", "layer3.5", "layer3.20", "layer3.22"),
    "resnet50": Backbone(*_RESNET, "layer2.3", "layer3.1", "layer3.4", "layer3.5"),
    "resnet34": Backbone(*_RESNET, "layer2.3", "layer3.1", "layer3.4", "layer3.5"),
    "resnet18": Backbone(*_RESNET, "layer2.1", "layer3.0", "layer3.1", "layer3.1"),
    "resnet14t": Backbone(*_RESNET, "layer2.0", "layer3.0", "layer3.0", "layer3.0"),
    "resnet10t": Backbone(*_RESNET, "layer2.0", "layer3.0", "layer3.0", "layer3.0"),
    "regnetx_004": Backbone(*_REGNET, "s2.b2", "s3.b2", "s3.b6", "s3.b7"),
    "regnetx_008": Backbone(*_REGNET, "s2.b3", "s3.b2", "s3.b6", "s3.b7"),
    "tf_efficientnet_lite0": Backbone(*_EFFICIENT, "blocks.2.1", "blocks.3.1", "blocks.4.1", "blocks.4.2"),
    "efficientnet_lite0": Backbone(*_EFFICIENT, "blocks.2.1", "blocks.3.1", "blocks.4.1", "blocks.4.2"),
    "mobilenetv2_100": Backbone(
        *_EFFICIENT, "blocks.2.2", "blocks.3.1", "blocks.4.1", "blocks.4.2", padding="same", signed_input=True
    ),
    "mobilenetv3_large_100": Backbone(*_EFFICIENT, "blocks.2.2", "blocks.3.1", "blocks.4.0", "blocks.4.1"),
    "mobilenetv3_small_100": Backbone(*_EFFICIENT, "blocks.1.1", "blocks.2.1", "blocks.3.0", "blocks.3.1"),
}


def find_backbone(name: str) -> Backbone:
    """The table's entry for a timm name, with or without a weights tag ("resnet101.tv_in1k")."""
    entry = BACKBONES.get(name.partition(".")[0])
    if entry is None:
        raise PoseError(f"unknown backbone {name!r}; known are {', '.join(BACKBONES)}")
    return entry


def block_names(backbone: Backbone, full: nn.Module) -> list[str]:
    """Names of all blocks from the first to res4b22, in the order of the forward pass."""
    names = [f"{stage}.{block}" for stage in backbone.stages for block, _ in full.get_submodule(stage).named_children()]
    return names[: names.index(backbone.res4b22) + 1]


def _graft(parent: nn.Module, name: str, module: nn.Module) -> None:
    """Register `module` under a dotted name, so that its tensors keep the names they have in timm."""
    *containers, leaf = name.split(".")
    for container in containers:
        if container not in dict(parent.named_children()):
            parent.add_module(container, nn.Sequential())
        parent = parent.get_submodule(container)
    parent.add_module(leaf, module)


class Trunk(nn.Module):
    """An ImageNet network up to res4b22.

    Args:
        name: a name of `BACKBONES`, with a timm weights tag if wanted.
        weights: "hub", "package", "movenet", "random", a path (see `load_weights`), or None where a checkpoint follows.
        freeze_batchnorm: batch norm keeps its running statistics, also in training (decision N14).

    `channels` and `strides` say what each tap gives. The modules carry timm's names: a timm state dict loads by name.
    """

    scale: Tensor | None
    shift: Tensor | None

    def __init__(self, name: str = "resnet101", weights: str | None = "hub", freeze_batchnorm: bool = False) -> None:
        super().__init__()
        backbone = find_backbone(name)
        try:
            options = {"pad_type": backbone.padding} if backbone.padding else {}
            full = import_timm().create_model(name, pretrained=False, **options)
        except RuntimeError as error:  # timm's answer to a weights tag it does not know
            raise PoseError(f"timm has no backbone {name!r} ({error}): leave the tag behind the dot away") from error
        self.freeze_batchnorm = freeze_batchnorm
        self.path = (*backbone.stem, *block_names(backbone, full))
        self.words = {block: tuple(w for w in TAPS if backbone.tap(w) == block) for block in map(backbone.tap, TAPS)}
        for part in self.path:
            _graft(self, part, full.get_submodule(part))
        signed = {"mean": (0.5, 0.5, 0.5), "std": (0.5, 0.5, 0.5)}
        self._match_normalisation(signed if backbone.signed_input else full.pretrained_cfg)
        if weights is not None:
            load_weights(self, name, weights, full.state_dict().keys())
        self.channels, self.strides = self._measure()
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

    @torch.no_grad()
    def _measure(self) -> tuple[dict[str, int], dict[str, int]]:
        """Channels and stride of each tap, from one small forward pass; evaluation mode leaves batch norm untouched."""
        side = 64
        parameter = next(self.parameters())
        super().train(False)
        taps = self(torch.zeros(1, 3, side, side, device=parameter.device, dtype=parameter.dtype))
        return {k: v.shape[1] for k, v in taps.items()}, {k: side // v.shape[2] for k, v in taps.items()}
