"""What a batch may leave out: the keys of `types.Batch` that follow from others, for loaders that are not ours."""

from __future__ import annotations

import torch

from pose3d.errors import PoseError
from pose3d.geometry.crop import transform_points
from pose3d.skeleton import MPI_INF_3DHP_17
from pose3d.types import Batch

_HEAD = [MPI_INF_3DHP_17.names.index(name) for name in ("head_top", "neck")]


def complete(batch: Batch) -> Batch:
    """The batch with what a stage reads and its loader left out. Only `image` is required of every batch.

    - `crop_from_img`: the image is the crop.
    - `joints_2d_img`, `joints_2d_crop`: each from the other.
    - `visible`: joints whose 2D label is finite.
    - `has_3d`: every sample, if there is a `joints_3d`; otherwise none.
    - `head_size`: the distance from head_top to neck; a data set's own measure differs, so give it where there is one.

    Without `joints_3d` 3D poses cannot be learned or scored, without 2D joints heatmaps cannot, and without
    `intrinsics` poses are not rotated or placed in the camera.
    """
    if "image" not in batch:
        raise PoseError(f"the batch has no image, only {', '.join(batch) or 'nothing'}; see pose3d.types.Batch")
    if all(key in batch for key in ("crop_from_img", "joints_2d_img", "joints_2d_crop", "visible", "has_3d")):
        return batch if "head_size" in batch else _with_head_size(batch)
    image, filled = batch["image"], Batch(**batch)
    if "crop_from_img" not in filled:
        filled["crop_from_img"] = torch.eye(3, device=image.device).expand(len(image), 3, 3)
    crop_from_img = filled["crop_from_img"]
    if "joints_2d_crop" in filled and "joints_2d_img" not in filled:
        filled["joints_2d_img"] = transform_points(torch.linalg.inv(crop_from_img.float()), filled["joints_2d_crop"])
    elif "joints_2d_img" in filled and "joints_2d_crop" not in filled:
        filled["joints_2d_crop"] = transform_points(crop_from_img, filled["joints_2d_img"])
    if "visible" not in filled and "joints_2d_crop" in filled:
        filled["visible"] = filled["joints_2d_crop"].isfinite().all(-1)
    if "has_3d" not in filled:
        filled["has_3d"] = torch.full((len(image),), "joints_3d" in filled, device=image.device)
    return filled if "head_size" in filled or "joints_2d_img" not in filled else _with_head_size(filled)


def _with_head_size(batch: Batch) -> Batch:
    top, neck = batch["joints_2d_img"][:, _HEAD].unbind(1)
    return {**batch, "head_size": (top - neck).norm(dim=-1)}
