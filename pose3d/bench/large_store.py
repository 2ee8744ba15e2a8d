"""Opening a store as large as the paper's training sets, and the memory of a loader worker that reads from it."""

from __future__ import annotations

import multiprocessing as mp
import sys
import time
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
import torch
from torch.utils.data import Dataset

from pose3d.bench.throughput import FULL
from pose3d.data.datamodules import Pose3DDataModule
from pose3d.data.dataset import JoinedDataset
from pose3d.data.loader import training_loader
from pose3d.data.sampling import Draw
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
        Pose3DDataModule([str(path)], num_workers=0).setup("fit")
        ready.append(time.perf_counter() - start)
    return median(opened), median(ready)


def worker_megabytes(path: Path, image_size: int, batches: int) -> float:
    """Peak resident memory of one loader worker, pages that it shares with its parent included, MB.

    Measured in a process of its own, so that what this one has loaded does not count.
    """
    context = mp.get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=_run_worker, args=(theirs, str(path), image_size, batches))
    process.start()
    theirs.close()
    try:
        return float(ours.recv())
    finally:
        process.join()


class _Weighed(Dataset[dict[str, Any]]):
    """Samples that say how much memory the process that made them has used at most."""

    def __init__(self, dataset: JoinedDataset) -> None:
        self.dataset = dataset

    def __len__(self) -> int:
        return len(self.dataset)

    def __getitem__(self, draw: Draw) -> dict[str, Any]:
        import resource  # not on Windows

        used = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * _BYTES_PER_MAXRSS
        return {**self.dataset[draw], "used": np.int64(used)}


def _run_worker(answer: Any, path: str, image_size: int, batches: int) -> None:
    torch.set_num_threads(1)
    data = Pose3DDataModule([path], image_size=image_size, scales=(0.7, 1.0), batch_size=16, num_workers=1, **FULL)
    data.setup("fit")
    sampler = data.train_dataloader().sampler
    loader = training_loader(_Weighed(JoinedDataset(data.train_parts)), sampler, 16, 1)
    used = 0
    for _, batch in zip(range(batches), loader, strict=False):
        used = max(used, int(batch["used"].max()))
    answer.send(used / 1e6)
    answer.close()
