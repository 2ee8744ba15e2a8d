"""Order of the samples: mixtures of stores, scale copies, reproducible shuffling, division among processes.

A sampler yields `SampleSpec`s. Everything random about a training sample follows from its specification, so the data do
not depend on the number of loader workers, and a run resumed in the middle of an epoch sees what it would have seen.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice
from typing import NamedTuple

import numpy as np
from torch.utils.data import DistributedSampler

from pose3d.errors import PoseError


class SampleSpec(NamedTuple):
    """Specification of one sample: its store, its index among the chosen rows, its scale, and a seed for the rest.

    A sample that is not `counted` has no valid label: no score and no result contains it.
    """

    source: int
    item: int
    scale: float
    seed: int
    counted: bool = True


class _OwnShare(DistributedSampler):
    """A sampler that divides its samples among processes itself; as a DistributedSampler, Lightning leaves it alone.

    (Lightning would otherwise wrap it in a sampler that hides `set_epoch` and repeats samples in evaluation.)
    """

    def __init__(self, rank: int, world_size: int) -> None:
        # The parent's __init__ is not called: it counts the samples of a data set and shuffles them.
        self.rank, self.num_replicas, self.epoch = rank, world_size, 0


class MixtureSampler(_OwnShare):
    """Shuffled training samples of several stores.

    Each store is an infinite stream of reshuffled passes over its samples at all scales. An epoch takes the next piece
    of every stream, as long as the store's share, and shuffles the pieces together. No sample of a store is repeated
    before all of its samples have been used once, whatever the shares.

    Args:
        sizes: samples of each store.
        scales: scale copies; the paper's 3D stages use 0.7 and 1.0.
        mixture: share of each store, summing to one; None: in proportion to the sizes.
        epoch_samples: samples in an epoch over all processes; None: as many as there are samples times scales.
        seed: of order and augmentation.
    """

    def __init__(
        self,
        sizes: Sequence[int],
        *,
        scales: Sequence[float] = (1.0,),
        mixture: Sequence[float] | None = None,
        epoch_samples: int | None = None,
        seed: int = 0,
        rank: int = 0,
        world_size: int = 1,
    ) -> None:
        super().__init__(rank, world_size)
        if mixture is not None and (len(mixture) != len(sizes) or min(mixture) < 0 or abs(sum(mixture) - 1) > 1e-6):
            raise PoseError(f"mixture {list(mixture)} must give each of {len(sizes)} stores a share, summing to one")
        self.sizes, self.scales, self.seed = list(sizes), list(scales), seed
        self.copies = np.array(sizes) * len(scales)
        total = epoch_samples or int(self.copies.sum())
        shares = np.asarray(mixture) if mixture is not None else self.copies / self.copies.sum()
        # Rounding at the running sum makes the counts add up to the whole.
        self.counts = np.diff(np.round(np.concatenate([[0.0], np.cumsum(shares)]) * total).astype(int))
        self.num_specs = int(self.counts.sum()) // world_size
        self.skip = 0
        """Samples at the start of the next epoch to leave out, because a resumed run has seen them."""

    def __len__(self) -> int:
        return self.num_specs

    def __iter__(self) -> Iterator[SampleSpec]:
        rng = np.random.default_rng((self.seed, self.epoch))
        source = np.repeat(np.arange(len(self.counts)), self.counts)
        copy = np.concatenate([self._piece(k) for k in range(len(self.counts))])
        order = rng.permutation(len(source))
        seeds = rng.integers(1 << 62, size=len(source))
        mine = order[self.rank :: self.num_replicas][: self.num_specs]
        skip, self.skip = self.skip, 0
        for position in mine[skip:]:
            number, scale = divmod(int(copy[position]), len(self.scales))
            yield SampleSpec(int(source[position]), number, self.scales[scale], int(seeds[position]))

    def _piece(self, source: int) -> np.ndarray:
        """This epoch's piece of a store's stream, as copy numbers index * scales + scale."""
        length, size = int(self.counts[source]), int(self.copies[source])
        first = self.epoch * length
        passes = range(first // size, (first + length - 1) // size + 1) if length else range(0)
        stream = [np.random.default_rng((self.seed, 1 + source, number)).permutation(size) for number in passes]
        start = first - (first // size) * size
        return np.concatenate(stream)[start : start + length] if stream else np.zeros(0, np.int64)


class OnTopSampler(_OwnShare):
    """Batches of labelled samples, each with unlabelled samples on top (decision L7).

    It yields `batch_size` specifications of `labelled` and then `extra` of `unlabelled`, alternately, in full batches
    only. The labelled samples are the same as without `unlabelled`, whose sources are numbered after the labelled ones.
    """

    def __init__(self, labelled: MixtureSampler, unlabelled: MixtureSampler, batch_size: int, extra: int) -> None:
        super().__init__(labelled.rank, labelled.num_replicas)
        self.labelled, self.unlabelled, self.batch_size, self.extra = labelled, unlabelled, batch_size, extra
        self.batches = min(len(labelled) // batch_size, len(unlabelled) // extra)
        self.skip = 0
        """As in `MixtureSampler`: samples of whole batches."""

    def __len__(self) -> int:
        return self.batches * (self.batch_size + self.extra)

    def set_epoch(self, epoch: int) -> None:
        """Set the next epoch of both samplers."""
        self.epoch = epoch
        self.labelled.set_epoch(epoch)
        self.unlabelled.set_epoch(epoch)

    def __iter__(self) -> Iterator[SampleSpec]:
        seen, self.skip = self.skip // (self.batch_size + self.extra), 0
        self.labelled.skip, self.unlabelled.skip = seen * self.batch_size, seen * self.extra
        labelled, unlabelled = iter(self.labelled), iter(self.unlabelled)
        first = len(self.labelled.sizes)
        for _ in range(self.batches - seen):
            yield from islice(labelled, self.batch_size)
            for spec in islice(unlabelled, self.extra):
                yield spec._replace(source=first + spec.source)


class EvaluationSampler(_OwnShare):
    """Every sample once, in order; each of n processes gets every n-th sample, without padding or repetition.

    With more processes than samples, a process without a share gets the first sample, not counted: Lightning needs a
    batch in every process.
    """

    def __init__(self, sizes: Sequence[int], rank: int = 0, world_size: int = 1) -> None:
        super().__init__(rank, world_size)
        self.specs = [SampleSpec(source, index, 1.0, 0) for source, size in enumerate(sizes) for index in range(size)]

    def __len__(self) -> int:
        return len(self._share())

    def __iter__(self) -> Iterator[SampleSpec]:
        return iter(self._share())

    def _share(self) -> list[SampleSpec]:
        return self.specs[self.rank :: self.num_replicas] or [spec._replace(counted=False) for spec in self.specs[:1]]
