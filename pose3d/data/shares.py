"""Shares of samples by what is exchanged in them, where not every sequence allows every change (decision D4).

The three shares are meant of the whole set: 25 % untouched, 40 % with another background and chair, 35 % with other
garments too. Masks of some sequences allow no change of garments, so the others take the larger part of the last share.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from pose3d.data.schema import AUGMENTABLE
from pose3d.errors import PoseError

MIXTURE = (0.25, 0.40, 0.35)
"""Shares of untouched, background and chair, everything (decision D4)."""

BACKGROUND_AND_CHAIR, GARMENTS = AUGMENTABLE[:2], AUGMENTABLE[2:]


Regions = tuple[str, ...]
"""Regions that may change, a subset of schema.AUGMENTABLE in its order."""


class Shares(NamedTuple):
    """Probabilities of the three treatments of a sample; they sum to one."""

    untouched: float
    background_and_chair: float
    everything: float


def check_mixture(mixture: Sequence[float], name: str = "the mixture") -> Shares:
    """`mixture` as Shares; a PoseError unless it is three shares that sum to one."""
    if len(mixture) != 3 or min(mixture) < 0 or abs(sum(mixture) - 1) > 1e-6:
        raise PoseError(f"{name} is {list(mixture)}; it must be three shares that sum to one, as 0.25, 0.40, 0.35")
    return Shares(*mixture)


def shares_by_regions(counts: Mapping[Regions, int], mixture: Sequence[float]) -> dict[Regions, Shares]:
    """Shares for the samples of each kind, so that all samples together come as near to `mixture` as they can.

    Args:
        counts: samples by the regions that may change in them (subsets of schema.AUGMENTABLE).
        mixture: wanted shares of untouched, background and chair, everything, of all samples.

    "Everything" goes to samples whose two garments may change, and to those with one only where the former are too few.
    The rest is divided between the other two treatments in their proportion.

    >>> shares = shares_by_regions({("background", "chair"): 60, AUGMENTABLE: 40}, MIXTURE)
    >>> [round(share, 3) for share in shares[AUGMENTABLE]]
    [0.048, 0.077, 0.875]
    """
    wanted = check_mixture(mixture)
    total = sum(counts.values())
    both = sum(n for kind, n in counts.items() if set(GARMENTS) <= set(kind)) / max(total, 1)
    one = sum(n for kind, n in counts.items() if len(set(GARMENTS) & set(kind)) == 1) / max(total, 1)
    of_both = min(both, wanted.everything)
    of_one = min(one, wanted.everything - of_both)
    everything = {2: of_both / both if both else 0.0, 1: of_one / one if one else 0.0, 0: 0.0}

    def remainder(kind: Regions) -> float:
        return 1 - everything[len(set(GARMENTS) & set(kind))]

    changeable = sum(n * remainder(k) for k, n in counts.items() if set(BACKGROUND_AND_CHAIR) & set(k)) / max(total, 1)
    rest, others = 1 - of_both - of_one, wanted.untouched + wanted.background_and_chair
    share = wanted.background_and_chair / others if others else 1.0
    chance = min(1.0, rest * share / changeable) if changeable else 0.0
    result = {}
    for kind in counts:
        left = remainder(kind)
        background = left * chance if set(BACKGROUND_AND_CHAIR) & set(kind) else 0.0
        result[kind] = Shares(left - background, background, 1 - left)
    return result


def overall(counts: Mapping[Regions, int], shares: Mapping[Regions, Shares]) -> Shares:
    """The shares of all samples together."""
    total = max(sum(counts.values()), 1)
    return Shares(*(sum(counts[kind] * shares[kind][i] for kind in counts) / total for i in range(3)))
