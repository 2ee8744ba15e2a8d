"""A network with a tuple of outputs instead of a dictionary, as other libraries require."""

from __future__ import annotations

from torch import Tensor, nn

from pose3d.predict.networks import Deployed2D, Deployed3D


class Unnamed(nn.Module):
    """The outputs of a deployed network as a tuple."""

    def __init__(self, net: Deployed2D | Deployed3D) -> None:
        super().__init__()
        self.net = net
        self.eval()

    def forward(self, crops: Tensor) -> tuple[Tensor, ...]:
        """Compute the outputs, tensors, for crops (B, S, S, 3) uint8 RGB."""
        return tuple(self.net.answers(crops).values())
