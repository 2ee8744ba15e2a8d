"""Write a pose store: one pass, constant memory, complete or absent."""

from __future__ import annotations

import contextlib
import hashlib
import json
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Any

import h5py
import numpy as np

from pose3d.data.schema import (
    AUGMENTABLE,
    COLUMNS,
    COLUMNS_2D,
    COLUMNS_3D,
    IMAGES,
    MASKS,
    PARTS,
    SCHEMA_VERSION,
    STORED_JOINT_SETS,
    UNIT_2D,
    UNIT_3D,
)
from pose3d.errors import PoseError
from pose3d.files import whole_file

ROWS_PER_CHUNK = 256
BYTES_PER_CHUNK = 1 << 18
FLUSH_BYTES = 1 << 23


class _Growing:
    """A resizable dataset that hashes what is appended to it."""

    def __init__(self, file: h5py.File, name: str, row_shape: tuple[int, ...], dtype: str, rows_per_chunk: int) -> None:
        # An explicit fill value makes HDF5 clear the unused end of the last chunk: the same bytes on every run.
        self.dataset = file.create_dataset(
            name,
            shape=(0, *row_shape),
            maxshape=(None, *row_shape),
            chunks=(rows_per_chunk, *row_shape),
            dtype=dtype,
            fillvalue=0,
            track_times=False,
        )
        self.sha256 = hashlib.sha256()

    def append(self, rows: np.ndarray) -> None:
        start = self.dataset.shape[0]
        self.dataset.resize(start + len(rows), axis=0)
        self.dataset[start:] = rows
        self.sha256.update(rows.tobytes())

    def finish(self) -> None:
        self.dataset.attrs["sha256"] = self.sha256.hexdigest()


class _Encoded:
    """Encoded files end to end, `data` and `offset`."""

    def __init__(self, file: h5py.File, group: str) -> None:
        self.file, self.group = file, group
        self.data: _Growing | None = None
        self.pending: list[bytes] = []
        self.pending_bytes = 0
        self.offset = [0]

    def append(self, encoded: bytes) -> None:
        self.pending.append(encoded)
        self.pending_bytes += len(encoded)
        self.offset.append(self.offset[-1] + len(encoded))

    def flush(self) -> None:
        if not self.pending_bytes:
            return
        if self.data is None:
            self.data = _Growing(self.file, f"{self.group}/data", (), "|u1", BYTES_PER_CHUNK)
        self.data.append(np.frombuffer(b"".join(self.pending), np.uint8))
        self.pending, self.pending_bytes = [], 0

    def finish(self) -> None:
        self.flush()
        if self.data is None:
            return
        self.data.finish()
        offset = _Growing(self.file, f"{self.group}/offset", (), "<i8", 4096)
        offset.append(np.asarray(self.offset, "<i8"))
        offset.finish()


class StoreWriter:
    """Context manager that writes a pose store, whole or not at all.

    Args:
        path: the HDF5 file to write (replaced if it exists).
        joint_set: "mpi_inf_3dhp_28" or "mpi_inf_3dhp_17", the order of every joint column.
        source: name of the data set, e.g. "embedded/studio3d".
        generator: name and version of the program that made the data.
        seed: random seed of the data.
        sequence_names: names that the column `sequence` indexes.
        activity_names: names that the column `activity` indexes.
        scene_names: names that the column `scene` indexes.
        augmentable: for each sequence, the regions that may be recoloured (of schema.AUGMENTABLE); default: none.
        attrs: further attributes (numbers, strings, lists, dicts), e.g. how frames were sampled.
    """

    def __init__(
        self,
        path: str | Path,
        *,
        joint_set: str,
        source: str,
        generator: str = "",
        seed: int = 0,
        sequence_names: Sequence[str] = (),
        activity_names: Sequence[str] = (),
        scene_names: Sequence[str] = (),
        augmentable: Sequence[Sequence[str]] | None = None,
        **attrs: Any,
    ) -> None:
        if joint_set not in STORED_JOINT_SETS:
            raise PoseError(f"unknown joint set {joint_set!r} for {path}; use one of {', '.join(STORED_JOINT_SETS)}")
        parts = [list(part) for part in augmentable] if augmentable is not None else [[] for _ in sequence_names]
        if len(parts) != len(sequence_names) or not {p for part in parts for p in part} <= set(AUGMENTABLE):
            raise PoseError(f"augmentable of {path} must list, for each sequence, some of {', '.join(AUGMENTABLE)}")
        self.path = Path(path)
        self.num_joints = len(STORED_JOINT_SETS[joint_set].names)
        self.attrs: dict[str, Any] = {
            "schema_version": SCHEMA_VERSION,
            "joint_set": joint_set,
            "unit_3d": UNIT_3D,
            "unit_2d": UNIT_2D,
            "source": source,
            "generator": generator,
            "seed": seed,
            "sequence_names": list(sequence_names),
            "activity_names": list(activity_names),
            "scene_names": list(scene_names),
            "augmentable": parts,
            **attrs,
        }
        self.num_samples = 0
        self._columns: dict[str, _Growing] = {}
        self._rows: dict[str, list[np.ndarray]] = {}

    def __enter__(self) -> StoreWriter:
        self._whole = whole_file(self.path)
        # "earliest" keeps the file readable everywhere and its object headers free of time stamps.
        self._file = h5py.File(self._whole.__enter__(), "w", libver="earliest")
        self._images = _Encoded(self._file, IMAGES)
        self._masks = _Encoded(self._file, MASKS)
        self._part_labels = _Encoded(self._file, PARTS)
        return self

    def append(self, image: bytes, mask: bytes | None = None, part_labels: bytes | None = None, **labels: Any) -> None:
        """Add one sample: a JPEG or PNG, one-channel PNGs of region bits and of body parts, and every label column."""
        if not self._columns:
            self._create_columns(labels)
        if labels.keys() != self._columns.keys():
            different = ", ".join(sorted(labels.keys() ^ self._columns.keys()))
            raise PoseError(f"sample {self.num_samples} of {self.path} has other columns than the first: {different}")
        for name, value in labels.items():
            shape = COLUMNS[name].shape_for(self.num_joints)
            row = np.asarray(value, dtype=COLUMNS[name].dtype)
            if row.shape != shape:
                raise PoseError(f"{name} of sample {self.num_samples} of {self.path} is {row.shape}, not {shape}")
            # A copy: the caller may reuse its array before the rows are written.
            self._rows[name].append(row.copy())
        self._images.append(image)
        self._masks.append(mask or b"")
        self._part_labels.append(part_labels or b"")
        self.num_samples += 1
        if self.num_samples % ROWS_PER_CHUNK == 0 or self._images.pending_bytes > FLUSH_BYTES:
            self._flush()

    def _create_columns(self, labels: dict[str, Any]) -> None:
        names = set(labels)
        needed = set(COLUMNS_2D) | (set(COLUMNS_3D) if names & {"joints_3d", "joints_3d_univ"} else set())
        if missing := needed - names:
            raise PoseError(f"samples of {self.path} lack the columns {', '.join(sorted(missing))}")
        if unknown := names - set(COLUMNS):
            raise PoseError(f"samples of {self.path} have columns that the schema lacks: {', '.join(sorted(unknown))}")
        for name in COLUMNS:
            if name in names:
                column = COLUMNS[name]
                shape = column.shape_for(self.num_joints)
                self._columns[name] = _Growing(self._file, name, shape, column.dtype, ROWS_PER_CHUNK)
                self._rows[name] = []

    def _flush(self) -> None:
        for name, rows in self._rows.items():
            if rows:
                self._columns[name].append(np.stack(rows))
                rows.clear()
        self._images.flush()
        self._masks.flush()
        self._part_labels.flush()

    def _finish(self) -> None:
        if self.num_samples == 0:
            raise PoseError(f"nothing was written to {self.path}: no sample was given")
        self._flush()
        for column in self._columns.values():
            column.finish()
        self._images.finish()
        self._masks.finish()
        self._part_labels.finish()
        for name, value in self.attrs.items():
            self._file.attrs[name] = json.dumps(value) if isinstance(value, list | dict | tuple) else value
        self._file.close()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with contextlib.ExitStack() as stack:
            stack.push(self._whole)
            stack.callback(self._close)
            if error is not None:
                raise error
            self._finish()

    def _close(self) -> None:
        # After a full disk HDF5 cannot even close the file without an error; the half-written file goes either way.
        with contextlib.suppress(Exception):
            self._file.close()
