"""Whether two pose stores hold the same samples: one hash for a store, cheap for a large one."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import h5py

from pose3d.data.dataset import PoseDataset
from pose3d.data.shards import ShardedStore


def content_sha256(path: str | Path) -> str | None:
    """SHA-256 over the checksums of a pose store's datasets, in the order of their names.

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


def dataset_identity(dataset: PoseDataset) -> dict[str, Any]:
    """Which samples a data set gives: file, hash of its content, number of samples used, source, generator, seed.

    Of a store in several files, `file` is the first one and `shards` lists all with their hashes.
    """
    store = dataset.store
    files = [shard.path for shard in store.shards] if isinstance(store, ShardedStore) else [store.path]
    hashes = [content_sha256(path) for path in files]
    whole: str | None = hashes[0]
    if len(files) > 1:
        known = [h for h in hashes if h is not None]
        whole = hashlib.sha256("\n".join(known).encode()).hexdigest() if len(known) == len(hashes) else None
    found: dict[str, Any] = {"file": str(files[0]), "sha256": whole, "samples": len(dataset)}
    found |= {key: store.attrs[key] for key in ("source", "generator", "seed")}
    if len(files) > 1:
        found["shards"] = [{"file": str(f), "sha256": h} for f, h in zip(files, hashes, strict=True)]
    return found
