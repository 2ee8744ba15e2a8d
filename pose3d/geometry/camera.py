"""Pinhole camera: projection, back-projection, intrinsics from a field of view, rigid transforms.

Camera axes: x right, y down, z forward, mm. Pixel centres lie at integer coordinates (decision G4), so an image of
width w spans [-0.5, w - 0.5]. Intrinsics are [[fx, 0, cx], [0, fy, cy], [0, 0, 1]]; skew is not modelled.
"""

import math

import torch
from torch import Tensor

from pose3d.errors import PoseError


def project(points_cam: Tensor, intrinsics: Tensor) -> Tensor:
    """Project points (..., J, 3) mm in camera axes to pixels (..., J, 2); `intrinsics` is (..., 3, 3).

    A point on or behind the camera plane has no image: its pixel is NaN.
    """
    z = points_cam[..., 2:]
    normalised = points_cam[..., :2] / torch.where(z > 0, z, torch.nan)
    return normalised * focal_lengths(intrinsics) + principal_point(intrinsics)


def normalise(joints_2d: Tensor, intrinsics: Tensor) -> Tensor:
    """Pixels (..., J, 2) to the plane z = 1 of the camera, (..., J, 2) without unit."""
    return (joints_2d - principal_point(intrinsics)) / focal_lengths(intrinsics)


def back_project(joints_2d: Tensor, depth: Tensor, intrinsics: Tensor) -> Tensor:
    """Points (..., J, 3) mm in camera axes that lie at `depth` (..., J) mm behind the pixels (..., J, 2)."""
    xy = normalise(joints_2d, intrinsics) * depth.unsqueeze(-1)
    return torch.cat([xy, depth.unsqueeze(-1)], dim=-1)


def focal_lengths(intrinsics: Tensor) -> Tensor:
    """(..., 1, 2) fx, fy in px, ready to broadcast over joints."""
    return intrinsics[..., [0, 1], [0, 1]].unsqueeze(-2)


def principal_point(intrinsics: Tensor) -> Tensor:
    """(..., 1, 2) cx, cy in px, ready to broadcast over joints."""
    return intrinsics[..., :2, 2].unsqueeze(-2)


def intrinsics_from_fov(image_size: tuple[int, int], fov_degrees: float = 55.0) -> Tensor:
    """(3, 3) float32 intrinsics of an image of `image_size` (w, h) px with this horizontal field of view (decision G5).

    Square pixels, principal point in the middle of the image, which is ((w - 1) / 2, (h - 1) / 2).
    """
    width, height = image_size
    if width < 1 or height < 1:
        raise PoseError(f"an image of {width} x {height} px has no camera; give its width and height in pixels")
    if not 0.0 < fov_degrees < 180.0:
        raise PoseError(f"a field of view of {fov_degrees} degrees is impossible; give one between 0 and 180")
    focal = width / 2.0 / math.tan(math.radians(fov_degrees) / 2.0)
    return torch.tensor([[focal, 0.0, (width - 1) / 2.0], [0.0, focal, (height - 1) / 2.0], [0.0, 0.0, 1.0]])


def transform(points: Tensor, target_from_source: Tensor) -> Tensor:
    """Apply (..., 4, 4) or (..., 3, 4) rigid transforms to points (..., J, 3)."""
    rotation, translation = target_from_source[..., :3, :3], target_from_source[..., :3, 3]
    return points @ rotation.transpose(-1, -2) + translation.unsqueeze(-2)
