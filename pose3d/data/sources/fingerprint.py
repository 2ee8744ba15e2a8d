"""What a plan depends on, as one digest: the content of its tasks and the state of the files that they read."""

from __future__ import annotations

import hashlib
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import Any

import numpy as np


def content_digest(value: Any) -> hashlib._Hash:
    """SHA-256 of nested dataclasses, containers, arrays and plain values; equal values give equal digests."""
    digest = hashlib.sha256()
    _add(digest, value)
    return digest


def _add(digest: hashlib._Hash, value: Any) -> None:
    """Every value is preceded by its type, and every container by its length, so that no two values run together."""
    digest.update(f"{type(value).__name__}:".encode())
    if isinstance(value, np.ndarray) and value.dtype != object:
        digest.update(f"{value.dtype.str}{value.shape}".encode())
        digest.update(np.ascontiguousarray(value).data if value.size else b"")
    elif is_dataclass(value) and not isinstance(value, type):
        for field in fields(value):
            digest.update(f"{field.name}=".encode())
            _add(digest, getattr(value, field.name))
    elif isinstance(value, dict):
        digest.update(f"{len(value)}".encode())
        for key in sorted(value, key=str):
            _add(digest, key)
            _add(digest, value[key])
    elif isinstance(value, list | tuple | np.ndarray):
        digest.update(f"{len(value)}".encode())
        for item in value:
            _add(digest, item)
    else:
        digest.update(f"{value!r};".encode())


def file_state(path: Path) -> str:
    """Path, size in bytes and time of the last change of a file; a file that is not there has a state too."""
    try:
        status = path.stat()
    except OSError as error:
        return f"{path}:{type(error).__name__}\n"
    return f"{path}:{status.st_size}:{status.st_mtime_ns}\n"
