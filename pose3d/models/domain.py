"""Domain adaptation after Ganin et al.: a domain classifier behind a reversed gradient (supplement 4.2.2, decision L7).

The classifier learns to tell studio from in-the-wild images; what flows back into the trunk has its sign turned, so the
trunk learns features that do not tell. The paper's lambda is -1 from the start.
"""

from typing import Any

import torch
from torch import Tensor, nn

from pose3d.models.initialise import conv_bn_relu, hidden_linear, last_linear


class _Reverse(torch.autograd.Function):
    """Identity forward, gradient times -strength backward."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, strength: float | Tensor) -> Tensor:
        ctx.strength = strength
        return x.view_as(x)

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor, None]:
        return -ctx.strength * grads[0], None


def reverse_gradient(x: Tensor, strength: float | Tensor = 1.0) -> Tensor:
    """`x` unchanged, whose gradient comes back times `-strength` (the paper's lambda = -1 is strength 1)."""
    return _Reverse.apply(x, strength)


class DomainStub(nn.Module):
    """conv 3x3 256, conv 3x3 128, fully connected 64, fully connected 1, on the reversed features of res4b22.

    Args:
        channels: features of res4b22.
        side: height and width of its map, in cells; the convolutions keep it.
        ramp: training batches in which the strength of the reversal grows as 2 / (1 + exp(-10 p)) - 1, p the share of
            the way; 0: the strength is 1, the paper's lambda of -1. The count is saved with the weights.
    """

    seen: Tensor

    def __init__(self, channels: int, side: int, ramp: int = 0) -> None:
        super().__init__()
        self.ramp = ramp
        if ramp:
            self.register_buffer("seen", torch.zeros((), dtype=torch.int64))
        self.conv = nn.Sequential(conv_bn_relu(channels, 256, 3), conv_bn_relu(256, 128, 3))
        self.fc = nn.Sequential(hidden_linear(128 * side**2, 64), nn.ReLU(), last_linear(64, 1))

    def forward(self, features: Tensor) -> Tensor:
        """(B, channels, side, side) to one logit per image (B,), float32; above 0 is the second domain."""
        flat = self.conv(reverse_gradient(features, self.strength())).flatten(1)
        if self.ramp and self.training:
            self.seen += 1
        return self.fc(flat).squeeze(1).float()

    def strength(self) -> float | Tensor:
        """Factor of the reversed gradient at this point of the training."""
        if not self.ramp:
            return 1.0
        return 2 / (1 + torch.exp(-10 * (self.seen / self.ramp).clamp(max=1))) - 1
