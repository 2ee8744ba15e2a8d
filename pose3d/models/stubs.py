"""Prediction stubs: the small heads that read a pose or heatmaps off a feature map (supplement 4.1 and 4.2)."""

import torch
from torch import Tensor, nn

from pose3d.models.initialise import conv_bn_relu, last_linear, map_conv


class PoseStub(nn.Module):
    """Convolution with stride, batch norm, ReLU, then a fully connected layer to coordinates (decisions N3-N5, N15).

    The convolution pads kernel // 2, so the last stub of the paper profile reads 23x23 and flattens 12x12x128 = 18432.
    The fully connected layer runs in its own precision (float32) even under bfloat16 autocast: at a few decimetres
    bfloat16 resolves about 2 mm.

    Args:
        channels: features of the tap.
        side: height and width of the tap's map, in cells.
        features: features of the convolution.
        outputs: numbers to predict, 3 per joint and modality.
    """

    def __init__(self, channels: int, side: int, features: int, outputs: int, kernel: int, stride: int) -> None:
        super().__init__()
        self.conv = conv_bn_relu(channels, features, kernel, stride)
        reduced = (side + 2 * (kernel // 2) - kernel) // stride + 1
        self.fc = last_linear(features * reduced**2, outputs)

    def forward(self, x: Tensor) -> Tensor:
        """(B, channels, side, side) to (B, outputs)."""
        flat = self.conv(x).flatten(1)
        with torch.autocast(x.device.type, enabled=False):
            return self.fc(flat.to(self.fc.weight.dtype))


def prediction_stub(channels: int, side: int, outputs: int, features: int = 128) -> PoseStub:
    """The final stub: 5x5, stride 2, 128 features (256 for the common stub, 96 for a skip)."""
    return PoseStub(channels, side, features, outputs, kernel=5, stride=2)


def intermediate_stub(channels: int, side: int, outputs: int) -> PoseStub:
    """The stub of intermediate supervision: 7x7, stride 3, 128 features (decision N3)."""
    return PoseStub(channels, side, 128, outputs, kernel=7, stride=3)


def heatmap_skip(channels: int, stride: int, joints: int) -> nn.Sequential:
    """2D corrective skip: 1x1 to 20 maps, then 3x3 to one per joint (decision N6).

    From res3b3 the 3x3 convolution has stride 2, to arrive at the grid of the heatmaps; from res4b22 it has none.
    """
    return nn.Sequential(conv_bn_relu(channels, 20, 1), map_conv(20, joints, kernel=3, stride=stride))
