"""Position of the root in camera coordinates, in three closed forms, and its standard error."""

from typing import Literal

import numpy as np
import torch

from pose3d.geometry import weak_perspective_translation
from pose3d.predict.refine.groups import group_of_joints

Depth = Literal["closed_form", "exact", "perspective"]

HEIGHT_STD = 0.065
"""Relative standard deviation of adults' heights around that of the universal skeleton, used if no height is given."""
KNOWN_HEIGHT_STD = 0.01
FEWEST_JOINTS = 3


JOINT_STD = np.array([{"trunk": 1.0, "limbs": 1.6, "ends": 2.4}[group] for group in group_of_joints()])
"""How much less exactly elbows, knees, wrists and ankles are known than the trunk."""
LEAST_CONFIDENCE = 0.02
OUTLYING = 2.5
"""Robust standard deviations at which a joint's weight is half of what it would be."""


def root_translation(
    joints_3d: np.ndarray,
    joints_2d: np.ndarray,
    intrinsics: np.ndarray,
    mode: Depth = "closed_form",
    confidence: np.ndarray | None = None,
) -> np.ndarray:
    """T (N, 3) mm that projects joints (N, 17, 3) mm onto (N, 17, 2) px; NaN joints are left out.

    "closed_form" is eq. (1) of the paper, "exact" its depth before the approximation (supplement eq. 5); both assume
    weak perspective. "perspective" minimises the distance of the joints of P + T from their lines of sight, in
    approximate pixels, by robust least squares in which certain joints (`confidence` (N, 17)) and joints of the trunk
    have more weight. It is valid for people near the camera, too, and, unlike a comparison of sizes, noise of P does
    not bias it towards larger distances.
    """
    if mode == "perspective":
        return _perspective(joints_3d, joints_2d, intrinsics, confidence)
    pose, image, camera = (torch.from_numpy(np.asarray(a, np.float64)) for a in (joints_3d, joints_2d, intrinsics))
    visible = image.isfinite().all(dim=-1)
    answer = weak_perspective_translation(pose, image, camera, exact=mode == "exact", visible=visible)
    return answer.numpy()


def _perspective(
    joints_3d: np.ndarray, joints_2d: np.ndarray, intrinsics: np.ndarray, confidence: np.ndarray | None
) -> np.ndarray:
    """x + tx = u (z + tz) and y + ty = v (z + tz) for each joint: linear in T."""
    pose = np.asarray(joints_3d, np.float64)
    focal = np.stack([intrinsics[:, 0, 0], intrinsics[:, 1, 1]], axis=-1)[:, None]
    slope = (joints_2d - intrinsics[:, None, :2, 2]) / focal  # u, v
    known = np.isfinite(slope).all(axis=-1) & np.isfinite(pose).reshape(len(pose), -1).all(axis=1, keepdims=True)
    rows = np.flatnonzero(known.sum(axis=1) >= FEWEST_JOINTS)
    answer = np.full((len(pose), 3), np.nan)
    if not len(rows):
        return answer
    pose, slope, known = pose[rows], np.where(known[rows][..., None], slope[rows], 0.0), known[rows]
    one, nil = np.ones_like(slope[..., 0]), np.zeros_like(slope[..., 0])
    matrix = np.stack([np.stack([one, nil, -slope[..., 0]], -1), np.stack([nil, one, -slope[..., 1]], -1)], axis=2)
    right = slope * pose[..., 2:] - pose[..., :2]
    sure = one if confidence is None else np.clip(np.nan_to_num(confidence[rows]), LEAST_CONFIDENCE, 1.0)
    weight = known * sure / JOINT_STD**2
    depth, robust = one, np.ones_like(right)
    for _ in range(6):
        # A metre is fewer pixels at a joint that is farther away.
        w = weight[..., None] * robust / depth[..., None] ** 2
        normal = np.einsum("njd,njdi,njdk->nik", w, matrix, matrix)
        solution = np.linalg.solve(normal, np.einsum("njd,njdi,njd->ni", w, matrix, right)[..., None])[..., 0]
        depth = np.maximum(pose[..., 2] + solution[:, 2:], 1.0)
        off = np.abs(np.einsum("njdi,ni->njd", matrix, solution) - right) / JOINT_STD[:, None]
        scale = 1.4826 * np.nanmedian(np.where(known[..., None], off, np.nan), axis=(1, 2)) + 1e-6
        robust = 1 / (1 + (off / (OUTLYING * scale[:, None, None])) ** 2)
    answer[rows] = np.where(solution[:, 2:] > 0, solution, np.nan)
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
