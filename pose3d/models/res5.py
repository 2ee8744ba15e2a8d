"""Level 5 of the pose networks (decisions N8 and N9; paper section 3.1, supplement 4.1).

ResNet-101's level 5 would halve the resolution and double the features. Here it keeps stride 16, res5a gives half the
features (1024 instead of 2048, so as many as the trunk), and in 2DPoseNet res5b and res5c have no identity shortcut and
taper to one map per joint. 3DPoseNet ends at res5a.
"""

import torch.nn.functional as F
from torch import Tensor, nn

from pose3d.models.initialise import conv_bn_relu, map_conv

LEAST_RES5A = 128
LEAST_TAPER = 64


class Res5a(nn.Module):
    """Bottleneck without stride and with a projection shortcut: (B, trunk, h, w) to (B, channels, h, w).

    `channels` is the trunk's number, at least 128 on narrow backbones; the inner width is half of it. ResNet-101:
    1x1 to 512, 3x3 to 512, 1x1 to 1024, shortcut 1x1 to 1024.
    """

    def __init__(self, trunk_channels: int) -> None:
        super().__init__()
        self.channels = max(trunk_channels, LEAST_RES5A)
        inner = self.channels // 2
        self.reduce = conv_bn_relu(trunk_channels, inner, 1)
        self.middle = conv_bn_relu(inner, inner, 3)
        self.expand = conv_bn_relu(inner, self.channels, 1)[:2]
        self.shortcut = conv_bn_relu(trunk_channels, self.channels, 1)[:2]

    def forward(self, x: Tensor) -> Tensor:
        """Features of res4b22 to features of res5a, after the ReLU."""
        return F.relu(self.expand(self.middle(self.reduce(x))) + self.shortcut(x))


class Res5Taper(nn.Module):
    """res5b and res5c of 2DPoseNet: two bottlenecks without identity shortcut, down to one map per joint.

    From c features of res5a: c/2 (1x1), c/4 (3x3), c/4 (1x1), then c/8 (1x1), c/8 (3x3), joints (1x1); no width but the
    last falls below 64. ResNet-101: 1024, 512, 256, 256, 128, 128, 15. The paper says "gradually tapered to 15".
    """

    def __init__(self, channels: int, joints: int) -> None:
        super().__init__()
        half, quarter, eighth = (max(channels // part, LEAST_TAPER) for part in (2, 4, 8))
        self.res5b = nn.Sequential(
            conv_bn_relu(channels, half, 1), conv_bn_relu(half, quarter, 3), conv_bn_relu(quarter, quarter, 1)
        )
        self.res5c = nn.Sequential(
            conv_bn_relu(quarter, eighth, 1), conv_bn_relu(eighth, eighth, 3), map_conv(eighth, joints)
        )

    def forward(self, x: Tensor) -> Tensor:
        """(B, c, h, w) to heatmaps (B, joints, h, w)."""
        return self.res5c(self.res5b(x))
