"""A state that distinguishes metrics with different rules.

`MetricCollection` lets metrics share their states from the first batch on when those are equal then: a first batch
without a joint below any threshold would merge the AUC with the PCK permanently, since both counts are zero. A
fingerprint of the rules among the states prevents that, and still lets metrics with the same rules share.
"""

import zlib

import torch
from torchmetrics import Metric


def add_rules_state(metric: Metric, *rules: object) -> None:
    """Add the state `rules`: four bytes made from the rules, the same in every process."""
    fingerprint = zlib.crc32(repr(rules).encode())
    # Single bytes, because states are compared up to a relative tolerance of 1e-5.
    digits = [(fingerprint >> shift) & 255 for shift in (0, 8, 16, 24)]
    metric.add_state("rules", torch.tensor(digits), dist_reduce_fx="max")
