"""A finding of a check of a store or of an official tree."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

SHOWN = 6
REMAKE = "make the file again"


@dataclass(frozen=True)
class Finding:
    """One problem: `what` is wrong, `where` (samples, dataset), and what to do about it (`advice`)."""

    kind: Literal["error", "warning"]
    where: str
    what: str
    advice: str

    def __str__(self) -> str:
        return f"{self.kind}: {self.where}: {self.what}; {self.advice}"


def samples(bad: Any) -> str:
    """ "samples 3, 8 and 12 more" of a mask or a list of indices."""
    rows = np.flatnonzero(bad) if bad.dtype == bool else bad
    more = f" and {len(rows) - SHOWN} more" if len(rows) > SHOWN else ""
    return f"sample{'s' * (len(rows) > 1)} {', '.join(map(str, rows[:SHOWN]))}{more}"
