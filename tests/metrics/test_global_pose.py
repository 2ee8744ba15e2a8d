"""Global error and the joint map of HumanEva."""

import math

import pytest
import torch

from pose3d.errors import PoseError
from pose3d.metrics import MPJPE, GlobalMPJPE, apply_joint_map, fit_joint_map


def _poses(batch: int = 30) -> tuple[torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(0)
    preds = torch.randn(batch, 17, 3, generator=generator) * 300
    return preds, preds + torch.randn(batch, 17, 3, generator=generator) * 40


def test_global_error_equals_a_plain_loop() -> None:
    preds, target = _poses(4)
    place, true_place = torch.randn(4, 3) * 100 + 4000, torch.randn(4, 3) * 100 + 4000
    metric = GlobalMPJPE()
    metric.update(preds, place, target, true_place)
    distances = [
        math.dist(
            [float(preds[b, j, c]) + float(place[b, c]) for c in range(3)],
            [float(target[b, j, c]) + float(true_place[b, c]) for c in range(3)],
        )
        for b in range(4)
        for j in range(17)
    ]
    assert float(metric.compute()) == pytest.approx(sum(distances) / len(distances), abs=1e-6)


def test_a_wrong_place_costs_as_much_as_it_is_far() -> None:
    _, target = _poses(4)
    metric = GlobalMPJPE()
    metric.update(target, torch.tensor([[0.0, 30.0, 4040.0]]).repeat(4, 1), target, torch.tensor([[0.0, 0, 4000]] * 4))
    assert float(metric.compute()) == pytest.approx(50.0, abs=1e-6)


def test_the_joint_map_is_recovered_and_beats_no_map() -> None:
    preds, target = (p[:, :14] for p in _poses())
    true_map = torch.eye(14, dtype=torch.float64) + 0.1 * torch.randn(14, 14, dtype=torch.float64)
    exact = (true_map @ preds.double()).float()
    torch.testing.assert_close(fit_joint_map(preds, exact), true_map, atol=1e-4, rtol=0)
    fitted = fit_joint_map(preds, target)
    residual = (apply_joint_map(fitted, preds).double() - target.double()).square().sum()
    for change in (0.01, -0.01):  # least squares: every other map is worse
        other = fitted.clone()
        other[3, 5] += change
        assert (apply_joint_map(other, preds).double() - target.double()).square().sum() > residual
    assert residual < (preds.double() - target.double()).square().sum()


def test_an_undetermined_map_is_refused() -> None:
    preds, target = _poses(4)
    with pytest.raises(PoseError, match="do not determine"):
        fit_joint_map(preds[:, :14], target[:, :14])
    preds, target = _poses()
    with pytest.raises(PoseError, match="two equal"):
        fit_joint_map(preds[:, :14], target)
    preds[0, 0, 0] = math.nan
    with pytest.raises(PoseError, match="NaN"):
        fit_joint_map(preds, target)


def test_alignment_of_shift_and_scale_sits_between_none_and_procrustes() -> None:
    preds, target = _poses()
    scores = []
    for alignment in ("none", "scale_translation", "procrustes"):
        metric = MPJPE(alignment=alignment, joints=14)
        metric.update(preds * 1.2 + 50, target)
        scores.append(float(metric.compute()))
    assert scores == sorted(scores, reverse=True)
