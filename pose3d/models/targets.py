"""What network outputs are compared with: poses, heatmaps, part labels, domains (supplement 4)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor

from pose3d.errors import PoseError
from pose3d.geometry.global_pose import centroid, perspective_rotation
from pose3d.geometry.kinematics import FROM_MODALITY, TO_MODALITY
from pose3d.heatmaps import cells_from_crop, render_heatmaps
from pose3d.types import Batch


@dataclass(frozen=True)
class PoseTarget:
    """Root-relative pose as P, O1 or O2, in `unit_mm` millimetres (decision L2); unlabelled samples weigh nothing.

    Args:
        modality: joints relative to the root, the first or the second parent.
        unit_mm: the loss unit.
        view: axes of the pose: the camera's, or those of a camera that is turned about its y axis (yaw) or by the
            smallest rotation (full) to the centroid of the visible joints (decision G6, supplement 3.2).
    """

    modality: Literal["P", "O1", "O2"] = "P"
    unit_mm: float = 100.0
    view: Literal["camera", "yaw", "full"] = "camera"

    def __call__(self, shape: torch.Size, batch: Batch) -> tuple[Tensor, Tensor]:
        """(B, 17, 3) in the loss unit, and (B,) bool: whether the sample has a 3D label."""
        pose = _needed(batch, "joints_3d", "3D poses") / self.unit_mm
        if self.view != "camera":
            pose = pose @ camera_from_view(batch, yaw_only=self.view == "yaw")
        return TO_MODALITY[self.modality](pose), batch["has_3d"]

    def to_mm(self, preds: Tensor) -> Tensor:
        """Predictions (B, 17, 3) back to root-relative poses in mm."""
        return FROM_MODALITY[self.modality](preds) * self.unit_mm


@dataclass(frozen=True)
class HeatmapTarget:
    """A Gaussian at each of the first J joints; a joint without a label weighs nothing.

    Args:
        labelled_only: samples without a 3D label do not count: with domain adaptation they serve as images only
            (supplement 4.2.2).
    """

    labelled_only: bool = False

    def __call__(self, shape: torch.Size, batch: Batch) -> tuple[Tensor, Tensor]:
        """Maps (B, J, h, w), and (B, J) bool."""
        joints, size = shape[1], (shape[2], shape[3])
        stride = batch["image"].shape[-1] // size[1]
        visible = batch["visible"][:, :joints]
        if self.labelled_only:
            visible = visible & batch["has_3d"][:, None]
        joints_2d = _needed(batch, "joints_2d_crop", "heatmaps")[:, :joints]
        return render_heatmaps(cells_from_crop(joints_2d, stride), visible, size), visible


@dataclass(frozen=True)
class PartLabelTarget:
    """The body part at the centre of each heatmap cell (decision N12).

    Args:
        labelled_only: as in `HeatmapTarget`.
    """

    labelled_only: bool = False

    def __call__(self, shape: torch.Size, batch: Batch) -> tuple[Tensor, Tensor | None]:
        """Labels (B, h, w) int64, and (B,) bool where only some samples count."""
        if "part_labels" not in batch:
            raise PoseError("the data have no part labels; set model.net.part_labels to false (decision N12)")
        return batch["part_labels"], batch["has_3d"] if self.labelled_only else None


@dataclass(frozen=True)
class DomainTarget:
    """Samples with a 3D label are the first domain (0), those without the second (1)."""

    def __call__(self, shape: torch.Size, batch: Batch) -> tuple[Tensor, None]:
        """(B,) float32."""
        return (~batch["has_3d"]).float(), None


def camera_from_view(batch: Batch, yaw_only: bool) -> Tensor:
    """R (B, 3, 3) with P_camera = R P_view: the test's perspective correction, about the true joints in the image.

    Where no joint is visible, all of them give the centre.
    """
    joints_2d = _needed(batch, "joints_2d_img", "the view of the crop")
    intrinsics = _needed(batch, "intrinsics", "the view of the crop")
    visible = batch["visible"]
    centre = centroid(joints_2d, visible | ~visible.any(dim=-1, keepdim=True))
    return perspective_rotation(centre, intrinsics, yaw_only)


def _needed(batch: Batch, key: str, what: str) -> Tensor:
    if key not in batch:
        raise PoseError(f"the batch has no {key}, which {what} are learned from; see pose3d.types.Batch")
    return batch[key]  # type: ignore[literal-required]
