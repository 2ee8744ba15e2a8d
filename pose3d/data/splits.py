"""Split of people into training and validation, and evenly spaced subsets of the validation samples."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numpy as np

from pose3d.data.shards import ShardedStore
from pose3d.data.store import PoseStore
from pose3d.errors import PoseError

Subjects = list[int] | Literal["last"] | None
"""People held out of every training store; "last": in each store the one with the highest number."""

Chosen = tuple[PoseStore | ShardedStore, np.ndarray]
"""A store and the rows of it that are used."""


def held_out(store: PoseStore | ShardedStore, subjects: Subjects) -> np.ndarray:
    """(N,) bool: samples of people who validate."""
    subject = store.labels("subject")
    return subject == subject.max() if subjects == "last" else np.isin(subject, subjects or [])


def require_present(stores: Sequence[PoseStore | ShardedStore], subjects: Subjects) -> None:
    """Raise PoseError where a validation subject is in none of the stores."""
    if not subjects or subjects == "last":
        return
    known = set(np.concatenate([store.labels("subject") for store in stores]).tolist())
    if absent := set(subjects) - known:
        names = ", ".join(str(store.path) for store in stores)
        raise PoseError(f"validation subjects {sorted(absent)} are in none of {names}")


def training_rows(store: PoseStore | ShardedStore, subjects: Subjects) -> np.ndarray:
    """Rows of all other people; PoseError where nobody is left."""
    rows = np.flatnonzero(~held_out(store, subjects))
    if not len(rows):
        raise PoseError(f"val_subjects {subjects!r} leave nobody to train on in {store.path}")
    return rows


def thinned(chosen: Sequence[Chosen], most: int | None) -> list[Chosen]:
    """At most so many samples in total, evenly spaced; stores without any of them are dropped."""
    total = sum(len(rows) for _, rows in chosen)
    wanted = min(total, most or total)
    kept = np.arange(wanted) * total // max(wanted, 1)
    result: list[Chosen] = []
    start = 0
    for store, rows in chosen:
        mine = rows[kept[(kept >= start) & (kept < start + len(rows))] - start]
        start += len(rows)
        result += [(store, mine)] if len(mine) else []
    return result
