"""First values of new layers (decision N15): He for convolutions, small normal for the last fully connected layer."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn

LAST_LAYER_STD = 1e-3


class ConvUnit(nn.Sequential):
    """Convolution, batch norm and ReLU (or the first two of them), one line of a layer table."""


def conv_bn_relu(inputs: int, outputs: int, kernel: int, stride: int = 1) -> ConvUnit:
    """Convolution (padding kernel // 2), batch norm and ReLU, initialised after He et al. 2015."""
    conv = nn.Conv2d(inputs, outputs, kernel, stride, kernel // 2, bias=False)
    nn.init.kaiming_normal_(conv.weight, mode="fan_out", nonlinearity="relu")
    return ConvUnit(conv, nn.BatchNorm2d(outputs), nn.ReLU())


def hidden_linear(inputs: int, outputs: int) -> nn.Linear:
    """A fully connected layer with a ReLU behind it."""
    layer = nn.Linear(inputs, outputs)
    nn.init.kaiming_normal_(layer.weight, nonlinearity="relu")
    nn.init.zeros_(layer.bias)
    return layer


def last_linear(inputs: int, outputs: int) -> nn.Linear:
    """The layer that gives a pose: weights small, so that training starts from its bias."""
    layer = nn.Linear(inputs, outputs)
    nn.init.normal_(layer.weight, std=LAST_LAYER_STD)
    nn.init.zeros_(layer.bias)
    return layer


def map_conv(inputs: int, outputs: int, kernel: int = 1, stride: int = 1) -> nn.Conv2d:
    """The convolution that gives heatmaps: no batch norm behind it, zero offset."""
    conv = nn.Conv2d(inputs, outputs, kernel, stride, kernel // 2)
    nn.init.normal_(conv.weight, std=1e-2)
    if conv.bias is not None:
        nn.init.zeros_(conv.bias)
    return conv


def set_bias(layer: nn.Linear, poses: Sequence[Tensor]) -> None:
    """Let a pose layer start from given poses (17, 3) each, one after the other."""
    with torch.no_grad():
        layer.bias.copy_(torch.cat([pose.flatten() for pose in poses]))
