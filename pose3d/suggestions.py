"""Hints for names that do not exist: the nearest ones that do."""

from collections.abc import Iterable
from difflib import get_close_matches


def closest(name: str, known: Iterable[str], n: int = 3, cutoff: float = 0.5) -> list[str]:
    """At most `n` of the known names that resemble `name`, the nearest first; upper and lower case are alike.

    >>> closest("Walkin", ["sitting", "walking"])
    ['walking']
    """
    by_lower: dict[str, str] = {}
    for candidate in known:
        by_lower.setdefault(candidate.lower(), candidate)
    return [by_lower[found] for found in get_close_matches(name.lower(), by_lower, n=n, cutoff=cutoff)]


def did_you_mean(name: str, known: Iterable[str], shown: Iterable[str] | None = None) -> str:
    """Half a sentence for an error: the nearest of the known names, or all of `shown` (default: the known ones).

    >>> did_you_mean("trian", ["train", "test"])
    'did you mean train?'
    >>> did_you_mean("x", ["train", "test"])
    'known are train, test'
    """
    names = list(known)
    near = closest(name, names)
    return f"did you mean {' or '.join(near)}?" if near else f"known are {', '.join(names if shown is None else shown)}"
