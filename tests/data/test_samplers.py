from collections import Counter

import numpy as np
import pytest

from pose3d.data.samplers import EvaluationSampler, MixtureSampler, OnTopSampler, SampleSpec
from pose3d.errors import PoseError


def epoch(sampler, number):
    sampler.set_epoch(number)
    return list(sampler)


def test_an_epoch_is_every_sample_at_every_scale():
    """The tables of the paper count 75k samples for 37.5k frames at two scales."""
    sampler = MixtureSampler([5, 3], scales=[0.7, 1.0])
    specs = epoch(sampler, 0)
    assert len(sampler) == len(specs) == 16
    expected = {(k, i, s) for k, size in enumerate((5, 3)) for i in range(size) for s in (0.7, 1.0)}
    assert {spec[:3] for spec in specs} == expected


def test_order_is_shuffled_reproducible_and_new_each_epoch():
    make = lambda seed: MixtureSampler([50], seed=seed)  # noqa: E731
    first = epoch(make(1), 3)
    assert first == epoch(make(1), 3)
    assert first != epoch(make(2), 3)
    assert first != epoch(make(1), 4)
    assert [spec.item for spec in first] != sorted(spec.item for spec in first)
    assert len({spec.seed for spec in first}) == 50
    assert {d.seed for d in first}.isdisjoint(d.seed for d in epoch(make(1), 4))


@pytest.mark.parametrize("mixture", [[0.5, 0.5], [0.9, 0.1], [1.0, 0.0]])
def test_a_mixture_holds_in_each_epoch_and_samples_take_turns(mixture):
    sampler = MixtureSampler([40, 10], mixture=mixture, epoch_samples=60)
    seen: Counter = Counter()
    for number in range(10):
        specs = epoch(sampler, number)
        assert Counter(d.source for d in specs) == Counter({k: round(60 * m) for k, m in enumerate(mixture) if m})
        seen.update((d.source, d.item) for d in specs)
    for source, size in enumerate((40, 10)):
        counts = [seen[source, item] for item in range(size)]
        assert max(counts) - min(counts) <= 1  # nobody twice before everybody once


def test_processes_share_an_epoch_without_overlap():
    whole = epoch(MixtureSampler([23], seed=4), 2)
    parts = [epoch(MixtureSampler([23], seed=4, rank=rank, world_size=3), 2) for rank in range(3)]
    assert [len(part) for part in parts] == [7, 7, 7]  # as many steps for each
    together = [spec for part in parts for spec in part]
    assert len(set(together)) == 21
    assert set(together) <= set(whole)


def test_evaluation_takes_everybody_once_in_order():
    specs = list(EvaluationSampler([3, 2]))
    assert specs == [SampleSpec(*of, 1.0, 0) for of in ((0, 0), (0, 1), (0, 2), (1, 0), (1, 1))]
    parts = [EvaluationSampler([3, 2], rank, 2) for rank in range(2)]
    assert [len(part) for part in parts] == [3, 2]
    assert sorted(spec for part in parts for spec in part) == specs


def test_a_process_without_a_share_gets_a_sample_that_does_not_count():
    shares = [list(EvaluationSampler([2], rank, 4)) for rank in range(4)]
    assert [share[0].counted for share in shares] == [True, True, False, False]
    assert [len(EvaluationSampler([2], rank, 4)) for rank in range(4)] == [1, 1, 1, 1]
    assert len(EvaluationSampler([0], 0, 2)) == 0


def test_skip_leaves_out_what_a_resumed_run_has_seen_once():
    sampler = MixtureSampler([20])
    whole = epoch(sampler, 1)
    sampler.skip = 8
    assert list(sampler) == whole[8:]
    assert list(sampler) == whole


@pytest.mark.parametrize("mixture", [[0.5], [0.7, 0.7], [1.5, -0.5]])
def test_impossible_mixture(mixture):
    with pytest.raises(PoseError, match="each of 2 stores a share"):
        MixtureSampler([4, 4], mixture=mixture)


def test_shares_that_do_not_divide_the_epoch_lose_nothing():
    sampler = MixtureSampler([10, 10, 10], mixture=[1 / 3, 1 / 3, 1 / 3], epoch_samples=100)
    assert int(np.sum(sampler.counts)) == 100
    assert sorted(sampler.counts) == [33, 33, 34]


def on_top(**options):
    labelled = MixtureSampler([20, 10], scales=[0.7, 1.0], mixture=[0.5, 0.5], seed=3, **options)
    extra = MixtureSampler([7], seed=3, epoch_samples=len(labelled) // 4 * 2 * labelled.num_replicas, **options)
    return labelled, OnTopSampler(labelled, extra, batch_size=4, extra=2)


def test_unlabelled_samples_come_on_top_of_the_usual_batch():
    labelled, sampler = on_top()
    for number in (0, 1):
        usual = epoch(labelled, number)
        specs = epoch(sampler, number)
        assert len(specs) == len(sampler) == 15 * 6
        batches = [specs[i : i + 6] for i in range(0, len(specs), 6)]
        assert [spec for batch in batches for spec in batch[:4]] == usual
        assert {spec.source for batch in batches for spec in batch[4:]} == {2}
    counts = Counter(spec.item for number in range(4) for spec in epoch(sampler, number) if spec.source == 2)
    assert max(counts.values()) - min(counts.values()) <= 1


def test_a_resumed_run_goes_on_with_the_next_whole_batch():
    _, sampler = on_top()
    whole = epoch(sampler, 1)
    sampler.skip = 3 * 6
    assert list(sampler) == whole[18:]
    assert list(sampler) == whole


def test_processes_share_unlabelled_samples_too():
    shares = [epoch(on_top(rank=rank, world_size=2)[1], 0) for rank in (0, 1)]
    assert [len(share) for share in shares] == [7 * 6, 7 * 6]
    assert not set(shares[0]) & set(shares[1])
