"""Step 1: find the person with the heatmaps of 2DPoseNet (paper section 3.1)."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from pose3d.geometry.crop import crop_matrix, decode_reduction, square_box, tight_box, transform_points, warp_crop
from pose3d.heatmaps import crop_from_cells, heatmap_maximum
from pose3d.predict.images import Image, reduced
from pose3d.predict.networks import Deployed2D
from pose3d.skeleton import POSE2D_15

MIN_JOINT_SCORE = 0.25
"""Smallest heatmap peak of a detected joint; the targets have a peak of 1."""

WINDOWS = (1.0, 0.6, 0.36)
"""Sides of the windows in which a picture is searched, as shares of its longer side."""

WINDOW_STEP = 0.5
"""Largest distance of neighbouring windows, as a share of their side."""

FEWEST_SURE = 6
"""Smallest number of detected joints, of 15, of a person."""


@dataclass(frozen=True)
class People:
    """The most prominent person of each of B images."""

    bbox: np.ndarray
    """(B, 4) x, y, w, h px, tight around the detected joints; NaN if there is no person."""
    joints_2d: np.ndarray
    """(B, 15, 2) px in the full image."""
    sure: np.ndarray
    """(B, 15) bool: the joint is detected."""
    scores: np.ndarray
    """(B, 15) peaks of the heatmaps."""

    @property
    def found(self) -> np.ndarray:
        """(B,) bool: there is a person."""
        return self.sure.sum(axis=1) >= FEWEST_SURE

    def select(self, rows: np.ndarray) -> "People":
        """Some of the images."""
        return People(self.bbox[rows], self.joints_2d[rows], self.sure[rows], self.scores[rows])


def find_people(net: Deployed2D, images: Sequence[Image], size: int, sure: float = MIN_JOINT_SCORE) -> People:
    """Find one person in each image (H, W, 3) uint8 RGB, who fills the image as in the published test sets.

    The whole frame, letterboxed to the network's `size` px, gives a coarse box around the joints that score at least
    half as much as the best one. The joints, scores and the box come from a second pass for the crop of that box.
    People who are small in the frame may be missed; `candidates` finds them.
    """
    letterboxes = [letterbox(image, size) for image in images]
    coarse = coarse_crops(net, letterboxes, *read_joints(net, images, letterboxes, size), size)
    return detect_in_crops(net, images, coarse, size, sure)


def coarse_crops(
    net: Deployed2D, crops: Sequence[np.ndarray], joints_2d: np.ndarray, scores: np.ndarray, size: int
) -> list[np.ndarray]:
    """Crops around the joints of `crops` that score at least half as much as the best one."""
    closer = []
    for crop, joints, score in zip(crops, joints_2d, scores, strict=True):
        # The accuracy of coarse joints is about half a cell of 16 px: enlarge the box by as much on each side.
        half_cell = 8 / crop[0, 0]
        box = tight_box(joints, score >= 0.5 * score.max()) + half_cell * np.array([-1, -1, 2, 2])
        closer.append(crop_of_box(box, net.settings.box_margin, size))
    return closer


def detect_in_crops(
    net: Deployed2D, images: Sequence[Image], crops: Sequence[np.ndarray], size: int, sure: float = MIN_JOINT_SCORE
) -> People:
    """Joints, scores and boxes from crops around the expected person (`crop_from_img` (3, 3) each)."""
    joints_2d, scores = read_joints(net, images, crops, size)
    seen = scores >= sure
    found = seen.sum(axis=1) >= FEWEST_SURE
    boxes = [tight_box(j, s) if f else np.full(4, np.nan) for j, s, f in zip(joints_2d, seen, found, strict=True)]
    return People(np.stack(boxes).astype(np.float32), joints_2d, seen, scores)


def read_joints(
    net: Deployed2D, images: Sequence[Image], crops: Sequence[np.ndarray], size: int
) -> tuple[np.ndarray, np.ndarray]:
    """Maxima of 2DPoseNet's heatmaps in crops of the images: (B, 15, 2) px of the full image, and scores (B, 15)."""
    device = next(net.parameters()).device
    heatmaps = net(cut(images, crops, size).to(device))["heatmaps"]
    cells, scores = heatmap_maximum(heatmaps)
    joints_crop = crop_from_cells(cells, size // heatmaps.shape[-1]).cpu().double()
    img_from_crop = torch.linalg.inv(torch.from_numpy(np.stack(crops)))
    joints_2d = transform_points(img_from_crop, joints_crop).float()
    assert joints_2d.shape[1] == len(POSE2D_15)
    return joints_2d.numpy(), scores.cpu().numpy()


def letterbox(image: Image, size: int) -> np.ndarray:
    """`crop_from_img` (3, 3) that fits the whole image into a square of `size` px, centred, borders black."""
    height, width = image.shape[:2]
    return crop_matrix(np.array([(width - 1) / 2, (height - 1) / 2]), max(width, height), size)


def search_windows(shape: Sequence[int], size: int) -> list[np.ndarray]:
    """`crop_from_img` (3, 3) of square windows of an image of shape (H, W, ...): the whole, then overlapping parts.

    A person who is too small in the whole picture fills one of the parts.
    """
    height, width = shape[:2]
    crops = []
    for share in WINDOWS:
        side = share * max(width, height)
        columns, rows = (_centres(length, side) for length in (width, height))
        crops += [crop_matrix(np.array([x, y]), side, size) for y in rows for x in columns]
    return crops


def _centres(length: int, side: float) -> np.ndarray:
    """Centres in px of the windows along one axis: a single one, in the middle, if a window covers the axis."""
    if side >= length:
        return np.array([(length - 1) / 2])
    count = int(np.ceil((length - side) / (WINDOW_STEP * side))) + 1
    return np.linspace(side / 2 - 0.5, length - side / 2 - 0.5, count)


def whole_image(shape: Sequence[int]) -> np.ndarray:
    """The box x, y, w, h px of a whole image of shape (H, W, ...)."""
    return np.array([-0.5, -0.5, shape[1], shape[0]], np.float32)


def crop_of_box(bbox: np.ndarray, margin: float, size: int) -> np.ndarray:
    """`crop_from_img` (3, 3) of a tight box x, y, w, h px (decision G3)."""
    return crop_matrix(*square_box(np.asarray(bbox, np.float64), margin), size)


def cut(images: Sequence[Image], crops: Sequence[np.ndarray], size: int) -> Tensor:
    """Crops (B, size, size, 3) uint8 of images, area-averaged if they shrink, zero outside (decision G3)."""
    return torch.from_numpy(np.stack([_cut(image, crop, size) for image, crop in zip(images, crops, strict=True)]))


def _cut(image: Image, crop: np.ndarray, size: int) -> np.ndarray:
    # The warp interpolates four neighbours; a much larger image is averaged first, as in training.
    reduction = decode_reduction(crop)
    if isinstance(image, np.ndarray):
        image, crop = around_crop(image, crop, size, reduction)
    return warp_crop(reduced(image, reduction), crop, size, reduction)


def around_crop(image: np.ndarray, crop: np.ndarray, size: int, reduction: int) -> tuple[np.ndarray, np.ndarray]:
    """The part of an image (H, W, 3) that a crop of `size` px reads, and `crop_from_img` (3, 3) of that part.

    The part begins at a multiple of `reduction`, so that the same pixels are averaged as in the whole image.
    """
    corners = np.array([[0, 0], [size - 1, 0], [0, size - 1], [size - 1, size - 1]], np.float64)
    inside = transform_points(np.linalg.inv(crop), corners)
    spare = 2 * reduction  # the neighbours that the warp mixes
    height, width = image.shape[:2]
    low = np.floor((inside.min(axis=0) - spare) / reduction).astype(int) * reduction
    high = np.ceil((inside.max(axis=0) + spare) / reduction).astype(int) * reduction
    left, top = np.clip(low, 0, ((width - 1) // reduction * reduction, (height - 1) // reduction * reduction)).tolist()
    right, bottom = np.clip(high, (left + 1, top + 1), (max(width, left + 1), max(height, top + 1))).tolist()
    moved = crop.copy()
    moved[:2, 2] += crop[:2, :2] @ (left, top)
    return image[top:bottom, left:right], moved
