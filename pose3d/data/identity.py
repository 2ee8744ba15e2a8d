"""Whether two pose stores hold the same samples: one hash for a store, cheap for a large one."""

from __future__ import annotations

import hashlib
from pathlib import Path

import h5py


def content_sha256(path: str | Path) -> str | None:
    """SHA-256 over the checksums that a pose store records of its datasets, in the order of their names.

    It stands for the samples, not for the file's bytes: a store of 100 GB takes as long as a small one, and the same
    samples give the same hash in a new file. None where a dataset has no checksum; `pose3d check` says which.
    """
    recorded: dict[str, str | None] = {}

    def note(name: str, item: h5py.Dataset | h5py.Group) -> None:
        if isinstance(item, h5py.Dataset):
            recorded[name] = item.attrs.get("sha256")

    with h5py.File(path, "r", locking=False) as file:
        file.visititems(note)
    if None in recorded.values():
        return None
    lines = "".join(f"{name} {checksum}\n" for name, checksum in sorted(recorded.items()))
    return hashlib.sha256(lines.encode()).hexdigest()
