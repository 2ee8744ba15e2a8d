"""Confidence of each joint, 0 to 1, from the peak of its heatmap and the agreement of 2D and 3D pose."""

import torch
from torch import Tensor

from pose3d.geometry.camera import project

AGREEMENT = 0.1
"""Distance between K and the image of P + T, relative to the person's size in the image, that halves the confidence."""


def joint_confidence(
    scores: Tensor, known: Tensor, joints_2d: Tensor, joints_3d: Tensor, translation: Tensor, intrinsics: Tensor
) -> Tensor:
    """Confidence (B, 17) of frames: peak, cut to 0..1, times 1 / (1 + (d / (AGREEMENT size))^2).

    Args:
        scores: (B, 17) peaks of the heatmaps of the 2D joints; the targets have a peak of 1.
        known: (B, 17) bool, whether the joint has a heatmap; the others get the mean confidence of those that have one.
        joints_2d: (B, 17, 2) px, K.
        joints_3d: (B, 17, 3) mm, P, root-relative, camera axes.
        translation: (B, 3) mm, T.
        intrinsics: (B, 3, 3).

    d is the distance in px of K to the perspective image of P + T, size the longer side of the box around K.
    """
    image = project(joints_3d + translation.unsqueeze(-2), intrinsics)
    distance = (image - joints_2d).norm(dim=-1)
    low = torch.where(known.unsqueeze(-1), joints_2d, torch.inf).amin(dim=-2)
    high = torch.where(known.unsqueeze(-1), joints_2d, -torch.inf).amax(dim=-2)
    size = (high - low).amax(dim=-1, keepdim=True).clamp(min=1.0)
    trust = scores.clamp(0.0, 1.0) / (1 + (distance / (AGREEMENT * size)).square())
    # A joint behind the camera has no image; its confidence is 0.
    trust = torch.where(known, trust.nan_to_num(0.0), 0.0)
    mean = trust.sum(dim=-1, keepdim=True) / known.sum(dim=-1, keepdim=True).clamp(min=1)
    return torch.where(known, trust, mean)
