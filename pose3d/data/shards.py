"""Stores in several files: a data set may be one pose store or several shards of it, named by a list or a pattern."""

from __future__ import annotations

import glob
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from pose3d.data.store import PoseStore
from pose3d.errors import PoseError
from pose3d.skeleton import JointSet

StoreName = str | list[str]
"""A file, a pattern such as `data/train-*.h5`, or a list of files: the shards of one data set."""

NAMED = {"sequence": "sequence_names", "activity": "activity_names", "scene": "scene_names"}


def store_paths(name: StoreName | Path) -> list[Path]:
    """Files of a store, sorted where a pattern names them; PoseError where one is missing."""
    if isinstance(name, list):
        return [path for entry in name for path in store_paths(entry)]
    path = Path(name)
    if path.is_file():
        return [path]
    if glob.has_magic(str(name)):
        found = sorted(Path(match) for match in glob.glob(str(name), recursive=True))
        if found:
            return found
        raise PoseError(f"no file matches {name}; correct the pattern")
    raise PoseError(
        f"there is no data at {name}; `make data` (or `pose3d synth --out {path.parent}`) makes the embedded data set, "
        f"`pose3d prepare` one from official files"
    )


def open_store(name: StoreName | Path) -> PoseStore | ShardedStore:
    """The store of one file or of several."""
    paths = store_paths(name)
    if not paths:
        raise PoseError("a store has no files: its list is empty; name at least one")
    return PoseStore(paths[0]) if len(paths) == 1 else ShardedStore(paths)


class ShardedStore:
    """Several pose stores read as one, sample after sample in the order of the files.

    It has the reading methods of `PoseStore`; a process opens each file once. Shards may have different sequences:
    their names are joined, and the index columns renumbered.

    Raises:
        PoseError: the shards differ in data set, joints, columns or in what is known of a sequence.
    """

    def __init__(self, paths: Sequence[str | Path]) -> None:
        self.shards = [PoseStore(path) for path in paths]
        self._starts = np.cumsum([0, *map(len, self.shards)])
        first = self.shards[0]
        for shard in self.shards[1:]:
            for key in ("source", "joint_set", "part_flip"):
                if (here := shard.attrs.get(key)) != (there := first.attrs.get(key)):
                    found = f"{shard.path} has {key} {here!r} and {first.path} has {there!r}"
                    raise PoseError(f"{found}; shards must be of one data set")
            if different := sorted(shard.columns ^ first.columns):
                raise PoseError(f"{shard.path} and {first.path} differ in their columns {', '.join(different)}")
        self.attrs: dict[str, Any] = dict(first.attrs)
        self._renumbered = {column: self._join_names(column) for column in NAMED}

    @cached_property
    def path(self) -> Path:
        """The first file and the number of further ones, for messages."""
        return Path(f"{self.shards[0].path} and {len(self.shards) - 1} more")

    @property
    def joint_set(self) -> JointSet:
        """Order of the joints."""
        return self.shards[0].joint_set

    def __len__(self) -> int:
        return int(self._starts[-1])

    def __repr__(self) -> str:
        return f"ShardedStore({len(self.shards)} files, {len(self)} samples, {self.attrs['joint_set']})"

    def has(self, name: str) -> bool:
        """Whether the column exists, or the group "masks" or "parts" in any shard."""
        return any(shard.has(name) for shard in self.shards)

    def labels(self, name: str) -> np.ndarray:
        """The whole column `name`, leading axis N."""
        columns = [shard.labels(name) for shard in self.shards]
        if name in NAMED:
            pairs = zip(columns, self._renumbered[name], strict=True)
            columns = [new[old].astype(old.dtype) if len(new) else old for old, new in pairs]
        return np.concatenate(columns)

    def image(self, index: int, reduce: int = 1) -> np.ndarray:
        """(H, W, 3) uint8 RGB; see `PoseStore.image`."""
        shard, row = self._locate(index)
        return shard.image(row, reduce)

    def mask(self, index: int) -> np.ndarray:
        """(H, W) uint8 region bits."""
        shard, row = self._locate(index)
        return shard.mask(row)

    def part_labels(self, index: int) -> np.ndarray:
        """(H, W) uint8 body parts."""
        shard, row = self._locate(index)
        return shard.part_labels(row)

    def with_masks(self) -> np.ndarray:
        """(N,) bool: samples that have a mask."""
        return np.concatenate([shard.with_masks() for shard in self.shards])

    def with_part_labels(self) -> np.ndarray:
        """(N,) bool: samples that have part labels."""
        return np.concatenate([shard.with_part_labels() for shard in self.shards])

    def close(self) -> None:
        """Close this process's handles."""
        for shard in self.shards:
            shard.close()

    def _locate(self, index: int) -> tuple[PoseStore, int]:
        if not 0 <= index < len(self):
            raise IndexError(f"sample {index} of {self.path}, which have {len(self)}")
        number = int(np.searchsorted(self._starts, index, side="right")) - 1
        return self.shards[number], index - int(self._starts[number])

    def _join_names(self, column: str) -> list[np.ndarray]:
        """Join the shards' names of a column; for each shard the new number of each of its names."""
        attribute = NAMED[column]
        lists = [list(shard.attrs[attribute]) for shard in self.shards]
        same = all(names == lists[0] for names in lists)
        joined = lists[0] if same else list(dict.fromkeys(name for names in lists for name in names))
        self.attrs[attribute] = joined
        if column == "sequence":
            self.attrs["augmentable"] = self._join_augmentable(lists, joined)
        if same:
            return [np.arange(len(names)) for names in lists]
        return [np.array([joined.index(name) for name in names], np.int64) for names in lists]

    def _join_augmentable(self, lists: list[list[str]], joined: list[str]) -> list[list[str]]:
        known: dict[str, list[str]] = {}
        for shard, names in zip(self.shards, lists, strict=True):
            for name, regions in zip(names, shard.attrs["augmentable"], strict=True):
                if known.setdefault(name, regions) != regions:
                    raise PoseError(f"{shard.path} and another shard differ in what may change in sequence {name!r}")
        return [known[name] for name in joined]
