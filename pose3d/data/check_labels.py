"""Checks of a pose store's labels: units, boxes, and whether 2D and 3D belong together."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from pose3d.data.finding import REMAKE, Finding, samples
from pose3d.data.store import PoseStore
from pose3d.skeleton import MPI_INF_3DHP_17, remap

_EXACT_PX = 0.05
_DISTORTED_PX = 10.0
_THIGH_MM = (200.0, 700.0)
_BOX_SLACK = 0.05
_PROPORTIONAL_MM = 1.0
_FEW = 3


def units(store: PoseStore) -> Iterator[Finding]:
    """Millimetres, pixels, people in front of the camera, and valid camera matrices."""
    order = remap(store.joint_set, MPI_INF_3DHP_17)
    names = MPI_INF_3DHP_17.names
    for name in ("joints_3d", "joints_3d_univ"):
        if not store.has(name):
            continue
        joints = store.labels(name)[:, order]
        thighs = [joints[:, names.index(f"{s}_hip")] - joints[:, names.index(f"{s}_knee")] for s in "lr"]
        thigh = np.linalg.norm(thighs, axis=-1).mean(axis=0)
        bad = ~((thigh > _THIGH_MM[0]) & (thigh < _THIGH_MM[1]))
        if bad.any():
            middle = float(np.nanmedian(thigh))
            unit = next((u for u, f in (("metres", 1000), ("centimetres", 10)) if _in_range(middle * f)), None)
            what = f"{name} seems to be in {unit}" if unit else f"thighs of {name} measure {middle:.3g} mm"
            yield Finding("error", samples(bad), what, "store millimetres")
    if store.has("joints_3d") and (bad := (store.labels("joints_3d")[..., 2] <= 0).any(axis=1)).any():
        yield Finding("error", samples(bad), "joints lie behind the camera", "check axes: x right, y down, z forward")
    if store.has("intrinsics"):
        matrix = store.labels("intrinsics")
        bad = (matrix[:, [0, 1], [0, 1]] <= 0).any(axis=1) | ~np.isclose(matrix[:, 2], (0, 0, 1)).all(axis=1)
        if bad.any():
            yield Finding(
                "error", samples(bad), "intrinsics are not a pinhole camera", "check the order of the numbers"
            )
    if store.has("cam_from_world"):
        turn = store.labels("cam_from_world")[:, :3, :3]
        right = np.isclose(turn @ turn.mT, np.eye(3), atol=1e-3).all(axis=(1, 2)) & (np.linalg.det(turn) > 0)
        if not right.all():
            yield Finding(
                "error", samples(~right), "cam_from_world holds no rotation", "check the order of the numbers"
            )


def _in_range(millimetres: float) -> bool:
    return _THIGH_MM[0] < millimetres < _THIGH_MM[1]


def boxes(store: PoseStore) -> Iterator[Finding]:
    """Boxes, 2D joints and image size agree."""
    order = remap(store.joint_set, MPI_INF_3DHP_17)
    bbox, size = store.labels("bbox"), store.labels("image_size")
    joints = store.labels("joints_2d")
    visible = store.labels("visible").astype(bool)
    outside = visible & ((joints < -0.5) | (joints > size[:, None] - 0.5)).any(axis=-1)
    if (bad := outside.any(axis=1)).any():
        yield Finding("error", samples(bad), "joints marked visible lie outside the image", REMAKE)
    low, high = bbox[:, :2], bbox[:, :2] + bbox[:, 2:]
    if (bad := (bbox[:, 2:] <= 0).any(axis=1)).any():
        yield Finding("error", samples(bad), "the box has no area", "leave these samples out")
    if (bad := ((high < 0) | (low > size)).any(axis=1)).any():
        yield Finding("error", samples(bad), "the box lies outside the image", "leave these samples out")
    slack = 2 + _BOX_SLACK * bbox[:, 2:].max(axis=1)[:, None, None]
    known = (order >= 0) & visible[:, order]
    far = ((joints[:, order] < low[:, None] - slack) | (joints[:, order] > high[:, None] + slack)).any(axis=-1)
    if (bad := (far & known).any(axis=1)).any():
        yield Finding("error", samples(bad), "joints lie outside their box", "the box is x, y, width, height in px")
    if (bad := store.labels("head_size") <= 0).any():
        yield Finding("warning", samples(bad), "head_size is not above zero", "PCKh leaves these samples out")


def _projection_error(store: PoseStore, name: str) -> np.ndarray:
    """(N,) px: the farthest that a joint of `name` projects from its 2D label."""
    points = store.labels(name).astype(np.float64) @ store.labels("intrinsics").astype(np.float64).mT
    depth = np.where(points[..., 2:] > 0, points[..., 2:], np.nan)
    distance = np.linalg.norm(points[..., :2] / depth - store.labels("joints_2d"), axis=-1)
    # Joints that the data set never labels have no 2D label to compare with.
    labelled = store.labels("visible").any(axis=0)
    return np.asarray(np.nan_to_num(distance, nan=np.inf)[:, labelled].max(axis=1, initial=0.0))


def projection(store: PoseStore) -> Iterator[Finding]:
    """joints_3d through intrinsics onto joints_2d."""
    if not store.has("joints_3d"):
        return
    error = _projection_error(store, "joints_3d")
    middle, other = float(np.median(error)), float(np.median(_projection_error(store, "joints_3d_univ")))
    if other < min(middle / 2, _DISTORTED_PX) and middle > _EXACT_PX:
        what = "joints_3d_univ fits the 2D joints better than joints_3d"
        yield Finding("error", "joints_3d", what, "the two are mixed up")
    elif middle > _DISTORTED_PX:
        what = f"it projects {middle:.1f} px from the 2D joints (median)"
        yield Finding("error", "joints_3d", what, "check calibration, camera order and frame offset")
    else:
        if middle > _EXACT_PX:
            what = f"it projects {middle:.2f} px from the 2D joints (median)"
            yield Finding("warning", "joints_3d", what, "fine for a lens with distortion, which is not modelled")
        limit = _EXACT_PX if middle <= _EXACT_PX else 5 * middle + _DISTORTED_PX
        if (bad := error > limit).any():
            what = f"joints_3d projects up to {error.max():.1f} px from joints_2d, in the rest {middle:.2g} px"
            yield Finding("error", samples(bad), what, "these labels do not belong together")


def universal(store: PoseStore) -> Iterator[Finding]:
    """joints_3d over joints_3d_univ, root-relative, is one number for each person of a sequence (docs/datasets.md)."""
    if not store.has("joints_3d_univ"):
        return
    root = store.joint_set.root
    true, univ = (store.labels(name).astype(np.float64) for name in ("joints_3d", "joints_3d_univ"))
    true, univ = true - true[:, root, None], univ - univ[:, root, None]
    ratio = (true * univ).sum(axis=(1, 2)) / np.maximum((univ**2).sum(axis=(1, 2)), 1e-9)
    # The median joint: some official sequences had knees and ankles revised.
    residual = np.median(np.linalg.norm(true - ratio[:, None, None] * univ, axis=-1), axis=1)
    if np.median(residual) > _PROPORTIONAL_MM:
        what = f"it is not joints_3d to scale (median residual {np.median(residual):.1f} mm)"
        yield Finding("warning", "joints_3d_univ", what, "fine where limbs were re-targeted, as in Human3.6M")
        return
    expected = _factors(ratio, store.labels("sequence"), store.labels("subject"))
    bad = (residual > _PROPORTIONAL_MM) | (np.abs(ratio - expected) > 2e-3 * expected)
    if bad.any():
        what = "joints_3d and joints_3d_univ do not differ by the one factor of their sequence"
        yield Finding("error", samples(bad), what, "these labels do not belong together")


def _factors(ratio: np.ndarray, sequence: np.ndarray, subject: np.ndarray) -> np.ndarray:
    """(N,) factor of each sample's person in its sequence; with few samples of the person, that of the sequence."""
    expected = np.empty_like(ratio)
    for one in np.unique(sequence):
        expected[sequence == one] = np.median(ratio[sequence == one])
        for person in np.unique(subject[sequence == one]):
            mine = (sequence == one) & (subject == person)
            if mine.sum() >= _FEW:
                expected[mine] = np.median(ratio[mine])
    return expected
