"""Legend of shapes and units, and the batches that flow from the data modules to the stages.

Axis letters: B batch, J joints, H and W rows and columns, C channels, T time.
Units: millimetres and pixels everywhere outside the loss. Camera axes: x right, y down, z forward.
Pixel centres lie at integer coordinates: pixel (0, 0) covers [-0.5, 0.5] in x and y (decision G4).
Matrices are named `target_from_source` and applied from the left; intrinsics are (3, 3) with the last row 0 0 1.
"""

from typing import TypedDict

from torch import Tensor


class Batch(TypedDict, total=False):
    """One collated batch; keys that a data set cannot fill are absent (`joints_3d` of 2D sets, say)."""

    image: Tensor
    """(B, 3, H, W) float32, normalised crop."""
    joints_2d_crop: Tensor
    """(B, 17, 2) px in the crop."""
    joints_2d_img: Tensor
    """(B, 17, 2) px in the full image."""
    visible: Tensor
    """(B, 17) bool: the joint is labelled and inside the image."""
    joints_3d: Tensor
    """(B, 17, 3) mm, root-relative, camera axes, universal skeleton: the training target (decision L8)."""
    joints_3d_true: Tensor
    """(B, 17, 3) mm, root-relative, camera axes, the person's own size."""
    translation: Tensor
    """(B, 3) mm, the root in camera axes."""
    part_labels: Tensor
    """(B, H/16, W/16) int64, where a stage asked for them: 0 background, 1 to 24 the body part at the centre of each
    heatmap cell (decision N12)."""
    has_3d: Tensor
    """(B,) bool."""
    crop_from_img: Tensor
    """(B, 3, 3) px."""
    intrinsics: Tensor
    """(B, 3, 3) of the full image."""
    bbox: Tensor
    """(B, 4) x, y, w, h px: tight box of the 2D joints."""
    head_size: Tensor
    """(B,) px, the unit of PCKh."""
    subject: Tensor
    sequence: Tensor
    activity: Tensor
    scene: Tensor
    camera: Tensor
    frame: Tensor
    index: Tensor
    """(B,) int64 each; `index` is the position in the store."""
