"""Read a pose store: cheap to open, picklable, one HDF5 handle per process, and never the whole file in memory."""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import cv2
import h5py
import numpy as np

from pose3d.data.schema import (
    COLUMNS,
    COLUMNS_2D,
    COLUMNS_3D,
    ENCODED,
    IMAGES,
    MASKS,
    PARTS,
    REQUIRED_ATTRS,
    SCHEMA_VERSION,
    STORED_JOINT_SETS,
    UNIT_2D,
    UNIT_3D,
)
from pose3d.data.store_writer import StoreWriter
from pose3d.errors import PoseError
from pose3d.skeleton import JointSet

__all__ = ["PoseStore", "StoreWriter"]

# IGNORE_ORIENTATION: labels are in the pixels of the file, whatever its EXIF header says.
_REDUCED = {1: 0, 2: cv2.IMREAD_REDUCED_GRAYSCALE_2, 4: cv2.IMREAD_REDUCED_GRAYSCALE_4}
_REDUCED |= {8: cv2.IMREAD_REDUCED_GRAYSCALE_8}
_RGB = cv2.IMREAD_COLOR_RGB | cv2.IMREAD_IGNORE_ORIENTATION


class PoseStore:
    """The samples of one pose store.

    Opening reads attributes and shapes only. A process that reads opens its own handle (after a fork too), so the
    object can go to loader workers by fork or by pickle.

    Attributes:
        attrs: the file's attributes, lists decoded.
        joint_set: the order of the joint columns.

    Raises:
        PoseError: the file is missing, cut short, not a pose store, or of another version, unit or joint set.
    """

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)
        self._file: h5py.File | None = None
        self._data: dict[str, h5py.Dataset] = {}
        self._pid = -1
        self.attrs: dict[str, Any]
        with self._reading() as file:
            self.attrs = _read_attrs(file, self.path)
            self._length = _check_layout(file, self.path, self.joint_set)
            self._columns = frozenset(name for name in COLUMNS if name in file)
            self._offsets = {group: file[group]["offset"][:] for group in ENCODED if group in file}
        # Closed again, so that workers that fork from here inherit no open handle.
        self.close()

    @property
    def joint_set(self) -> JointSet:
        """Order of the joints in this file."""
        return STORED_JOINT_SETS[self.attrs["joint_set"]]

    def __len__(self) -> int:
        return self._length

    def __repr__(self) -> str:
        return f"PoseStore({str(self.path)!r}, {len(self)} samples, {self.attrs['joint_set']})"

    def has(self, name: str) -> bool:
        """Whether the column `name`, or the group "masks" or "parts", is in the file."""
        return name in self._columns or name in self._offsets

    @property
    def columns(self) -> frozenset[str]:
        """Names of the label columns in the file."""
        return self._columns

    def labels(self, name: str) -> np.ndarray:
        """The whole column `name`, leading axis N."""
        if name not in self._columns:
            raise PoseError(f"{self.path} has no column {name!r}; it has {', '.join(sorted(self._columns))}")
        with self._reading() as file:
            return np.asarray(file[name][:])

    def image_bytes(self, index: int) -> bytes:
        """The encoded image (JPEG or PNG) as it was stored."""
        return self._encoded(IMAGES, index).tobytes()

    def image(self, index: int, reduce: int = 1) -> np.ndarray:
        """(H, W, 3) uint8 RGB.

        `reduce` = 2, 4, 8 decodes a JPEG at that fraction of its size, which is cheaper; the pixel (x, y) of the full
        image is then at ((x + 0.5) / reduce - 0.5, ...). Other formats are decoded whole and then averaged.
        """
        encoded = self._encoded(IMAGES, index)
        is_jpeg = bytes(encoded[:2]) == b"\xff\xd8"
        image = self._decode(encoded, _RGB | _REDUCED[reduce if is_jpeg else 1], "image", index)
        if reduce > 1 and not is_jpeg:
            image = _average(image, reduce)
        return image

    def mask(self, index: int) -> np.ndarray:
        """(H, W) uint8 region bits (schema.PERSON, UPPER, LOWER, CHAIR)."""
        if not self.has_mask(index):
            raise PoseError(f"sample {index} of {self.path} has no mask")
        return self._decode(self._encoded(MASKS, index), cv2.IMREAD_UNCHANGED, "mask", index)

    def mask_bytes(self, index: int) -> bytes | None:
        """The encoded mask as it was stored; None where sample `index` has none."""
        return self._encoded(MASKS, index).tobytes() if self.has_mask(index) else None

    def has_mask(self, index: int) -> bool:
        """Whether sample `index` has a mask."""
        return self._has_encoded(MASKS, index)

    def part_labels(self, index: int) -> np.ndarray:
        """(H, W) uint8 body parts: 0 background, 1 to schema.NUM_PARTS."""
        if not self.has_part_labels(index):
            raise PoseError(f"sample {index} of {self.path} has no part labels")
        return self._decode(self._encoded(PARTS, index), cv2.IMREAD_UNCHANGED, "part-label image", index)

    def part_label_bytes(self, index: int) -> bytes | None:
        """The encoded part labels as they were stored; None where sample `index` has none."""
        return self._encoded(PARTS, index).tobytes() if self.has_part_labels(index) else None

    def has_part_labels(self, index: int) -> bool:
        """Whether sample `index` has part labels."""
        return self._has_encoded(PARTS, index)

    def with_masks(self) -> np.ndarray:
        """(N,) bool: samples that have a mask."""
        return self._with_encoded(MASKS)

    def with_part_labels(self) -> np.ndarray:
        """(N,) bool: samples that have part labels."""
        return self._with_encoded(PARTS)

    def close(self) -> None:
        """Close this process's handle; the next read opens it again."""
        if self._file is not None:
            with contextlib.suppress(Exception):
                self._file.close()
            self._file, self._data = None, {}

    def _has_encoded(self, group: str, index: int) -> bool:
        offset = self._offsets.get(group)
        return offset is not None and bool(offset[index + 1] > offset[index])

    def _with_encoded(self, group: str) -> np.ndarray:
        offset = self._offsets.get(group)
        return np.zeros(len(self), bool) if offset is None else np.diff(offset) > 0

    def _encoded(self, group: str, index: int) -> np.ndarray:
        if not 0 <= index < self._length:
            raise IndexError(f"sample {index} of {self.path}, which has {self._length}")
        offset = self._offsets[group]
        with self._reading(index) as file:
            # Looking a dataset up costs as much as reading from it, so each is looked up once.
            if group not in self._data:
                self._data[group] = file[group]["data"]
            return np.asarray(self._data[group][offset[index] : offset[index + 1]])

    def _decode(self, encoded: np.ndarray, flags: int, kind: str, index: int) -> np.ndarray:
        try:
            decoded = cv2.imdecode(encoded, flags) if encoded.size else None
        except cv2.error:
            decoded = None
        if decoded is None:
            raise PoseError(f"the {kind} of sample {index} of {self.path} does not decode; make or copy the file again")
        return np.asarray(decoded)

    @contextlib.contextmanager
    def _reading(self, index: int | None = None) -> Iterator[h5py.File]:
        """The open file; HDF5's errors become sentences."""
        where = f"{self.path}" if index is None else f"sample {index} of {self.path}"
        if not self.path.is_file():
            raise PoseError(f"there is no pose store at {self.path}; `pose3d synth` or `pose3d prepare` makes one")
        try:
            yield self._handle()
        except (OSError, KeyError, RuntimeError) as error:
            raise PoseError(f"cannot read {where}: {error}; the file is cut short, damaged or no pose store") from error

    def _handle(self) -> h5py.File:
        if self._file is None or self._pid != os.getpid():
            # A handle inherited by a fork shares its state with the parent's: drop it, open our own.
            self.close()
            # No chunk cache: samples are read in random order and once, and HDF5 then reads only the bytes asked for.
            self._file = h5py.File(self.path, "r", rdcc_nbytes=0, locking=False)
            self._pid = os.getpid()
        return self._file

    def __getstate__(self) -> dict[str, Any]:
        return self.__dict__ | {"_file": None, "_data": {}, "_pid": -1}


def _read_attrs(file: h5py.File, path: Path) -> dict[str, Any]:
    """Attributes with lists decoded; refuses another version, unit or joint set."""
    attrs: dict[str, Any] = {}
    for name, value in file.attrs.items():
        encoded = isinstance(value, str) and value[:1] in ("[", "{")
        attrs[name] = json.loads(value) if encoded else value.item() if isinstance(value, np.generic) else value
    if missing := [name for name in REQUIRED_ATTRS if name not in attrs]:
        raise PoseError(f"{path} is no pose store: it lacks the attribute {missing[0]!r}; make it again")
    expected = {"schema_version": SCHEMA_VERSION, "unit_3d": UNIT_3D, "unit_2d": UNIT_2D}
    for name, value in expected.items():
        if attrs[name] != value:
            raise PoseError(f"{path} has {name} {attrs[name]!r}, this version reads {value!r}; make the file again")
    if attrs["joint_set"] not in STORED_JOINT_SETS:
        known = ", ".join(STORED_JOINT_SETS)
        raise PoseError(f"{path} has the unknown joint set {attrs['joint_set']!r}; it must be one of {known}")
    return attrs


def _check_layout(file: h5py.File, path: Path, joint_set: JointSet) -> int:
    """Number of samples; every column present, of the right shape and type."""
    present = set(file)
    needed = [IMAGES, *COLUMNS_2D, *(COLUMNS_3D if present & {"joints_3d", "joints_3d_univ"} else ())]
    for name in needed:
        if name not in present:
            raise PoseError(f"{path} lacks the key {name!r}; make the file again")
    for group in ENCODED:
        if group in present and not {"data", "offset"} <= set(file[group]):
            raise PoseError(f"{path} lacks the key '{group}/data' or '{group}/offset'; make the file again")
    length = int(file["joints_2d"].shape[0])
    for name in COLUMNS:
        if name in present:
            shape = (length, *COLUMNS[name].shape_for(len(joint_set.names)))
            found = file[name]
            if found.shape != shape or found.dtype != np.dtype(COLUMNS[name].dtype):
                wanted = f"{shape} {COLUMNS[name].dtype}"
                raise PoseError(f"{name} of {path} is {found.shape} {found.dtype.str}, not {wanted}")
    for group in ENCODED:
        if group in present and file[group]["offset"].shape != (length + 1,):
            raise PoseError(f"{group}/offset of {path} has not {length + 1} entries; make the file again")
        if group in present and file[group]["offset"][-1] != file[group]["data"].shape[0]:
            raise PoseError(f"{group}/data of {path} does not end where its offsets say; the file is cut short")
    return length


def _average(image: np.ndarray, factor: int) -> np.ndarray:
    """Mean of factor x factor blocks; edge pixels repeat into a last block that is not full, as in a JPEG."""
    height, width = image.shape[:2]
    image = cv2.copyMakeBorder(image, 0, -height % factor, 0, -width % factor, cv2.BORDER_REPLICATE)
    size = (image.shape[1] // factor, image.shape[0] // factor)
    return np.asarray(cv2.resize(image, size, interpolation=cv2.INTER_AREA))
