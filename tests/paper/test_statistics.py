"""Intervals over seeds against simulation and independent formulas; the decision rule; rank correlation."""

import numpy as np
import pytest
from scipy import stats

from pose3d.paper.statistics import BOOTSTRAP_FROM, Verdict, decide, estimate, rank_correlation


def test_one_seed_has_no_interval():
    found = estimate([3.5])
    assert (found.mean, found.low, found.high) == (3.5, None, None)


@pytest.mark.parametrize("values", [[1.0, 2.0], [4.0, 4.5, 7.0], [1.0, -2.0, 0.5, 3.0, 1.5]])
def test_few_seeds_have_students_interval(values):
    found = estimate(values)
    low, high = stats.t.interval(0.95, len(values) - 1, np.mean(values), stats.sem(values))
    assert (found.low, found.high) == (pytest.approx(low), pytest.approx(high))
    assert "Student" in found.method


def test_many_seeds_are_drawn_again():
    values = np.random.default_rng(1).normal(2, 1, 12)
    found = estimate(values)
    assert "bootstrap over 12 seeds" in found.method
    assert estimate(values) == found
    # About as wide as Student's interval, and unlike it not symmetrical about the mean.
    low, high = stats.t.interval(0.95, 11, values.mean(), stats.sem(values))
    assert found.high - found.low == pytest.approx(high - low, rel=0.1)
    skewed = estimate(np.random.default_rng(2).exponential(size=12))
    assert skewed.high - skewed.mean > 1.1 * (skewed.mean - skewed.low)
    assert estimate([2.0] * 8).low == 2.0


@pytest.mark.parametrize(("seeds", "trials"), [(2, 1500), (3, 1500), (5, 1500), (BOOTSTRAP_FROM, 300), (10, 300)])
def test_the_interval_covers_the_true_mean(seeds, trials):
    """95 % of the time, within what so many trials and so few seeds allow."""
    rng = np.random.default_rng(seeds)
    found = [estimate(rng.normal(0, 1, seeds)) for _ in range(trials)]
    covered = np.mean([e.low <= 0 <= e.high for e in found])
    assert 0.91 <= covered <= 0.98


def test_the_rule():
    tight = [1.0, 1.1, 0.9]
    assert decide(None, least=1) is Verdict.NOT_RUN
    assert decide(estimate([5.0]), least=1) is Verdict.UNDECIDED
    assert decide(estimate(tight), least=0.5) is Verdict.SEEN
    # Above zero for sure, but smaller than what counts.
    assert decide(estimate(tight), least=2.0) is Verdict.NOT_SEEN
    assert decide(estimate([-1.0, -1.1, -0.9]), least=0.5) is Verdict.NOT_SEEN
    # The mean counts, the seeds disagree.
    assert decide(estimate([-1.0, 3.0, 4.0]), least=0.5) is Verdict.UNDECIDED
    # Above zero, the mean just below what counts, the interval on either side of it.
    assert decide(estimate(tight), least=1.1) is Verdict.UNDECIDED
    with pytest.raises(ValueError, match="either"):
        decide(None)


def test_the_rule_for_a_cost():
    assert decide(estimate([1.0, 1.1, 0.9]), at_most=2) is Verdict.SEEN
    assert decide(estimate([3.0, 3.1, 2.9]), at_most=2) is Verdict.NOT_SEEN
    assert decide(estimate([1.0, 3.0]), at_most=2) is Verdict.UNDECIDED


def test_an_effect_that_is_not_there_is_seldom_seen():
    """One in forty at most: the interval has 2.5 % above zero, and the mean must count too."""
    rng = np.random.default_rng(0)
    seen = [decide(estimate(rng.normal(0, 1, 3)), least=0.5) is Verdict.SEEN for _ in range(2000)]
    assert np.mean(seen) <= 0.035


def test_rank_correlation():
    assert rank_correlation([1, 2, 3], [10, 20, 25]) == pytest.approx(1)
    assert rank_correlation([1, 2, 3], [3, 2, 1]) == pytest.approx(-1)
    assert rank_correlation([1, 2], [1, 2]) is None
    assert rank_correlation([1, 2, 3], [5, 5, 5]) is None
    # Ties share their mean rank: 1, 2.5, 2.5, 4 beside 1, 2, 3, 4.
    assert rank_correlation([1, 2, 2, 4], [1, 2, 3, 4]) == pytest.approx(0.9486832980505138)


@pytest.mark.parametrize(
    ("paper", "ours", "correlation"),
    [
        ([118.7, 84.6, 89.2, 90.7, 80.7], [145.6, 144.0, 149.7, 142.8, 146.6], -0.30),
        ([115.29, 104.32, 101.09, 99.79, 74.14, 72.88], [174.8, 172.7, 185.0, 173.3, 145.6, 141.0], 0.71),
        ([25.1, 26.0, 46.8, 47.8, 55.4, 57.3], [39.8, 41.8, 42.3, 44.3, 44.9, 48.1], 1.00),
        ([41.4, 64.7, 71.7, 72.5, 73.5, 74.4, 76.5], [37.1, 56.8, 58.0, 57.6, 58.4, 53.9, 58.3], 0.54),
    ],
)
def test_rank_correlations_of_the_first_miniatures(paper, ours, correlation):
    assert rank_correlation(paper, ours) == pytest.approx(correlation, abs=0.005)
