"""Confidence intervals by a bootstrap over whole sequences, since frames of one sequence are not independent."""

import numpy as np
import torch

from pose3d.evaluation.protocols import Protocol
from pose3d.evaluation.scores import Scores
from pose3d.evaluation.tables import Table

COLUMNS = {"MPJPE mm": Scores.mpjpe, "PCK %": Scores.pck, "AUC %": Scores.auc}
"""The three scores of every 3D table."""


def resample_weights(num_sequences: int, draws: int, seed: int = 0) -> torch.Tensor:
    """(draws, S) how often each of S sequences was drawn; every row sums to S."""
    rng = np.random.default_rng(seed)
    return torch.from_numpy(rng.multinomial(num_sequences, np.full(num_sequences, 1 / num_sequences), size=draws))


def interval(values: torch.Tensor) -> tuple[float, float]:
    """95 % percentile interval of the draws."""
    low, high = torch.quantile(values[values.isfinite()], torch.tensor([0.025, 0.975], dtype=values.dtype))
    return float(low), float(high)


def interval_table(protocol: Protocol, by_sequence: Scores, draws: int) -> Table:
    """The scores of all frames with their 95 % intervals; no interval for a single sequence."""
    occurring = by_sequence.position.frames > 0
    count = int(occurring.sum())
    table = Table("All", protocol.name, protocol.rules(), ["score", "value", "95 % low", "95 % high"])
    weights = torch.zeros(draws, len(occurring), dtype=torch.int64)
    if count > 1:
        weights[:, occurring] = resample_weights(count, draws)
        resampled = by_sequence.weighted(weights)
        table.notes.append(f"intervals: {draws} draws of {count} whole sequences with replacement")
    else:
        table.notes.append("no interval: one sequence only")
    pooled = by_sequence.pooled()
    for name, read in COLUMNS.items():
        low, high = interval(read(resampled)) if count > 1 else (None, None)
        table.add(name, float(read(pooled)), low, high)
    return table
