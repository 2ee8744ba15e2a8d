"""3DPCK and AUC against plain loops, and the edge cases at the thresholds."""

import math

import numpy as np
import pytest
import torch

from pose3d.errors import PoseError
from pose3d.metrics import AUC3D, PCK3D
from tests.metrics import reference

FIRST_14 = list(range(14))


def _poses(dtype: torch.dtype = torch.float64) -> tuple[torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(0)
    target = torch.randn(11, 17, 3, generator=generator, dtype=torch.float64) * 300
    return (target + torch.randn(11, 17, 3, generator=generator) * 90).to(dtype), target.to(dtype)


def _score(metric: PCK3D | AUC3D, preds: torch.Tensor, target: torch.Tensor) -> float:
    metric.update(preds, target)
    return float(metric.compute())


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_official_scores_equal_plain_loops(dtype: torch.dtype) -> None:
    preds, target = _poses(dtype)
    arrays = preds.numpy(), target.numpy()
    assert _score(PCK3D(), preds, target) == pytest.approx(reference.pck(*arrays, FIRST_14, 150.0), abs=1e-9)
    expected = reference.auc(*arrays, FIRST_14, list(np.linspace(0, 150, 31)))
    assert _score(AUC3D(), preds, target) == pytest.approx(expected, abs=1e-9)


def test_variants_equal_plain_loops() -> None:
    preds, target = _poses()
    arrays, every = (preds.numpy(), target.numpy()), list(range(17))
    thresholds = [float(t) for t in range(0, 201, 5)]
    found = _score(AUC3D(thresholds, inclusive=True, joints=17), preds, target)
    assert found == pytest.approx(reference.auc(*arrays, every, thresholds, inclusive=True), abs=1e-9)
    found = _score(PCK3D(100.0, inclusive=True, joints=17), preds, target)
    assert found == pytest.approx(reference.pck(*arrays, every, 100.0, inclusive=True), abs=1e-9)


def test_a_perfect_prediction() -> None:
    _, target = _poses()
    assert _score(PCK3D(), target, target) == 100.0
    assert _score(AUC3D(), target, target) == pytest.approx(100 * 30 / 31, abs=1e-12)
    assert round(_score(AUC3D(), target, target), 3) == 96.774
    assert _score(AUC3D(inclusive=True), target, target) == 100.0


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_an_error_exactly_at_the_threshold_does_not_count(dtype: torch.dtype) -> None:
    target = torch.zeros(1, 17, 3, dtype=dtype)
    at = target + torch.tensor([90.0, 0.0, 120.0], dtype=dtype)  # 3-4-5: the distance is 150 exactly
    assert _score(PCK3D(), at, target) == 0.0
    assert _score(PCK3D(inclusive=True), at, target) == 100.0
    assert _score(PCK3D(), at * (1 - 1e-6), target) == 100.0
    assert _score(AUC3D(), at / 30, target) == pytest.approx(100 * 29 / 31)  # 5 mm: neither below 0 nor below 5


def test_only_the_first_fourteen_joints_count() -> None:
    _, target = _poses()
    preds = target.clone()
    preds[:, 14:] += 1000
    assert _score(PCK3D(), preds, target) == 100.0
    assert _score(PCK3D(joints=17), preds, target) == pytest.approx(100 * 14 / 17)


@pytest.mark.filterwarnings("ignore:The ``compute`` method")
def test_no_frame_is_nan() -> None:
    assert math.isnan(PCK3D().compute())
    assert math.isnan(AUC3D().compute())


def test_bad_input_is_refused() -> None:
    preds, target = _poses()
    preds[0, 16] = math.nan
    assert _score(PCK3D(), preds, target) > 0  # joint 17 is not among the fourteen
    preds[0, 0] = math.nan
    for metric in (PCK3D(), AUC3D()):
        with pytest.raises(PoseError, match="preds hold NaN"):
            metric.update(preds, target)
    for thresholds in ([], [-5.0, 5.0]):
        with pytest.raises(PoseError, match="thresholds"):
            AUC3D(thresholds)
