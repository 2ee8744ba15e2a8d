"""Arrays of .npz and .h5 files in plain types, whatever dtype the script that wrote them used.

Numbers become float32 or float64, flags bool, whole numbers int64 and text str, where that changes no value; anything
else is a PoseError. Object arrays, which NumPy pickles, are read without running code: their pickles may hold nothing
but numbers, text and None.
"""

import pickle
import re
import zipfile
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from pose3d.errors import PoseError


def read_arrays(path: Path) -> dict[str, np.ndarray]:
    """Every array of an .npz or HDF5 file, by name; PoseError where the file is damaged or of another kind."""
    try:
        return _read_npz(path) if path.suffix == ".npz" else _read_h5(path)
    except PoseError:
        raise
    except Exception as error:  # each library has its own for damaged files
        reason = " ".join(str(error).split()) or type(error).__name__
        raise PoseError(f"{path} cannot be read as .npz or .h5 ({reason}); write it again") from error


def numbers(value: Any, what: str) -> np.ndarray:
    """float32, or float64 where the input has more digits or is whole numbers; None among objects is NaN."""
    array = np.asarray(value)
    if array.dtype.kind == "O":
        values = array.ravel().tolist()
        _check_rows(array, np.array([isinstance(v, int | float | None) for v in values], bool), what, "numbers")
        return np.array([np.nan if v is None else v for v in values], dtype=np.float64).reshape(array.shape)
    if array.dtype.kind == "f":
        return array.astype(np.float32 if array.dtype.itemsize <= 4 else np.float64, copy=False)
    if array.dtype.kind in "iu":
        return array.astype(np.float64)
    raise PoseError(f"{what} has dtype {array.dtype}, but must hold numbers; convert it with astype(float)")


def flags(value: Any, what: str) -> np.ndarray:
    """bool, from bool or from numbers that are all 0 or 1."""
    array = np.asarray(value)
    if array.dtype.kind == "b":
        return array
    plain = numbers(array, what)
    _check_rows(plain, (plain == 0) | (plain == 1), what, "true or false (or 1 and 0)")
    return plain == 1


def whole_numbers(value: Any, what: str) -> np.ndarray:
    """int64, from integers, whole floats or text such as "000123"."""
    array = _decoded(np.asarray(value), what)
    if array.dtype.kind == "U":
        whole = [re.fullmatch(r"\s*[+-]?\d{1,18}\s*", text) is not None for text in array.ravel().tolist()]
        _check_rows(array, np.array(whole, bool).reshape(array.shape), what, "whole numbers")
        return np.array([int(text) for text in array.ravel().tolist()], dtype=np.int64).reshape(array.shape)
    if array.dtype.kind in "ib":
        return array.astype(np.int64)
    plain = array if array.dtype.kind == "u" else numbers(array, what)
    limit = 2.0**63
    _check_rows(plain, (plain == np.floor(plain)) & (np.abs(plain.astype(float)) < limit), what, "whole numbers")
    return plain.astype(np.int64)


def labels(value: Any, what: str) -> np.ndarray:
    """int64 or str: labels are integers, whole floats or text."""
    array = _decoded(np.asarray(value), what)
    return array if array.dtype.kind == "U" else whole_numbers(array, what)


def texts(value: Any, what: str) -> np.ndarray:
    """str, from str or bytes."""
    array = _decoded(np.asarray(value), what)
    if array.dtype.kind != "U":
        raise PoseError(f"{what} has dtype {array.dtype}, but must hold text; convert it with astype(str)")
    return array


def _decoded(array: np.ndarray, what: str) -> np.ndarray:
    """Bytes and objects as text or numbers; other arrays as they are."""
    if array.dtype.kind == "S":
        array = array.astype(object)
    if array.dtype.kind != "O":
        return array
    values = [v.decode("utf-8", "replace") if isinstance(v, bytes) else v for v in array.ravel().tolist()]
    known = [isinstance(v, str | int | float) for v in values]
    _check_rows(array.ravel(), np.array(known, bool), what, "whole numbers or text")
    if any(isinstance(v, str) for v in values):
        return np.array([str(v) for v in values], dtype=str).reshape(array.shape)
    return np.array(values).reshape(array.shape)


def _check_rows(values: np.ndarray, allowed: np.ndarray, what: str, kind: str) -> None:
    if not allowed.all():
        place = int(np.flatnonzero(~allowed.ravel())[0])
        row = int(np.unravel_index(place, values.shape)[0]) if values.ndim else 0
        found = values.ravel()[place]
        shown = found.item() if isinstance(found, np.generic) else found
        raise PoseError(f"{what} must hold {kind}, but has {str(shown)[:40]!r} in row {row}; convert it")


class _PlainUnpickler(pickle.Unpickler):
    """Builds arrays of plain Python values and refuses to import anything else."""

    ALLOWED = frozenset(
        {
            ("numpy", "ndarray"),
            ("numpy", "dtype"),
            ("numpy.core.multiarray", "_reconstruct"),
            ("numpy._core.multiarray", "_reconstruct"),
        }
    )

    def find_class(self, module: str, name: str) -> Any:
        if (module, name) not in self.ALLOWED:
            raise pickle.UnpicklingError(f"it needs {module}.{name}")
        return super().find_class(module, name)


def _read_npz(path: Path) -> dict[str, np.ndarray]:
    if not zipfile.is_zipfile(path):
        raise ValueError("not a zip archive")
    # Opened here, since NumPy leaves a damaged file open.
    with path.open("rb") as stream, np.load(stream, allow_pickle=False) as file, zipfile.ZipFile(path) as archive:
        found = {}
        for key in file.files:
            try:
                found[key] = np.asarray(file[key])
            except ValueError as error:
                if "allow_pickle" not in str(error):
                    raise
                found[key] = _read_objects(archive, f"{key}.npy", path)
        return found


def _read_objects(archive: zipfile.ZipFile, name: str, path: Path) -> np.ndarray:
    """An object array of a .npz file."""
    with archive.open(name) as file:
        version = np.lib.format.read_magic(file)
        read_header = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
        read_header(file)
        try:
            return np.asarray(_PlainUnpickler(file).load())
        except Exception as error:  # a pickle may raise anything
            raise PoseError(
                f"{path}: {name.removesuffix('.npy')!r} holds Python objects other than numbers and text ({error}); "
                "convert it with astype(str) or astype(float)"
            ) from error


def _read_h5(path: Path) -> dict[str, np.ndarray]:
    def decoded(dataset: h5py.Dataset) -> np.ndarray:
        if h5py.check_string_dtype(dataset.dtype) is None:
            return np.asarray(dataset[()])
        return np.asarray(dataset.asstr()[()]).astype(str)

    with h5py.File(path, "r") as file:
        return {key: decoded(value) for key, value in file.items() if isinstance(value, h5py.Dataset)}
