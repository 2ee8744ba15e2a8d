"""MATLAB files: version 5 by scipy, version 7.3 (HDF5) by h5py, with errors that say which file and which key."""

from __future__ import annotations

import contextlib
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import h5py

from pose3d.data.sources.trial import ends_badly, limit_s
from pose3d.errors import PoseError

if TYPE_CHECKING:
    from collections.abc import Iterator

NEEDS_EXTRA = "needs the optional packages for official files: pip install 'pose3d-lightning[datasets]'"


def load_v5(path: Path, *keys: str, **options: Any) -> dict[str, Any]:
    """Variables of a version 5 file; `options` go to scipy.io.loadmat."""
    try:
        from scipy.io import loadmat
    except ImportError as error:
        raise PoseError(f"reading {path} {NEEDS_EXTRA}") from error
    if ends_badly(partial(loadmat, path, **options), limit_s(path)):
        raise PoseError(f"cannot read {path} as a MATLAB file: it is damaged; unpack or download it again")
    try:
        variables = loadmat(path, **options)
    except NotImplementedError as error:
        raise PoseError(f"{path} is a MATLAB 7.3 file where a version 5 file is expected; save it with -v7") from error
    except Exception as error:  # scipy raises ValueError, TypeError, zlib.error, OSError ... on damaged files
        raise PoseError(f"cannot read {path} as a MATLAB file: {error}; unpack or download it again") from error
    _need_keys(path, variables, keys)
    return dict(variables)


@contextlib.contextmanager
def open_v73(path: Path, *keys: str) -> Iterator[h5py.File]:
    """An open version 7.3 file; errors while reading it become PoseErrors too."""
    try:
        with h5py.File(path, "r") as file:
            _need_keys(path, file, keys)
            yield file
    except (OSError, KeyError, RuntimeError) as error:
        raise PoseError(f"cannot read {path} as a MATLAB 7.3 file: {error}; unpack or download it again") from error


def _need_keys(path: Path, found: Any, keys: tuple[str, ...]) -> None:
    if missing := [key for key in keys if key not in found]:
        present = ", ".join(sorted(name for name in found if not name.startswith(("_", "#"))))
        raise PoseError(f"{path} has no variable {', '.join(missing)}; it has {present or 'none'}")
