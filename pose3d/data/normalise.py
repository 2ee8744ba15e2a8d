"""From 8-bit crops to network input, on whatever device the batch lies.

Loaders hand over uint8: a quarter of the bytes to copy between processes and to the accelerator. The data module
normalises after the transfer, so that a stage sees float32 as `types.Batch` says.
"""

from __future__ import annotations

import torch
from torch import Tensor

from pose3d.errors import PoseError

# name: mean and standard deviation of x / 255 in RGB order, and whether the channels become BGR.
SCHEMES: dict[str, tuple[tuple[float, float, float], tuple[float, float, float], bool]] = {
    "imagenet": ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225), False),
    # Inputs of the authors' released crops: BGR, x / 255 - 0.4 (docs/datasets.md).
    "caffe": ((0.4, 0.4, 0.4), (1.0, 1.0, 1.0), True),
}


def check_scheme(scheme: str) -> None:
    """A PoseError unless `scheme` is known."""
    if scheme not in SCHEMES:
        raise PoseError(f"unknown normalisation {scheme!r}; use one of {', '.join(SCHEMES)}")


def normalise(images: Tensor, scheme: str = "imagenet") -> Tensor:
    """(B, H, W, 3) uint8 RGB -> (B, 3, H, W) float32, channels last in memory."""
    check_scheme(scheme)
    mean, std, bgr = SCHEMES[scheme]
    if bgr:
        images = images.flip(-1)
    # Whole rows at a time: three channels at a time would be eight times slower on a CPU.
    batch, height, width, channels = images.shape
    gain = (1 / (255 * torch.tensor(std))).repeat(width).to(images.device)
    offset = (-torch.tensor(mean) / torch.tensor(std)).repeat(width).to(images.device)
    rows = images.reshape(batch, height, width * channels).float().mul_(gain).add_(offset)
    return rows.view(batch, height, width, channels).permute(0, 3, 1, 2)


def denormalise(images: Tensor, scheme: str = "imagenet") -> Tensor:
    """The inverse of `normalise`: (B, 3, H, W) float32 -> (B, H, W, 3) uint8 RGB, for pictures of what went in."""
    check_scheme(scheme)
    mean, std, bgr = SCHEMES[scheme]
    pixels = images.permute(0, 2, 3, 1).float() * torch.tensor(std, device=images.device)
    pixels = ((pixels + torch.tensor(mean, device=images.device)) * 255).round().clamp(0, 255).to(torch.uint8)
    return pixels.flip(-1) if bgr else pixels
