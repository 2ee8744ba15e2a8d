"""Bootstrap by sequence and paired comparison."""

import numpy as np
import pytest
import torch

from pose3d.errors import PoseError
from pose3d.evaluation import evaluate
from pose3d.evaluation.bootstrap import resample_weights
from pose3d.predictions import Predictions
from tests.evaluation.people import make_predictions


def _table(predictions: Predictions, title: str, **options) -> list[list]:
    return next(t for t in evaluate([predictions], "3dhp", **options).tables if t.title == title).rows


def test_a_resample_draws_as_many_sequences_as_there_are() -> None:
    weights = resample_weights(6, 500)
    assert (weights.sum(dim=1) == 6).all()
    assert weights.double().mean(dim=0).sub(1).abs().max() < 0.2
    assert torch.equal(weights, resample_weights(6, 500))


def test_the_interval_equals_a_plain_resampling_of_frames_by_sequence() -> None:
    predictions = make_predictions()
    errors = np.linalg.norm(predictions.joints_3d.astype(float) - predictions.target_3d, axis=2)
    draws = []
    for weights in resample_weights(6, 300).tolist():
        chosen = np.concatenate(
            [np.flatnonzero(predictions.sequence == s) for s, w in enumerate(weights) for _ in range(w)]
        )
        draws.append(errors[chosen].mean())
    mpjpe = _table(predictions, "All", draws=300)[0]
    assert mpjpe[1] == pytest.approx(errors.mean())
    assert mpjpe[2:] == pytest.approx(np.quantile(draws, [0.025, 0.975]).tolist())
    assert mpjpe[2] < mpjpe[1] < mpjpe[3]


def test_sequences_that_differ_widen_the_interval() -> None:
    even, uneven = make_predictions(), make_predictions()
    rows = uneven.sequence == 0
    uneven.joints_3d[rows] += 3 * (uneven.joints_3d[rows] - uneven.target_3d[rows])
    widths = [m[3] - m[2] for m in (_table(p, "All", draws=200)[0] for p in (even, uneven))]
    assert widths[1] > 3 * widths[0]


def test_no_draws_no_intervals() -> None:
    assert "All" not in {t.title for t in evaluate([make_predictions()], "3dhp", draws=0).tables}


def test_a_file_compared_with_itself_does_not_differ() -> None:
    for row in _table(make_predictions(), "Paired comparison", other=make_predictions()):
        assert row[3:] == [0.0, 0.0, 0.0]


def test_the_better_file_is_surely_better() -> None:
    rows = _table(make_predictions(noise=50.0), "Paired comparison", other=make_predictions(noise=80.0, seed=1))
    mpjpe, pck = rows[0], rows[1]
    assert mpjpe[3] == pytest.approx(mpjpe[1] - mpjpe[2])
    assert mpjpe[4] < mpjpe[3] < mpjpe[5] < 0 < pck[4]


def test_pairing_survives_another_order_and_missing_frames() -> None:
    ours, other = make_predictions(seed=0), make_predictions(seed=1)
    shuffled = other.select(np.random.default_rng(0).permutation(96)[:80])
    rows = _table(ours, "Paired comparison", other=shuffled)
    kept = np.isin(ours.frame, shuffled.frame)
    for predictions, found in ((ours, rows[0][1]), (other, rows[0][2])):
        expected = np.linalg.norm(predictions.joints_3d[kept] - predictions.target_3d[kept], axis=2).mean()
        assert found == pytest.approx(expected, abs=1e-3)


def test_what_cannot_be_compared() -> None:
    strangers = make_predictions()
    strangers.frame = strangers.frame + 7
    strangers.target_3d = strangers.target_3d * np.float32(1.1)
    with pytest.raises(PoseError, match="share no frame"):
        evaluate([make_predictions()], "3dhp", other=strangers)
    scaled = make_predictions()
    scaled.target_3d = scaled.target_3d * np.float32(1.1)
    with pytest.raises(PoseError, match="disagree about the ground truth"):
        evaluate([make_predictions()], "3dhp", other=scaled)
    twice = scaled.select(np.r_[0:96, 3])
    with pytest.raises(PoseError, match="a frame twice"):
        evaluate([make_predictions()], "3dhp", other=twice)
