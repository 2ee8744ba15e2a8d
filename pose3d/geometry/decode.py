"""From what a network says about a crop to the full image and the camera (paper section 3.3)."""

from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor

from pose3d.geometry.crop import transform_points
from pose3d.geometry.global_pose import centroid, perspective_rotation
from pose3d.heatmaps import crop_from_cells, heatmap_maximum
from pose3d.skeleton import MPI_INF_3DHP_17

PerspectiveCorrection = Literal["centroid", "crop", "pelvis", "off"]


@dataclass(frozen=True)
class DecodeConfig:
    """Choices of the test time; the defaults are the paper's.

    Args:
        perspective_correction: centre of the correction: centroid of the 2D joints, crop, pelvis, or off (decision G1).
        rotation: the correction turns about the camera's vertical axis only (yaw), or fully (decision G1).
        depth: the paper's closed_form, eq. (1), or exact, the least-squares depth before its approximation
            (decision G2).
        heatmap_maximum: refined to fractions of a cell, or argmax (decision N10).
    """

    perspective_correction: PerspectiveCorrection = "centroid"
    rotation: Literal["yaw", "full"] = "yaw"
    depth: Literal["closed_form", "exact"] = "closed_form"
    heatmap_maximum: Literal["refined", "argmax"] = "refined"


def joints_2d_from_heatmaps(heatmaps: Tensor, crop_from_img: Tensor, crop_size: int, refine: bool = True) -> Tensor:
    """Maxima of heatmaps (B, J, h, w) of a square crop of `crop_size` px, as (B, J, 2) px in the full image."""
    cells, _ = heatmap_maximum(heatmaps, refine)
    joints_2d_crop = crop_from_cells(cells, crop_size // heatmaps.shape[-1])
    return transform_points(torch.linalg.inv(crop_from_img.float()), joints_2d_crop)


def correction_centre(
    mode: PerspectiveCorrection, joints_2d_img: Tensor | None, crop_from_img: Tensor, crop_size: int
) -> Tensor:
    """Where the virtual camera of the crop looks, (B, 2) px in the full image (decision G1).

    Without 2D joints (no auxiliary heatmaps) only the centre of the crop is known and stands in.
    """
    if mode == "crop" or joints_2d_img is None:
        middle = crop_from_img.new_full((1, 2), (crop_size - 1) / 2)
        return transform_points(torch.linalg.inv(crop_from_img.float()), middle).squeeze(-2)
    return centroid(joints_2d_img) if mode == "centroid" else joints_2d_img[:, MPI_INF_3DHP_17.root]


def crop_view_rotation(
    config: DecodeConfig,
    joints_2d_img: Tensor | None,
    crop_from_img: Tensor,
    crop_size: int,
    intrinsics: Tensor | None,
) -> Tensor:
    """R (B, 3, 3) with P_cam = R P_crop (supplement 3.2); the identity where it is off or no camera is known."""
    if config.perspective_correction == "off" or intrinsics is None:
        return torch.eye(3, device=crop_from_img.device).expand(len(crop_from_img), 3, 3)
    centre = correction_centre(config.perspective_correction, joints_2d_img, crop_from_img, crop_size)
    return perspective_rotation(centre, intrinsics, yaw_only=config.rotation == "yaw")


def rotate(pose: Tensor, rotation: Tensor) -> Tensor:
    """R P for poses (B, J, 3) and rotations (B, 3, 3)."""
    return pose @ rotation.mT
