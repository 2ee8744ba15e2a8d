"""Stores of the profile `mini` beside the embedded data set: the lab world, split by subject as in Human3.6M."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Final

import numpy as np

from pose3d.data.schema import COLUMNS
from pose3d.data.store import PoseStore
from pose3d.data.store_writer import StoreWriter

LABS: Final = ("lab3d", "plainlab3d")
SPLITS: Final = {"train": (1, 5, 6, 7, 8), "test": (9, 11)}
"""`<lab>_train.h5` and `<lab>_test.h5`."""
OWN_ATTRIBUTES: Final = ("schema_version", "unit_3d", "unit_2d")
"""Attributes that `StoreWriter` sets itself."""


def lab_of(path: Path) -> Path | None:
    """The lab world that a store is a split of; None for other stores, and if there is no such world beside it."""
    name, _, split = path.stem.rpartition("_")
    lab = path.with_name(f"{name}.h5")
    return lab if name in LABS and split in SPLITS and lab.is_file() else None


def make_stand_ins(paths: Sequence[Path]) -> list[Path]:
    """Write the stores that are splits of a lab world beside them and that are missing or older than it.

    Returns:
        The stores that were written.
    """
    written = []
    for path in dict.fromkeys(paths):
        lab = lab_of(path)
        if lab is None:
            continue
        if not path.is_file() or path.stat().st_mtime < lab.stat().st_mtime:
            select_subjects(lab, path, SPLITS[path.stem.rpartition("_")[2]])
            written.append(path)
    return written


def select_subjects(source: Path, target: Path, subjects: Sequence[int]) -> None:
    """Copy the samples of some people into a new store, bytes and labels unchanged."""
    store = PoseStore(source)
    rows = np.flatnonzero(np.isin(store.labels("subject"), subjects))
    columns = {name: store.labels(name) for name in COLUMNS if store.has(name)}
    attrs = {key: value for key, value in store.attrs.items() if key not in OWN_ATTRIBUTES}
    with StoreWriter(target, **attrs, subjects=list(subjects)) as writer:
        for row in rows.tolist():
            mask = store.mask_bytes(row) if store.has("masks") else None
            writer.append(store.image_bytes(row), mask, **{name: values[row] for name, values in columns.items()})
