"""A DataLoader with a state for checkpoints: a run stopped in the middle of an epoch resumes with the next batch."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Literal

import cv2
import torch
from torch import Tensor
from torch.utils.data import DataLoader, Dataset, default_collate

from pose3d.cores import available_cores
from pose3d.data.dataset import Sample
from pose3d.data.samplers import EvaluationSampler, MixtureSampler, OnTopSampler

MOST_WORKERS = 8


class ResumableLoader(DataLoader):
    """Training batches. Lightning saves `state_dict()` in its checkpoints and restores it before the first batch."""

    sampler: MixtureSampler | OnTopSampler
    _batches = 0

    def __iter__(self) -> Iterator[Any]:  # type: ignore[override]
        # The count is of batches handed out, not of those that workers have ready.
        self._batches = self.sampler.skip // (self.batch_size or 1)
        for batch in super().__iter__():
            self._batches += 1
            yield batch

    def state_dict(self) -> dict[str, int]:
        """Epoch and number of batches handed out in it."""
        return {"epoch": self.sampler.epoch, "batches": self._batches}

    def load_state_dict(self, state: dict[str, int]) -> None:
        """Continue after that many batches of that epoch."""
        epochs, batches = divmod(state["batches"], len(self))
        self.sampler.set_epoch(state["epoch"] + epochs)
        self._batches = batches
        self.sampler.skip = batches * (self.batch_size or 1)


def worker_count(num_workers: int | Literal["auto"]) -> int:
    """ "auto": one worker for each core but one, at most MOST_WORKERS; none on a single core."""
    if num_workers != "auto":
        return num_workers
    return min(available_cores() - 1, MOST_WORKERS)


def training_loader(
    dataset: Dataset[Any], sampler: MixtureSampler | OnTopSampler, batch_size: int, num_workers: int
) -> ResumableLoader:
    """Full batches only; workers persist between epochs."""
    return ResumableLoader(
        dataset,
        batch_size=batch_size,
        sampler=sampler,
        drop_last=True,
        num_workers=num_workers,
        persistent_workers=num_workers > 0,
        collate_fn=collate,
        worker_init_fn=single_thread,
        pin_memory=torch.cuda.is_available(),
    )


def evaluation_loader(
    dataset: Dataset[Any], sampler: EvaluationSampler, batch_size: int, num_workers: int
) -> DataLoader[Any]:
    """Every sample once; the last batch may be smaller."""
    return DataLoader(
        dataset,
        batch_size=batch_size,
        sampler=sampler,
        num_workers=num_workers,
        collate_fn=collate,
        worker_init_fn=single_thread,
        pin_memory=torch.cuda.is_available(),
    )


def collate(samples: Sequence[Sample]) -> dict[str, Tensor]:
    """A `types.Batch` whose `image` is still (B, S, S, 3) uint8; keys that not all samples have are left out."""
    shared = set(samples[0]).intersection(*samples[1:])
    # In a worker default_collate stacks into memory that the parent shares; a stack of ours would be copied there.
    return {key: default_collate([sample[key] for sample in samples]) for key in sorted(shared)}


def single_thread(worker: int) -> None:
    """Limit a loader worker to one thread, so that workers do not compete with the training for cores."""
    torch.set_num_threads(1)
    cv2.setNumThreads(0)
