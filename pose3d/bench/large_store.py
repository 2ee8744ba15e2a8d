"""Opening a store as large as the paper's training sets, and the memory of a loader worker that reads from it."""

from __future__ import annotations

import math
import multiprocessing as mp
import sys
import time
from pathlib import Path
from statistics import median
from typing import Any, NamedTuple

import numpy as np
import torch
from torch.utils.data import Dataset

from pose3d.bench.throughput import FULL
from pose3d.data.datamodules import PoseDataModule
from pose3d.data.dataset import JoinedDataset
from pose3d.data.loader import training_loader
from pose3d.data.samplers import SampleSpec
from pose3d.data.store import PoseStore

_BYTES_PER_MAXRSS = 1 if sys.platform == "darwin" else 1024


def opening_seconds(path: Path, repeats: int) -> tuple[float, float]:
    """Median wall-clock seconds to open the store, and to set a data module up on it (all labels read)."""
    opened, ready = [], []
    for _ in range(repeats):
        start = time.perf_counter()
        PoseStore(path)
        opened.append(time.perf_counter() - start)
        start = time.perf_counter()
        PoseDataModule([str(path)], num_workers=0).setup("fit")
        ready.append(time.perf_counter() - start)
    return median(opened), median(ready)


class Memory(NamedTuple):
    """Of one process, at most, MB."""

    resident: float
    """Everything that it sees, pages that it shares with its parent and its siblings included."""
    private: float
    """What there is once more for each worker; NaN where the system does not tell."""


def worker_memory(path: Path, image_size: int, batches: int) -> Memory:
    """What one loader worker takes, measured below a fresh process: what this one loaded does not count."""
    context = mp.get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=_run_worker, args=(theirs, str(path), image_size, batches))
    process.start()
    theirs.close()
    try:
        return Memory(*ours.recv())
    finally:
        process.join()


class _Weighed(Dataset[dict[str, Any]]):
    """Samples that say how much memory the process that made them uses."""

    def __init__(self, dataset: JoinedDataset) -> None:
        self.dataset = dataset

    def __len__(self) -> int:
        return len(self.dataset)

    def __getitem__(self, spec: SampleSpec) -> dict[str, Any]:
        import resource  # not on Windows

        resident = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * _BYTES_PER_MAXRSS / 1e6
        return {**self.dataset[spec], "memory": np.array([resident, _private_megabytes()])}


def _private_megabytes() -> float:
    listing = Path("/proc/self/smaps_rollup")
    if not listing.exists():
        return math.nan
    rows = [line.split() for line in listing.read_text().splitlines()]
    return sum(int(row[1]) for row in rows if row[0] in ("Private_Clean:", "Private_Dirty:")) * 1024 / 1e6


def _run_worker(answer: Any, path: str, image_size: int, batches: int) -> None:
    answer.send(_weigh(path, image_size, batches))
    answer.close()


def _weigh(path: str, image_size: int, batches: int) -> list[float]:
    torch.set_num_threads(1)
    data = PoseDataModule([path], image_size=image_size, scales=[0.7, 1.0], batch_size=16, num_workers=1, **FULL)
    data.setup("fit")
    sampler = data.train_dataloader().sampler
    loader = training_loader(_Weighed(JoinedDataset(data.train_sets)), sampler, 16, 1)
    used = [batch["memory"].amax(dim=0) for _, batch in zip(range(batches), loader, strict=False)]
    return [float(most) for most in torch.stack(used).amax(dim=0)]
