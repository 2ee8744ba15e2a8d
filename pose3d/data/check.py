"""Checks of a pose store: is it complete, and do its labels fit together? What `pose3d check` prints.

A check is a function from a store to findings; `CHECKS` lists those that read labels only. An *error* is certain and
makes the file unfit for use; a *warning* is likely worth a look and may be a property of the data set.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import h5py
import numpy as np

from pose3d.data.schema import CHAIR, COLUMNS, ENCODED, LOWER, NUM_PARTS, PERSON, UPPER
from pose3d.data.store import PoseStore
from pose3d.errors import PoseError
from pose3d.skeleton import MPI_INF_3DHP_17, remap

_BLOCK_BYTES = 1 << 24
_SHOWN = 6
_EXACT_PX = 0.05
_DISTORTED_PX = 10.0
_THIGH_MM = (200.0, 700.0)
_BOX_SLACK = 0.05
_PROPORTIONAL_MM = 1.0
_FEW = 3
_ALL_BITS = PERSON | UPPER | LOWER | CHAIR


@dataclass(frozen=True)
class Finding:
    """One thing that is wrong: `what`, `where` (samples, dataset), and what to do about it (`advice`)."""

    kind: Literal["error", "warning"]
    where: str
    what: str
    advice: str

    def __str__(self) -> str:
        return f"{self.kind}: {self.where}: {self.what}; {self.advice}"


_REMAKE = "make the file again"


def _samples(bad: Any) -> str:
    """ "samples 3, 8 and 12 more" of a mask or a list of indices."""
    rows = np.flatnonzero(bad) if bad.dtype == bool else bad
    more = f" and {len(rows) - _SHOWN} more" if len(rows) > _SHOWN else ""
    return f"sample{'s' * (len(rows) > 1)} {', '.join(map(str, rows[:_SHOWN]))}{more}"


def check_store(
    path: str | Path, sample: int | None = None, track: Callable[[Iterable[int]], Iterable[int]] = iter
) -> Iterator[Finding]:
    """Every finding about the store at `path`; a file that cannot even be opened is a PoseError.

    Args:
        path: the store.
        sample: decode only so many images and masks, evenly spaced; None: all.
        track: wraps the walk over images, for a progress bar.
    """
    store = PoseStore(path)
    yield from _checksums(store.path)
    for check in CHECKS:
        yield from check(store)
    count = len(store) if sample is None else min(sample, len(store))
    chosen = (np.arange(count) * len(store) // max(count, 1)).tolist()
    yield from _pictures(store, track(chosen))
    yield from _duplicates(store)


def _checksums(path: Path) -> Iterator[Finding]:
    """Every dataset against the SHA-256 that was recorded when it was written."""
    with h5py.File(path, "r", locking=False) as file:
        names = [name for name in COLUMNS if name in file]
        names += [f"{group}/{part}" for group in ENCODED if group in file for part in ("data", "offset")]
        for name in names:
            dataset = file[name]
            recorded = dataset.attrs.get("sha256")
            if recorded is None:
                yield Finding("error", name, "no checksum is recorded", _REMAKE)
                continue
            sha256 = hashlib.sha256()
            rows = max(1, _BLOCK_BYTES // (dataset.dtype.itemsize * int(np.prod(dataset.shape[1:], dtype=int))))
            try:
                for start in range(0, len(dataset), rows):
                    sha256.update(dataset[start : start + rows].tobytes())
            except OSError as error:
                yield Finding("error", name, f"cannot be read ({error})", "copy or make the file again")
                continue
            if sha256.hexdigest() != recorded:
                yield Finding("error", name, "its bytes are not those that were written", "copy or make the file again")


def _numbers(store: PoseStore) -> Iterator[Finding]:
    """NaN and infinity, except in 2D joints that are not labelled."""
    visible = store.labels("visible")
    if (bad := (visible > 1).any(axis=1)).any():
        yield Finding("error", _samples(bad), "visible holds other values than 0 and 1", _REMAKE)
    for name, column in COLUMNS.items():
        if not store.has(name) or "f" not in column.dtype:
            continue
        finite = np.isfinite(store.labels(name))
        if name == "joints_2d":
            finite |= ~visible.astype(bool)[..., None]
        if (bad := ~finite.reshape(len(finite), -1).all(axis=1)).any():
            yield Finding("error", _samples(bad), f"{name} holds NaN or infinity", "leave these samples out")


def _names(store: PoseStore) -> Iterator[Finding]:
    """Index columns within their lists of names."""
    for name in ("sequence", "activity", "scene"):
        names, ids = store.attrs[f"{name}_names"], store.labels(name)
        if (bad := (ids < 0) | (ids >= len(names))).any():
            yield Finding("error", _samples(bad), f"{name} points outside the {len(names)} {name}_names", _REMAKE)
    if len(store.attrs["augmentable"]) != len(store.attrs["sequence_names"]):
        yield Finding("error", "augmentable", "it has not one entry for each sequence", _REMAKE)


def _units(store: PoseStore) -> Iterator[Finding]:
    """Millimetres, pixels, and people in front of the camera; cameras that are cameras."""
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
            yield Finding("error", _samples(bad), what, "store millimetres")
    if store.has("joints_3d") and (bad := (store.labels("joints_3d")[..., 2] <= 0).any(axis=1)).any():
        yield Finding("error", _samples(bad), "joints lie behind the camera", "check axes: x right, y down, z forward")
    if store.has("intrinsics"):
        matrix = store.labels("intrinsics")
        bad = (matrix[:, [0, 1], [0, 1]] <= 0).any(axis=1) | ~np.isclose(matrix[:, 2], (0, 0, 1)).all(axis=1)
        if bad.any():
            yield Finding("error", _samples(bad), "intrinsics are no pinhole camera", "check their order of numbers")
    if store.has("cam_from_world"):
        turn = store.labels("cam_from_world")[:, :3, :3]
        right = np.isclose(turn @ turn.mT, np.eye(3), atol=1e-3).all(axis=(1, 2)) & (np.linalg.det(turn) > 0)
        if not right.all():
            yield Finding("error", _samples(~right), "cam_from_world holds no rotation", "check its order of numbers")


def _in_range(millimetres: float) -> bool:
    return _THIGH_MM[0] < millimetres < _THIGH_MM[1]


def _boxes(store: PoseStore) -> Iterator[Finding]:
    """Boxes, 2D joints and image size agree."""
    order = remap(store.joint_set, MPI_INF_3DHP_17)
    bbox, size = store.labels("bbox"), store.labels("image_size")
    joints = store.labels("joints_2d")
    visible = store.labels("visible").astype(bool)
    outside = visible & ((joints < -0.5) | (joints > size[:, None] - 0.5)).any(axis=-1)
    if (bad := outside.any(axis=1)).any():
        yield Finding("error", _samples(bad), "joints marked visible lie outside the image", _REMAKE)
    low, high = bbox[:, :2], bbox[:, :2] + bbox[:, 2:]
    if (bad := (bbox[:, 2:] <= 0).any(axis=1)).any():
        yield Finding("error", _samples(bad), "the box has no area", "leave these samples out")
    if (bad := ((high < 0) | (low > size)).any(axis=1)).any():
        yield Finding("error", _samples(bad), "the box lies outside the image", "leave these samples out")
    slack = 2 + _BOX_SLACK * bbox[:, 2:].max(axis=1)[:, None, None]
    known = (order >= 0) & visible[:, order]
    far = ((joints[:, order] < low[:, None] - slack) | (joints[:, order] > high[:, None] + slack)).any(axis=-1)
    if (bad := (far & known).any(axis=1)).any():
        yield Finding("error", _samples(bad), "joints lie outside their box", "the box is x, y, width, height in px")
    if (bad := store.labels("head_size") <= 0).any():
        yield Finding("warning", _samples(bad), "head_size is not above zero", "PCKh leaves these samples out")


def _projection_error(store: PoseStore, name: str) -> np.ndarray:
    """(N,) px: the farthest that a joint of `name` projects from its 2D label."""
    points = store.labels(name).astype(np.float64) @ store.labels("intrinsics").astype(np.float64).mT
    depth = np.where(points[..., 2:] > 0, points[..., 2:], np.nan)
    distance = np.linalg.norm(points[..., :2] / depth - store.labels("joints_2d"), axis=-1)
    # Joints that the data set never labels have no 2D label to compare with.
    labelled = store.labels("visible").any(axis=0)
    return np.asarray(np.nan_to_num(distance, nan=np.inf)[:, labelled].max(axis=1, initial=0.0))


def _projection(store: PoseStore) -> Iterator[Finding]:
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
            yield Finding("error", _samples(bad), what, "these labels do not belong together")


def _universal(store: PoseStore) -> Iterator[Finding]:
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
        yield Finding("error", _samples(bad), what, "these labels do not belong together")


def _factors(ratio: np.ndarray, sequence: np.ndarray, subject: np.ndarray) -> np.ndarray:
    """(N,) the factor of each sample's person in its sequence; of few samples the sequence's."""
    expected = np.empty_like(ratio)
    for one in np.unique(sequence):
        expected[sequence == one] = np.median(ratio[sequence == one])
        for person in np.unique(subject[sequence == one]):
            mine = (sequence == one) & (subject == person)
            if mine.sum() >= _FEW:
                expected[mine] = np.median(ratio[mine])
    return expected


def _pictures(store: PoseStore, rows: Iterable[int]) -> Iterator[Finding]:
    """Images, masks and part labels decode, have the size that the labels say, and hold what they may."""
    size = store.labels("image_size")
    for row in rows:
        where = f"sample {row}"
        try:
            encoded = store.image_bytes(row)
            pictures = {"image": store.image(row)}
            if store.has_mask(row):
                pictures["mask"] = store.mask(row)
            if store.has_part_labels(row):
                pictures["part-label image"] = store.part_labels(row)
        except PoseError as error:
            yield Finding("error", where, str(error).split(";")[0], "make or copy the file again")
            continue
        if encoded[:2] == b"\xff\xd8" and encoded[-2:] != b"\xff\xd9":
            yield Finding("error", where, "its JPEG is cut short", "make or copy the file again")
        for kind, picture in pictures.items():
            if picture.shape[1::-1] != tuple(size[row]):
                shape = f"{picture.shape[1]} x {picture.shape[0]}"
                what = f"its {kind} is {shape} px, image_size says {size[row][0]} x {size[row][1]}"
                yield Finding("error", where, what, _REMAKE)
        mask = pictures.get("mask")
        if mask is not None and (mask.ndim != 2 or int(mask.max()) > _ALL_BITS):
            yield Finding("error", where, "its mask is no image of region bits (0 to 15, one channel)", _REMAKE)
        parts = pictures.get("part-label image")
        if parts is not None and (parts.ndim != 2 or int(parts.max()) > NUM_PARTS):
            what = f"its part labels are no image of body parts (0 to {NUM_PARTS}, one channel)"
            yield Finding("error", where, what, _REMAKE)


def _duplicates(store: PoseStore) -> Iterator[Finding]:
    """The same picture twice: with 3D labels always a mistake, in 2D sets only with the same joints (crowds)."""
    joints = store.labels("joints_2d")
    first: dict[bytes, int] = {}
    again = []
    for row in range(len(store)):
        earlier = first.setdefault(_identity(store, row, joints), row)
        if earlier != row:
            again.append((row, earlier))
    if again:
        what = f"the image was there before (sample {again[0][0]} repeats sample {again[0][1]})"
        rows = np.array([row for row, _ in again])
        yield Finding("error", _samples(rows), what, "check the frame numbers, leave the repeats out")


def _identity(store: PoseStore, row: int, joints: np.ndarray) -> bytes:
    """Digest of what makes a sample the same as another."""
    key = hashlib.sha256(store.image_bytes(row))
    if not store.has("joints_3d"):
        key.update(joints[row].tobytes())
    return key.digest()


CHECKS: tuple[Callable[[PoseStore], Iterator[Finding]], ...] = (
    _numbers,
    _names,
    _units,
    _boxes,
    _projection,
    _universal,
)
