"""A network whose answers come in order instead of by name, as graphs of other libraries want them."""

from __future__ import annotations

from torch import Tensor, nn

from pose3d.predict.networks import Deployed2D, Deployed3D


class Unnamed(nn.Module):
    """The answers of a deployed network as a tuple."""

    def __init__(self, net: Deployed2D | Deployed3D) -> None:
        super().__init__()
        self.net = net
        self.eval()

    def forward(self, crops: Tensor) -> tuple[Tensor, ...]:
        """Crops (B, S, S, 3) uint8 RGB to tensors."""
        return tuple(self.net.answers(crops).values())
