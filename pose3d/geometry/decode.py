"""From what a network says about a crop to the full image and the camera (paper section 3.3)."""

from typing import Literal

import torch
from torch import Tensor

from pose3d.geometry.crop import transform_points
from pose3d.geometry.global_pose import centroid, perspective_rotation
from pose3d.heatmaps import crop_from_cells, heatmap_maximum
from pose3d.skeleton import MPI_INF_3DHP_17

PerspectiveCorrection = Literal["centroid", "crop", "pelvis", "off"]


def joints_2d_from_heatmaps(heatmaps: Tensor, crop_from_img: Tensor, crop_size: int) -> Tensor:
    """Maxima of heatmaps (B, J, h, w) of a square crop of `crop_size` px, as (B, J, 2) px in the full image."""
    cells, _ = heatmap_maximum(heatmaps)
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
    mode: PerspectiveCorrection, joints_2d_img: Tensor | None, crop_from_img: Tensor, crop_size: int, intrinsics: Tensor
) -> Tensor:
    """R (B, 3, 3) with P_cam = R P_crop (supplement 3.2); the identity where the correction is off."""
    if mode == "off":
        return torch.eye(3, device=intrinsics.device).expand(len(intrinsics), 3, 3)
    return perspective_rotation(correction_centre(mode, joints_2d_img, crop_from_img, crop_size), intrinsics)


def rotate(pose: Tensor, rotation: Tensor) -> Tensor:
    """R P for poses (B, J, 3) and rotations (B, 3, 3)."""
    return pose @ rotation.mT
