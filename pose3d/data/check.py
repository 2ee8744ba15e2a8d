"""Checks of a pose store: is it complete, and do its labels fit together? What `pose3d check` prints.

A check is a function from a store to findings; `CHECKS` lists those that read labels only. An *error* is certain and
makes the file unfit for use; a *warning* is likely worth a look and may be a property of the data set.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import h5py
import numpy as np

from pose3d.data import check_labels
from pose3d.data.finding import REMAKE, Finding, samples
from pose3d.data.schema import CHAIR, COLUMNS, ENCODED, LOWER, NUM_PARTS, PERSON, UPPER
from pose3d.data.store import PoseStore
from pose3d.errors import PoseError

_BLOCK_BYTES = 1 << 24
_ALL_BITS = PERSON | UPPER | LOWER | CHAIR


def check_store(
    path: str | Path, sample: int | None = None, track: Callable[[Iterable[int]], Iterable[int]] = iter
) -> Iterator[Finding]:
    """All findings about the store at `path`; a file that cannot be opened raises PoseError.

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
                yield Finding("error", name, "no checksum is recorded", REMAKE)
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
        yield Finding("error", samples(bad), "visible holds other values than 0 and 1", REMAKE)
    for name, column in COLUMNS.items():
        if not store.has(name) or "f" not in column.dtype:
            continue
        finite = np.isfinite(store.labels(name))
        if name == "joints_2d":
            finite |= ~visible.astype(bool)[..., None]
        if (bad := ~finite.reshape(len(finite), -1).all(axis=1)).any():
            yield Finding("error", samples(bad), f"{name} holds NaN or infinity", "leave these samples out")


def _names(store: PoseStore) -> Iterator[Finding]:
    """Index columns within their lists of names."""
    for name in ("sequence", "activity", "scene"):
        names, ids = store.attrs[f"{name}_names"], store.labels(name)
        if (bad := (ids < 0) | (ids >= len(names))).any():
            yield Finding("error", samples(bad), f"{name} points outside the {len(names)} {name}_names", REMAKE)
    if len(store.attrs["augmentable"]) != len(store.attrs["sequence_names"]):
        yield Finding("error", "augmentable", "it has not one entry for each sequence", REMAKE)


def _pictures(store: PoseStore, rows: Iterable[int]) -> Iterator[Finding]:
    """Images, masks and part labels decode, have the labelled size, and hold valid values."""
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
                yield Finding("error", where, what, REMAKE)
        mask = pictures.get("mask")
        if mask is not None and (mask.ndim != 2 or int(mask.max()) > _ALL_BITS):
            yield Finding("error", where, "its mask is no image of region bits (0 to 15, one channel)", REMAKE)
        parts = pictures.get("part-label image")
        if parts is not None and (parts.ndim != 2 or int(parts.max()) > NUM_PARTS):
            what = f"its part labels are no image of body parts (0 to {NUM_PARTS}, one channel)"
            yield Finding("error", where, what, REMAKE)


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
        yield Finding("error", samples(rows), what, "check the frame numbers, leave the repeats out")


def _identity(store: PoseStore, row: int, joints: np.ndarray) -> bytes:
    """Digest of what makes a sample the same as another."""
    key = hashlib.sha256(store.image_bytes(row))
    if not store.has("joints_3d"):
        key.update(joints[row].tobytes())
    return key.digest()


CHECKS: tuple[Callable[[PoseStore], Iterator[Finding]], ...] = (
    _numbers,
    _names,
    check_labels.units,
    check_labels.boxes,
    check_labels.projection,
    check_labels.universal,
)
