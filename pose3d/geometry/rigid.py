"""Least-squares alignment of predicted poses to the ground truth: scale, scale and shift, similarity.

All functions take `preds` and `target` (..., J, 3) and return the aligned `preds` in the same shape and dtype. No
alignment mirrors: rotations are proper and scales are not negative. A pose that cannot be aligned (not finite, or all
its joints in one point) comes back as NaN, so that it can never pass for a good one.
"""

import torch
from torch import Tensor


def align_scale(preds: Tensor, target: Tensor) -> Tensor:
    """Multiply each pose by the scale s >= 0 that minimises |s preds - target|^2, for root-relative poses (N-MPJPE).

    Where the best unconstrained scale is negative (a point reflection) the constrained optimum, 0, is taken.
    """
    return preds * _scale(preds, target)


def align_scale_translation(preds: Tensor, target: Tensor) -> Tensor:
    """Scale and shift each pose onto the target: "align S,T" of supplement Table 1."""
    target_mean = target.mean(dim=-2, keepdim=True)
    centred = _centred(preds)
    return centred * _scale(centred, target - target_mean) + target_mean


def align_procrustes(preds: Tensor, target: Tensor) -> Tensor:
    """Scale, rotate and shift each pose onto the target: PA-MPJPE, "align R,S,T" of supplement Table 1.

    Umeyama's closed form (1991): with the SVD U D V^T of the covariance, the last singular direction is turned where
    U V^T would mirror. A mirrored pose therefore keeps an error.
    """
    target_mean = target.mean(dim=-2, keepdim=True)
    source, goal = _centred(preds), _centred(target)
    size = _sum_of_squares(source)
    covariance = goal.transpose(-1, -2) @ source  # (..., 3, 3)
    finite = covariance.isfinite().all(dim=-1, keepdim=True).all(dim=-2, keepdim=True)
    usable = finite & (size > 0) & (_sum_of_squares(goal) > 0)
    # The solver refuses non-finite matrices; a stand-in keeps the rest of the batch, and its result is thrown away.
    u, d, vt = torch.linalg.svd(torch.where(usable, covariance, torch.eye(3).to(covariance)))
    handedness = torch.ones_like(d)
    handedness[..., 2] = torch.linalg.det(u @ vt).sign()
    rotation = (u * handedness.unsqueeze(-2)) @ vt
    scale = (d * handedness).sum(dim=-1)[..., None, None] / size
    aligned = scale * (source @ rotation.transpose(-1, -2)) + target_mean
    return torch.where(usable, aligned, torch.nan)


def _scale(source: Tensor, goal: Tensor) -> Tensor:
    """(..., 1, 1) best scale, not negative; NaN for a source without extent."""
    size = _sum_of_squares(source)
    best = (source * goal).sum(dim=(-2, -1), keepdim=True) / size
    return torch.where(size > 0, best.clamp(min=0.0), torch.nan)


def _centred(pose: Tensor) -> Tensor:
    """Pose minus its mean; exactly zero where all joints coincide up to rounding, so that dust is not scaled up."""
    centred = pose - pose.mean(dim=-2, keepdim=True)
    dust = 16 * torch.finfo(pose.dtype).eps * pose.abs().amax(dim=(-2, -1), keepdim=True)
    return torch.where(centred.abs().amax(dim=(-2, -1), keepdim=True) > dust, centred, centred * 0.0)


def _sum_of_squares(pose: Tensor) -> Tensor:
    return (pose * pose).sum(dim=(-2, -1), keepdim=True)
