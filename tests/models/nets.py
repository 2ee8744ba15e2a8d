"""Small networks that the tests share: resnet10t at 64 px, the smallest of the table."""

from typing import Any

import torch
from torch import Tensor, nn

from pose3d.models import FusionConfig, FusionNet, Pose2DConfig, Pose2DNet, Pose3DConfig, Pose3DNet

SIDE = 64


def pose2d(**switches: Any) -> Pose2DNet:
    return Pose2DNet(Pose2DConfig("resnet10t", **switches))


def pose3d(**switches: Any) -> Pose3DNet:
    return Pose3DNet(Pose3DConfig("resnet10t", image_size=SIDE, **switches))


def fusion(base: Pose3DNet | None = None, **switches: Any) -> FusionNet:
    return FusionNet(FusionConfig(**switches), pose3d=base or pose3d())


def candidate_key(net: Any, candidate: str) -> str:
    """Key of a candidate in the network's outputs."""
    return next(output.key for output in net.outputs if output.candidate == candidate)


def images(count: int = 2, seed: int = 0) -> Tensor:
    return torch.randn(count, 3, SIDE, SIDE, generator=torch.Generator().manual_seed(seed))


def without_gradient(net: nn.Module, outputs: dict[str, Tensor]) -> list[str]:
    """Names of the trainable parameters that a loss on every output does not reach."""
    sum(value.square().sum() for value in outputs.values()).backward()
    return [name for name, p in net.named_parameters() if p.requires_grad and p.grad is None]


def misgrouped(net: Any) -> list[str]:
    """Names of the parameters that are in no group or in more than one."""
    prefixes = [prefix for group in net.lr_groups().values() for prefix in group]
    return [name for name, _ in net.named_parameters() if sum(name.startswith(p) for p in prefixes) != 1]
