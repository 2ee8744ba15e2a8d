"""From the full image to the square crop that the networks see, as one matrix (decisions G3, G4).

Everything here is a (3, 3) matrix between pixel coordinates whose integers are pixel centres, so that a crop of size S
covers [-0.5, S - 0.5]. Labels go through `transform_points` with the very matrix that warped the image.
"""

from __future__ import annotations

from typing import TypeVar

import cv2
import numpy as np
from torch import Tensor

from pose3d.errors import PoseError

Array = TypeVar("Array", np.ndarray, Tensor)

MIN_SIDE_PX = 8.0
"""No crop is cut smaller than this; a person of one labelled joint has a box without area."""


def tight_box(joints_2d: np.ndarray, labelled: np.ndarray | None = None) -> np.ndarray:
    """Box x, y, w, h (4,) around joints (J, 2); `labelled` (J,) bool leaves joints out. No joint: a zero box."""
    joints = joints_2d if labelled is None else joints_2d[labelled]
    if not len(joints):
        return np.zeros(4, np.float32)
    low = joints.min(axis=0)
    return np.concatenate([low, joints.max(axis=0) - low]).astype(np.float32)


def square_box(bbox: np.ndarray, margin: float = 1.25) -> tuple[np.ndarray, float]:
    """Centre (2,) and side of the square around a tight box x, y, w, h, grown by `margin` (G3), px."""
    centre = bbox[:2] + bbox[2:] / 2
    side = float(max(bbox[2], bbox[3])) * margin
    return centre.astype(np.float64), max(side, MIN_SIDE_PX)


def whole_square(size: np.ndarray) -> tuple[np.ndarray, float]:
    """Centre (2,) and side of the smallest square that holds a whole image of `size` (width, height), px."""
    width_height = np.asarray(size, np.float64)
    return (width_height - 1) / 2, float(width_height.max())


def crop_matrix(
    centre: np.ndarray,
    side: float,
    size: int,
    scale: float = 1.0,
    rotation_deg: float = 0.0,
    flip: bool = False,
) -> np.ndarray:
    """`crop_from_img` (3, 3) float64: the square of `side` px about `centre` fills a crop of `size` px.

    `scale` shrinks the person about the centre (0.7 in the paper's second copy), `rotation_deg` turns the image content
    from x towards y (clockwise on screen), and `flip` mirrors it left to right, in that order.
    """
    if size < 1 or scale <= 0:
        raise PoseError(f"a crop of {size} px at scale {scale} is not possible; both must be above zero")
    angle = np.deg2rad(rotation_deg)
    zoom = scale * size / side
    linear = zoom * np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    if flip:
        linear[0] = -linear[0]
    matrix = np.eye(3)
    matrix[:2, :2] = linear
    matrix[:2, 2] = (size - 1) / 2 - linear @ centre
    return matrix


def roll_matrix(rotation_deg: float = 0.0, flip: bool = False) -> np.ndarray:
    """What `crop_matrix`'s rotation and flip do to camera coordinates: (3, 3), about and across the optical axis."""
    angle = np.deg2rad(rotation_deg)
    cos, sin = np.cos(angle), np.sin(angle)
    mirror = -1.0 if flip else 1.0
    return np.array([[mirror * cos, -mirror * sin, 0.0], [sin, cos, 0.0], [0.0, 0.0, 1.0]])


def image_from_roll(roll: np.ndarray, intrinsics: np.ndarray) -> np.ndarray:
    """The image motion K A K^-1 (3, 3) that equals rolling the scene by A = `roll_matrix(...)` before the camera K.

    Points moved by A and pixels moved by this matrix belong together under the unchanged intrinsics.
    """
    return np.asarray(intrinsics @ roll @ np.linalg.inv(intrinsics))


def transform_points(matrix: Array, points: Array) -> Array:
    """Apply affine matrices (..., 3, 3) to points (..., J, 2); numpy and torch alike."""
    return points @ matrix[..., :2, :2].mT + matrix[..., None, :2, 2]


def zoom_of(crop_from_img: np.ndarray) -> float:
    """Crop pixels per image pixel."""
    return float(np.sqrt(abs(np.linalg.det(crop_from_img[:2, :2]))))


def decode_reduction(crop_from_img: np.ndarray) -> int:
    """How coarsely (1, 2, 4, 8) an image may be decoded for this crop.

    Decoding at 1/r costs far less and averages where the warp, which reads four neighbours, would skip pixels. The
    coarse image is allowed to be up to a fifth smaller than the crop asks for: no difference that can be seen.
    """
    zoom = zoom_of(crop_from_img)
    return next((r for r in (8, 4, 2) if zoom * r <= 1.25), 1)


def warp_crop(
    image: np.ndarray, crop_from_img: np.ndarray, size: int, reduction: int = 1, nearest: bool = False
) -> np.ndarray:
    """The crop (size, size[, C]) of `image`, zero outside it (G3).

    `image` may have been decoded at 1/`reduction`, while `crop_from_img` always speaks of full-size pixels: the pixel x
    of the reduced image is (x + 0.5) * reduction - 0.5 of the full one. `nearest` keeps label images unmixed.
    """
    half = (reduction - 1) / 2
    img_from_reduced = np.array([[reduction, 0, half], [0, reduction, half], [0, 0, 1.0]])
    matrix = (crop_from_img @ img_from_reduced)[:2]
    flags = cv2.INTER_NEAREST if nearest else cv2.INTER_LINEAR
    # OpenCV warps four channels in less than half the time of three, to the same numbers.
    padded = image.ndim == 3 and image.shape[2] == 3
    source = cv2.cvtColor(image, cv2.COLOR_RGB2RGBA) if padded else image
    crop = cv2.warpAffine(source, matrix, (size, size), flags=flags, borderMode=cv2.BORDER_CONSTANT)
    return np.asarray(cv2.cvtColor(crop, cv2.COLOR_RGBA2RGB) if padded else crop)
