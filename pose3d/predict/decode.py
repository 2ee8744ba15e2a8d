"""Decode network outputs to poses, for the metrics in training, for prediction and for exported networks.

`read_poses` and `read_joints_2d` convert the outputs to mm and px, `place` transforms the poses to camera coordinates
(paper section 3.3), and `decode` does both.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import torch
from torch import Tensor

from pose3d.contracts import NetworkLike
from pose3d.geometry import weak_perspective_translation
from pose3d.geometry.camera import project
from pose3d.geometry.decode import DecodeConfig, crop_view_rotation, joints_2d_from_heatmaps, rotate
from pose3d.geometry.global_pose import centroid
from pose3d.models.outputs import Output, heatmap_key, pose_candidates
from pose3d.types import Batch


def read_poses(outputs: Iterable[Output], answers: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The root-relative pose (B, 17, 3) in mm of each candidate, in the axes of the crop's view."""
    return {name: target.to_mm(answers[key]) for name, (key, target) in pose_candidates(outputs).items()}


def read_joints_2d(
    outputs: Iterable[Output],
    answers: Mapping[str, Tensor],
    crop_from_img: Tensor,
    crop_size: int,
    config: DecodeConfig,
) -> Tensor | None:
    """K (B, J, 2) px in the full image; None for a network without heatmaps."""
    key = heatmap_key(outputs)
    if key is None:
        return None
    return joints_2d_from_heatmaps(answers[key], crop_from_img, crop_size, config.heatmap_maximum == "refined")


def place(
    poses: Mapping[str, Tensor],
    answer: str,
    joints_2d: Tensor | None,
    crop_from_img: Tensor,
    crop_size: int,
    intrinsics: Tensor | None,
    config: DecodeConfig,
    known: Tensor | None = None,
) -> dict[str, Tensor]:
    """Rotate poses from the view of the crop to camera axes, and compute the position of the root.

    Args:
        poses: as returned by `read_poses`.
        answer: the deployed candidate.
        joints_2d: K (B, 17, 2) px in the full image; None: the rotation uses the crop's centre, without a translation.
        crop_from_img: (B, 3, 3).
        crop_size: side of the crop in px.
        intrinsics: (B, 3, 3) of the full image; None: no rotation and no translation.
        known: (B, 17) bool, which joints of K to use; the others are replaced by the image of the pose. None: all.

    Returns:
        `perspective_rotation` (B, 3, 3), `joints_3d_CANDIDATE` (B, 17, 3) mm for each candidate, `joints_3d` of the
        deployed one and, where known, `joints_2d` (B, 17, 2) px and `translation` (B, 3) mm.
    """
    centred = joints_2d
    if joints_2d is not None and known is not None:
        # Unknown joints do not move the centroid of the known ones.
        centred = torch.where(known.unsqueeze(-1), joints_2d, centroid(joints_2d, known).unsqueeze(1))
    rotation = crop_view_rotation(config, centred, crop_from_img, crop_size, intrinsics)
    placed = {"perspective_rotation": rotation}
    placed |= {f"joints_3d_{name}": rotate(pose, rotation) for name, pose in poses.items()}
    joints_3d = placed["joints_3d"] = placed[f"joints_3d_{answer}"]
    if joints_2d is not None and intrinsics is not None:
        exact = config.depth == "exact"
        translation = weak_perspective_translation(joints_3d, joints_2d, intrinsics, exact=exact, visible=known)
        placed["translation"] = translation
        if known is not None:
            seen = weak_perspective(joints_3d, translation, intrinsics)
            joints_2d = torch.where(known.unsqueeze(-1), joints_2d, seen)
    return placed | ({"joints_2d": joints_2d} if joints_2d is not None else {})


def decode(net: NetworkLike, answers: Mapping[str, Tensor], batch: Batch, config: DecodeConfig) -> dict[str, Tensor]:
    """Decode the outputs of a network for a batch with `image`, `crop_from_img` and, if known, `intrinsics`.

    Returns:
        `joints_2d` alone for a network of 2D joints, else the result of `place`.
    """
    outputs, crop_size, crop_from_img = net.outputs, batch["image"].shape[-1], batch["crop_from_img"]
    joints_2d = read_joints_2d(outputs, answers, crop_from_img, crop_size, config)
    poses = read_poses(outputs, answers)
    if poses:
        return place(poses, net.answer, joints_2d, crop_from_img, crop_size, batch.get("intrinsics"), config)
    return {} if joints_2d is None else {"joints_2d": joints_2d}


def weak_perspective(joints_3d: Tensor, translation: Tensor, intrinsics: Tensor) -> Tensor:
    """The weak-perspective image (B, 17, 2) px of P + T: every joint at the root's depth."""
    flat = joints_3d * joints_3d.new_tensor([1.0, 1.0, 0.0])
    return project(flat + translation.unsqueeze(-2), intrinsics)
