"""Paired comparison of two predictions files on their common frames: the difference and its interval."""

import numpy as np

from pose3d.errors import PoseError
from pose3d.evaluation.bootstrap import COLUMNS, interval, resample_weights
from pose3d.evaluation.protocols import Protocol
from pose3d.evaluation.scores import label_groups, sampled, score
from pose3d.evaluation.tables import Table
from pose3d.predictions import Predictions


def paired(ours: Predictions, other: Predictions) -> tuple[Predictions, Predictions]:
    """Both, reduced to their common frames in the same order; PoseError if they were not made on the same data."""
    if not _same_target(ours, other):
        a, b = _frame_keys(ours), _frame_keys(other)
        place = {key: i for i, key in enumerate(b)}
        rows = np.array([(i, place[key]) for i, key in enumerate(a) if key in place], dtype=np.int64).reshape(-1, 2)
        if len(rows) == 0:
            raise PoseError(f"{ours.path} and {other.path} share no frame; compare predictions of one data set")
        ours, other = ours.select(rows[:, 0]), other.select(rows[:, 1])
        if not _same_target(ours, other):
            raise PoseError(
                f"{ours.path} and {other.path} disagree about the ground truth of their common frames; "
                "compare predictions of one data set and skeleton"
            )
    return ours, other


def comparison_table(ours: Predictions, other: Predictions, protocol: Protocol, draws: int) -> Table:
    """Scores of both files on their common frames, A - B, and its 95 % interval by sequence."""
    ours, other = paired(sampled(ours, protocol), sampled(other, protocol))
    codes, groups = label_groups(ours, "sequence")
    a, b = score(ours, protocol, codes, groups), score(other, protocol, codes, groups)
    present = np.unique(codes)
    table = Table(
        "Paired comparison",
        protocol.name,
        protocol.rules(),
        ["score", "A", "B", "A - B", "95 % low", "95 % high"],
        notes=[f"A: {ours.path}", f"B: {other.path}", f"{len(ours)} common frames of {len(present)} sequences"],
    )
    weights = resample_weights(len(present), draws)
    full = weights.new_zeros(draws, len(groups))
    full[:, present] = weights
    for name, read in COLUMNS.items():
        values = [float(read(s.pooled())) for s in (a, b)]
        difference = read(a.weighted(full)) - read(b.weighted(full))
        low, high = interval(difference) if len(present) > 1 else (None, None)
        table.add(name, *values, values[0] - values[1], low, high)
    return table


def _same_target(a: Predictions, b: Predictions) -> bool:
    # 0.01 mm: the same ground truth, even if one file went through half a dozen conversions.
    ours, other = (p.require("target_3d", "a comparison") for p in (a, b))
    return len(ours) == len(other) and np.allclose(ours, other, rtol=0, atol=0.01)


def _frame_keys(predictions: Predictions) -> list[tuple[str, ...]]:
    columns = [predictions.require("sequence", "a comparison"), predictions.require("frame", "a comparison")]
    if predictions.camera is not None:
        columns.append(predictions.camera)
    keys = list(zip(*(c.astype(str).tolist() for c in columns), strict=True))
    if len(set(keys)) != len(keys):
        raise PoseError(f"{predictions.path} holds a frame twice (sequence, frame, camera); remove the copies")
    return keys
