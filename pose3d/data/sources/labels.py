"""Columns that every reader derives from joints: box, visibility, head size, and the sample put together."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from pose3d.data.sources.framing import Framing, Window, encode_jpeg, encode_png
from pose3d.data.sources.plan import Sample
from pose3d.skeleton import MPI_INF_3DHP_17, MPI_INF_3DHP_28, JointSet, remap

RELEVANT_17 = remap(MPI_INF_3DHP_28, MPI_INF_3DHP_17)

# MPII's head size is 0.6 times the diagonal of the head's box; here the box is as high as neck to head top and three
# quarters as wide.
HEAD_UNIT = 0.6 * float(np.hypot(1.0, 0.75))


def inside_image(joints_2d: np.ndarray, image_size: tuple[int, int]) -> np.ndarray:
    """(..., J) bool: whether each joint (..., J, 2) px lies on a pixel of an image (w, h)."""
    low, high = joints_2d >= -0.5, joints_2d < np.asarray(image_size) - 0.5
    return np.asarray((low & high).all(axis=-1))


def finite_rows(where: str, notes: list[str], *labels: np.ndarray) -> np.ndarray:
    """(T,) bool: rows of which every label (T, J, C) is a number; how many are not goes to `notes`."""
    finite = np.ones(len(labels[0]), bool)
    for values in labels:
        finite &= np.isfinite(values[: len(finite)]).all(axis=(1, 2))
    if bad := int((~finite).sum()):
        first = int(np.flatnonzero(~finite)[0])
        notes.append(f"{where}: {bad} frames left out, their labels hold NaN or infinity (the first is {first})")
    return finite


def joint_box(joints_2d: np.ndarray, labelled: np.ndarray | None = None) -> np.ndarray:
    """x, y, w, h px: tight box of the labelled joints (J, 2), those outside the image too.

    Sets with 28 joints use the 17 relevant ones, so that a box means the same in every store.
    """
    if len(joints_2d) == len(MPI_INF_3DHP_28):
        joints_2d = joints_2d[RELEVANT_17]
        labelled = None if labelled is None else labelled[RELEVANT_17]
    points = joints_2d if labelled is None else joints_2d[labelled]
    low, high = points.min(axis=0), points.max(axis=0)
    return np.concatenate([low, np.maximum(high - low, 1.0)])


def head_size(joints_2d: np.ndarray, names: JointSet, labelled: np.ndarray | None = None) -> float:
    """px: the unit of PCKh where no head box was drawn, HEAD_UNIT times the distance from neck to head top.

    Where one of the two is not labelled, or the head points at the camera: a tenth of the box's diagonal.
    """
    top, neck = names.index("head_top"), names.index("neck")
    fallback = 0.1 * float(np.hypot(*joint_box(joints_2d, labelled)[2:]))
    if labelled is not None and not (labelled[top] and labelled[neck]):
        return fallback
    return max(HEAD_UNIT * float(np.linalg.norm(joints_2d[top] - joints_2d[neck])), fallback)


def head_size_3d(joints_3d: np.ndarray, names: JointSet, focal: float) -> float:
    """px: the same from 3D joints (J, 3) mm, so that it does not shrink when someone looks at the camera."""
    top, neck = joints_3d[names.index("head_top")], joints_3d[names.index("neck")]
    return HEAD_UNIT * float(np.linalg.norm(top - neck)) * focal / ((top[2] + neck[2]) / 2)


def fit_intrinsics(joints_2d: np.ndarray, joints_3d: np.ndarray) -> np.ndarray:
    """(3, 3) pinhole camera that projects (..., 3) mm onto (..., 2) px best, by least squares (decision D8)."""
    points, pixels = joints_3d.reshape(-1, 3).astype(np.float64), joints_2d.reshape(-1, 2).astype(np.float64)
    usable = np.isfinite(points).all(axis=1) & np.isfinite(pixels).all(axis=1) & (points[:, 2] > 1.0)
    points, pixels = points[usable], pixels[usable]
    intrinsics = np.eye(3)
    for axis in (0, 1):
        ray = np.stack([points[:, axis] / points[:, 2], np.ones(len(points))], axis=1)
        (focal, center), *_ = np.linalg.lstsq(ray, pixels[:, axis], rcond=None)
        intrinsics[axis, axis], intrinsics[axis, 2] = focal, center
    return intrinsics


def project(joints_3d: np.ndarray, intrinsics: np.ndarray) -> np.ndarray:
    """(..., 3) mm to (..., 2) px."""
    pixels = joints_3d @ intrinsics.T
    return np.asarray(pixels[..., :2] / pixels[..., 2:])


def make_sample(
    image: np.ndarray,
    *,
    framing: Framing,
    joints_2d: np.ndarray,
    names: JointSet,
    ids: dict[str, int],
    labelled: np.ndarray | None = None,
    regions: Callable[[Window], np.ndarray] | None = None,
    part_labels: Callable[[Window], np.ndarray] | None = None,
    encoded: bytes | None = None,
    head_px: float | None = None,
    three_d: dict[str, np.ndarray] | None = None,
    box: np.ndarray | None = None,
) -> Sample:
    """Cut, encode and label one person.

    Args:
        image: (H, W, 3) uint8 BGR, full image.
        joints_2d: (J, 2) px, full image; `names` says which joints.
        ids: subject, sequence, activity, scene, camera, frame.
        labelled: (J,) bool; None = all.
        regions: gives the (h, w) uint8 region bits of the stored window.
        part_labels: gives the (h, w) uint8 body parts of the stored window.
        encoded: the file of `image`; stored as it is where the whole image is kept.
        head_px: unit of PCKh in the full image; None derives it from the joints.
        three_d: joints_3d, joints_3d_univ, intrinsics (full image), cam_from_world; None for 2D sets.
        box: (4,) x, y, w, h px of the person in the full image; None: the tight box of the joints.
    """
    full_size = (image.shape[1], image.shape[0])
    window: Window = framing.window(joint_box(joints_2d, labelled) if box is None else box, full_size)
    whole = window.size == full_size
    stored = window.move_joints(joints_2d)
    matrix = window.stored_from_img
    if head_px is None:
        head_px = (
            head_size(joints_2d, names, labelled)
            if three_d is None or labelled is not None
            else head_size_3d(three_d["joints_3d"], names, float(three_d["intrinsics"][0, 0]))
        )
    if labelled is not None:
        stored = np.where(labelled[:, None], stored, 0.0)
    visible = inside_image(stored, window.size)
    labels: dict[str, Any] = {
        "joints_2d": stored,
        "visible": visible if labelled is None else visible & labelled,
        "bbox": joint_box(stored, labelled) if box is None else window.move_box(box),
        "head_size": head_px * float(np.sqrt(matrix[0, 0] * matrix[1, 1])),
        "image_size": window.size,
        **ids,
    }
    if three_d is not None:
        labels |= three_d | {"intrinsics": matrix @ three_d["intrinsics"]}
    jpeg = encoded if whole and encoded is not None else encode_jpeg(window.cut(image))
    mask, parts = (None if cut is None else encode_png(cut(window)) for cut in (regions, part_labels))
    return Sample(jpeg, mask, labels, parts)
