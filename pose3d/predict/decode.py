"""From network answers to poses: the one way, for training's scores, prediction and exported networks alike.

`read_poses` and `read_joints_2d` say what the answers mean, `place` turns and moves the poses into the camera (paper
section 3.3), and `decode` does all of it.
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
    """Candidate -> root-relative pose (B, 17, 3) in mm, in the axes of the crop's view."""
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
    """Poses of the crop's view in the axes of the camera, and the root's place in front of it.

    Args:
        poses: as `read_poses` gives them.
        answer: the candidate that is the network's answer.
        joints_2d: K (B, 17, 2) px in the full image; None: the crop's centre stands in, and no place is known.
        crop_from_img: (B, 3, 3).
        crop_size: side of the crop in px.
        intrinsics: (B, 3, 3) of the full image; None: nothing is rotated, and no place is known.
        known: (B, 17) bool, which joints of K count; the others become where the pose would be seen. None: all.

    Returns `perspective_rotation` (B, 3, 3), `joints_3d_CANDIDATE` (B, 17, 3) mm for each, `joints_3d` of the answer
    and, where known, `joints_2d` (B, 17, 2) and `translation` (B, 3) mm.
    """
    centred = joints_2d
    if joints_2d is not None and known is not None:
        # Unknown joints leave the centroid where the known ones have it.
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
    """Everything that a network's answers say about a batch with `image`, `crop_from_img` and, if known, `intrinsics`.

    A network of 2D joints gives `joints_2d` alone, one of poses what `place` returns.
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
