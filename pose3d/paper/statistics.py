"""Statistics over seeds: the interval of a difference, the decision rule of a finding, rank correlation."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from statistics import fmean
from typing import Final

from pose3d.errors import PoseError

try:
    import numpy as np
    from scipy import stats
except ImportError as error:
    raise PoseError(
        "intervals over seeds need scipy; install it with: pip install 'pose3d-lightning[eval,report]'"
    ) from error

LEVEL: Final = 0.95
BOOTSTRAP_FROM: Final = 6
"""Smallest number of seeds for the bootstrap; with fewer, its coverage is too low (docs/miniatures.md)."""
DRAWS: Final = 9999


class Verdict(Enum):
    """Whether the runs confirm a finding."""

    SEEN = "seen"
    NOT_SEEN = "not seen"
    UNDECIDED = "undecided"
    NOT_RUN = "not run"


@dataclass(frozen=True)
class Estimate:
    """Mean of one value per seed with its 95 % interval; `low` and `high` are None for a single seed.

    `method` describes how the interval was computed.
    """

    values: tuple[float, ...]
    mean: float
    low: float | None
    high: float | None
    method: str


def estimate(values: Sequence[float]) -> Estimate:
    """Mean over seeds of values that are already paired, with a 95 % interval of the mean.

    One seed gives no interval. Two to five seeds give Student's t interval, six or more the expanded percentile
    interval of a bootstrap over seeds (Hesterberg 2015): the percentiles are moved outward so that the interval has the
    width of Student's t for normal values.

    >>> round(estimate([1.0, 2.0, 3.0]).low, 2)
    -0.48
    """
    kept = tuple(float(value) for value in values)
    count, mean = len(kept), fmean(kept)
    if count == 1:
        return Estimate(kept, mean, None, None, "one seed: no interval")
    quantile = float(stats.t.ppf((1 + LEVEL) / 2, count - 1))
    if count < BOOTSTRAP_FROM:
        half = quantile * float(np.std(kept, ddof=1)) / count**0.5
        return Estimate(kept, mean, mean - half, mean + half, f"Student's t over {count} seeds")
    if min(kept) == max(kept):
        return Estimate(kept, mean, mean, mean, "all seeds equal")
    tail = float(stats.norm.cdf(-quantile * (count / (count - 1)) ** 0.5))
    found = stats.bootstrap(
        (np.array(kept),), np.mean, confidence_level=1 - 2 * tail, method="percentile", n_resamples=DRAWS, rng=0
    )
    low, high = (float(end) for end in found.confidence_interval)
    return Estimate(kept, mean, low, high, f"bootstrap over {count} seeds, {DRAWS} draws")


def decide(found: Estimate | None, least: float | None = None, at_most: float | None = None) -> Verdict:
    """Apply the decision rule of docs/miniatures.md to a gain (`least`) or to a cost (`at_most`).

    Args:
        least: the smallest gain that counts. Seen: the whole interval is above 0 and the mean is at least `least`.
            Not seen: the whole interval is below `least`.
        at_most: the largest cost that agrees with the paper. Seen: the whole interval is at or below it. Not seen: the
            whole interval is above it.

    All other cases, and a single seed, are undecided.
    """
    if (least is None) == (at_most is None):
        raise ValueError("a finding has either a smallest gain or a largest cost")
    if found is None:
        return Verdict.NOT_RUN
    if found.low is None or found.high is None:
        return Verdict.UNDECIDED
    if at_most is not None:
        seen, not_seen = found.high <= at_most, found.low > at_most
    else:
        assert least is not None
        seen, not_seen = found.low > 0 and found.mean >= least, found.high < least
    return Verdict.SEEN if seen else Verdict.NOT_SEEN if not_seen else Verdict.UNDECIDED


def rank_correlation(paper: Sequence[float], ours: Sequence[float]) -> float | None:
    """Spearman's rank correlation of two columns; None for fewer than three rows or a constant column.

    >>> round(rank_correlation([118.7, 84.6, 89.2, 90.7, 80.7], [145.6, 144.0, 149.7, 142.8, 146.6]), 2)
    -0.3
    """
    if len(paper) < 3 or len(set(paper)) < 2 or len(set(ours)) < 2:
        return None
    return float(stats.spearmanr(paper, ours).statistic)
