"""Position of the root in camera coordinates, in three closed forms, and its standard error."""

from typing import Literal

import numpy as np
import torch

from pose3d.geometry import weak_perspective_translation

Depth = Literal["closed_form", "exact", "perspective"]

HEIGHT_STD = 0.065
"""Relative standard deviation of adults' heights around that of the universal skeleton, used if no height is given."""
KNOWN_HEIGHT_STD = 0.01


def root_translation(
    joints_3d: np.ndarray, joints_2d: np.ndarray, intrinsics: np.ndarray, mode: Depth = "closed_form"
) -> np.ndarray:
    """T (N, 3) mm that projects joints (N, 17, 3) mm onto (N, 17, 2) px; NaN joints are left out.

    "closed_form" is eq. (1) of the paper, "exact" its depth before the approximation (supplement eq. 5); both assume
    weak perspective. "perspective" minimises the squared distance of the joints of P + T from their lines of sight,
    with weights that make it approximately a distance in pixels; it is valid for people near the camera, too.
    """
    if mode == "perspective":
        return _perspective(joints_3d, joints_2d, intrinsics)
    pose, image, camera = (torch.from_numpy(np.asarray(a, np.float64)) for a in (joints_3d, joints_2d, intrinsics))
    visible = image.isfinite().all(dim=-1)
    answer = weak_perspective_translation(pose, image, camera, exact=mode == "exact", visible=visible)
    return answer.numpy()


def _perspective(joints_3d: np.ndarray, joints_2d: np.ndarray, intrinsics: np.ndarray) -> np.ndarray:
    """x + tx = u (z + tz) and y + ty = v (z + tz) for each joint: linear in T."""
    focal = np.stack([intrinsics[:, 0, 0], intrinsics[:, 1, 1]], axis=-1)[:, None]
    slope = (joints_2d - intrinsics[:, None, :2, 2]) / focal  # u, v
    known = np.isfinite(slope).all(axis=-1)
    answer = np.full((len(joints_3d), 3), np.nan)
    for row in range(len(joints_3d)):
        use = known[row]
        if use.sum() < 3 or not np.isfinite(joints_3d[row]).all():
            continue
        (u, v), (x, y, z) = slope[row, use].T, joints_3d[row, use].T
        one, nil = np.ones_like(u), np.zeros_like(u)
        matrix = np.concatenate([np.stack([one, nil, -u], -1), np.stack([nil, one, -v], -1)])
        right = np.concatenate([u * z - x, v * z - y])
        depth = 1.0
        for _ in range(3):  # a metre spans fewer pixels at a more distant joint
            weight = np.tile(1 / np.maximum(depth * one if np.isscalar(depth) else depth, 1e-6), 2)[:, None]
            solution = np.linalg.lstsq(matrix * weight, right * weight[:, 0], rcond=None)[0]
            depth = np.maximum(z + solution[2], 1.0)
        answer[row] = solution if solution[2] > 0 else np.nan
    return answer


def translation_std(
    translation: np.ndarray,
    joints_3d: np.ndarray,
    joints_2d: np.ndarray,
    intrinsics: np.ndarray,
    height_std: float = HEIGHT_STD,
) -> np.ndarray:
    """Standard error (N, 3) mm of T, from the spread of the joints about the image of P + T and that of the size.

    The reprojection error of the n known joints gives the standard deviation s of a coordinate in px (2n - 3 degrees of
    freedom). The relative error of the depth, f |P| / |K|, combines s / |K| and `height_std`, the relative error of the
    skeleton's size. Along x and y, the error of the mean of n coordinates and the error of the depth along the line of
    sight add up. The focal length is assumed to be known; the depth is proportional to it.
    """
    focal = np.sqrt(intrinsics[:, 0, 0] * intrinsics[:, 1, 1])
    points = joints_3d + translation[:, None]
    depth = np.where(points[..., 2:] > 0, points[..., 2:], np.nan)
    scale = np.stack([intrinsics[:, 0, 0], intrinsics[:, 1, 1]], axis=-1)[:, None]
    image = points[..., :2] / depth * scale + intrinsics[:, None, :2, 2]
    known = np.isfinite(joints_2d).all(axis=-1) & np.isfinite(image).all(axis=-1)
    n = np.maximum(known.sum(axis=1), 2)
    weights = known[..., None] / n[:, None, None]
    middle = np.nansum(np.nan_to_num(joints_2d) * weights, axis=1, keepdims=True)
    spread = np.sqrt(np.sum(np.where(known[..., None], joints_2d - middle, 0.0) ** 2, axis=(1, 2)))
    residual = np.sum(np.where(known[..., None], joints_2d - image, 0.0) ** 2, axis=(1, 2))
    sigma = np.sqrt(residual / np.maximum(2 * n - 3, 1))
    relative = np.hypot(sigma / np.maximum(spread, 1e-6), height_std)
    along = np.abs(translation) * relative[:, None]
    across = translation[:, 2] * sigma / (focal * np.sqrt(n))
    across_std = np.stack([across, across, np.zeros_like(across)], axis=-1)
    return np.hypot(along, across_std)
