"""From the root-relative pose of a crop to the global pose P[G] = R P + T (paper section 3.3, supplement 3)."""

import torch
from torch import Tensor

from pose3d.geometry.camera import focal_lengths, normalise, principal_point


def weak_perspective_translation(
    pose: Tensor, joints_2d: Tensor, intrinsics: Tensor, exact: bool = False, visible: Tensor | None = None
) -> Tensor:
    """Translation T (..., 3) mm that places `pose` (..., J, 3) mm over `joints_2d` (..., J, 2) px: paper eq. (1).

    Minimises eq. (2) of the supplement, the squared pixel distance between K and the weak-perspective image of
    P + T. The depth is the paper's square-root form of supplement eq. (5); `exact` takes the least-squares depth
    before that approximation (decision G2). Both agree where K is an exactly scaled image of P.

    `intrinsics` (..., 3, 3) may have fx and fy that differ slightly; the paper's single f is the case fx = fy.
    `visible` (..., J) bool leaves joints out. The result is NaN where no depth exists: joints in one point, or
    (`exact`) 2D and 3D that point in opposite directions.
    """
    keep = torch.ones_like(joints_2d[..., 0]) if visible is None else visible.to(joints_2d)
    focal, centre = focal_lengths(intrinsics), principal_point(intrinsics)
    flat = pose[..., :2]
    pose_mean, image_mean = _mean(flat, keep), _mean(joints_2d - centre, keep)
    spread_3d = _masked((flat - pose_mean) * focal, keep)  # px mm: f (P - mean P)
    spread_2d = _masked(joints_2d - centre - image_mean, keep)  # px: K - mean K
    size_3d = (spread_3d**2).sum(dim=(-2, -1))
    if exact:
        depth = size_3d / (spread_2d * spread_3d).sum(dim=(-2, -1))
    else:
        depth = size_3d.sqrt() / (spread_2d**2).sum(dim=(-2, -1)).sqrt()
    depth = torch.where((depth > 0) & depth.isfinite(), depth, torch.nan)[..., None, None]
    shift = image_mean * depth / focal - pose_mean
    return torch.cat([shift, depth], dim=-1).squeeze(-2)


def perspective_rotation(center_2d: Tensor, intrinsics: Tensor, yaw_only: bool = True) -> Tensor:
    """Rotation R (..., 3, 3) with P_cam = R P_crop, from the virtual camera that looks at `center_2d` (..., 2) px.

    The crop is what a camera turned towards its centre would see; R turns that view's pose back into the axes of the
    real camera (supplement 3.2). `yaw_only`, the paper's choice, turns about the camera's y axis only: R maps
    (0, 0, 1) to the horizontal part of the viewing ray. Otherwise R is the smallest rotation onto the whole ray.
    The paper's centre is the centroid of the 2D joints (decision G1).
    """
    slope = normalise(center_2d.unsqueeze(-2), intrinsics).squeeze(-2)  # (..., 2): x / z, y / z of the ray
    if yaw_only:
        slope = slope * slope.new_tensor([1.0, 0.0])
    ray = torch.nn.functional.normalize(torch.cat([slope, torch.ones_like(slope[..., :1])], dim=-1), dim=-1)
    x, y, z = ray.unbind(-1)
    # Rodrigues' formula for the rotation from (0, 0, 1) to the ray; z > 0, so 1 + z never vanishes.
    xx, xy, yy = x * x / (1 + z), x * y / (1 + z), y * y / (1 + z)
    rows = [torch.stack(r, dim=-1) for r in ((1 - xx, -xy, x), (-xy, 1 - yy, y), (-x, -y, z))]
    return torch.stack(rows, dim=-2)


def centroid(joints_2d: Tensor, visible: Tensor | None = None) -> Tensor:
    """Mean (..., 2) px of the joints (..., J, 2): the centre of the perspective correction (decision G1)."""
    keep = torch.ones_like(joints_2d[..., 0]) if visible is None else visible.to(joints_2d)
    return _mean(joints_2d, keep).squeeze(-2)


def _masked(values: Tensor, keep: Tensor) -> Tensor:
    # where, not a product: a hidden joint's coordinates may be NaN.
    return torch.where(keep.unsqueeze(-1) > 0, values, 0.0)


def _mean(values: Tensor, keep: Tensor) -> Tensor:
    """(..., 1, C) mean over the kept joints."""
    return _masked(values, keep).sum(dim=-2, keepdim=True) / keep.sum(dim=-1)[..., None, None]
