"""Alignments: against scipy's Procrustes and minimiser, invariances, and the cases that must raise an error."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import minimize
from scipy.spatial.transform import Rotation

from pose3d.geometry import align_procrustes, align_scale, align_scale_translation

FEW = settings(max_examples=25, deadline=None, derandomize=True)
ALIGNMENTS = (align_scale, align_scale_translation, align_procrustes)


def _poses(seed: int, batch: int = 3, dtype: torch.dtype = torch.float64) -> torch.Tensor:
    return torch.randn(batch, 17, 3, generator=torch.Generator().manual_seed(seed), dtype=dtype) * 300


def _error(preds: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
    return ((preds - target) ** 2).sum(dim=(-2, -1))


def _random_rotation(seed: int) -> torch.Tensor:
    return torch.from_numpy(Rotation.random(rng=np.random.default_rng(seed)).as_matrix())


def test_procrustes_equals_scipys_rotation_fit() -> None:
    preds, target = _poses(0), _poses(1) * 0.3 + _poses(0) * 0.7
    aligned = align_procrustes(preds, target)
    for p, t, a in zip(preds.numpy(), target.numpy(), aligned.numpy(), strict=True):
        p, centre = p - p.mean(0), t.mean(0)
        rotation, _ = Rotation.align_vectors(t - centre, p)
        turned = rotation.apply(p)
        scale = np.sum(turned * (t - centre)) / np.sum(turned**2)
        np.testing.assert_allclose(a, scale * turned + centre, atol=1e-8)


@FEW
@given(seed=st.integers(0, 10_000), scale=st.floats(0.1, 10), shift=st.floats(-5000, 5000))
def test_procrustes_ignores_rotation_scale_and_shift(seed: int, scale: float, shift: float) -> None:
    preds, target = _poses(seed), _poses(seed + 1)
    moved = scale * preds @ _random_rotation(seed).T + shift
    torch.testing.assert_close(align_procrustes(moved, target), align_procrustes(preds, target), atol=1e-6, rtol=0)


@FEW
@given(seed=st.integers(0, 10_000))
def test_a_mirrored_pose_keeps_its_error(seed: int) -> None:
    pose = _poses(seed)
    mirrored = pose * torch.tensor([-1.0, 1.0, 1.0], dtype=torch.float64)
    assert _error(align_procrustes(pose, pose), pose).max() < 1e-12
    assert (_error(align_procrustes(mirrored, pose), pose) / 17).sqrt().min() > 30.0


@FEW
@given(seed=st.integers(0, 10_000))
def test_each_alignment_beats_every_small_change_of_itself(seed: int) -> None:
    preds, target = _poses(seed) + 0.5 * _poses(seed + 1), _poses(seed + 1)
    rng = np.random.default_rng(seed)
    turn = torch.from_numpy(Rotation.from_rotvec(rng.normal(0, 0.02, 3)).as_matrix())
    best = align_procrustes(preds, target)
    centre = best.mean(dim=1, keepdim=True)
    assert (_error((best - centre) @ turn.T * 1.01 + centre, target) > _error(best, target)).all()
    assert (_error(best + 1.0, target) > _error(best, target)).all()
    best = align_scale_translation(preds, target)
    assert (_error(best * 1.01, target) > _error(best, target)).all()
    assert (_error(best - 1.0, target) > _error(best, target)).all()
    best = align_scale(preds, target)
    for factor in (0.99, 1.01):
        assert (_error(best * factor, target) > _error(best, target)).all()


def test_scale_equals_a_numerical_minimum() -> None:
    preds, target = _poses(5), _poses(5) * 1.7 + 0.2 * _poses(6)
    for p, t, a in zip(preds.numpy(), target.numpy(), align_scale(preds, target).numpy(), strict=True):
        found = minimize(lambda s, p=p, t=t: np.sum((s[0] * p - t) ** 2) / 1e6, [1.0])
        np.testing.assert_allclose(a, found.x[0] * p, rtol=1e-4)


def test_a_point_reflection_is_never_used() -> None:
    pose = _poses(7)
    assert align_scale(-pose, pose).abs().max() == 0.0  # the constrained optimum, with the whole pose as its error


@pytest.mark.parametrize("align", ALIGNMENTS)
def test_float32_agrees_with_float64_and_keeps_its_dtype(align) -> None:
    preds, target = _poses(8), _poses(9) + _poses(8)
    narrow = align(preds.float(), target.float())
    assert narrow.dtype == torch.float32
    torch.testing.assert_close(narrow.double(), align(preds, target), atol=1e-2, rtol=0)


@pytest.mark.parametrize("align", ALIGNMENTS)
def test_a_pose_that_cannot_be_aligned_is_nan_and_leaves_the_others_alone(align) -> None:
    target = _poses(10, batch=4)
    preds = target + _poses(11, batch=4)
    preds[1] = 0.0
    preds[2, 3, 1] = torch.nan
    aligned = align(preds, target)
    assert aligned[[1, 2]].isnan().all()
    torch.testing.assert_close(aligned[[0, 3]], align(preds[[0, 3]], target[[0, 3]]))


@pytest.mark.parametrize("align", [align_scale_translation, align_procrustes])
def test_all_joints_in_one_point_far_from_the_origin_is_nan_too(align) -> None:
    # Seventeen equal numbers rarely have exactly that number as their mean: what remains is dust, not a pose.
    for dtype in (torch.float32, torch.float64):
        preds = (torch.arange(1, 200, dtype=dtype) * 7.3 / 3)[:, None, None].expand(-1, 17, 3)
        assert align(preds, _poses(12, batch=199, dtype=dtype)).isnan().all()


def test_a_target_in_one_point_fails_procrustes() -> None:
    assert align_procrustes(_poses(13), torch.zeros(3, 17, 3, dtype=torch.float64)).isnan().all()


def test_flat_and_straight_poses_are_aligned() -> None:
    line = torch.linspace(-1, 1, 17, dtype=torch.float64)[:, None] * torch.tensor([300.0, 100.0, -50.0]).double()
    flat = _poses(14, batch=1)[0] * torch.tensor([1.0, 1.0, 0.0]).double()
    target = torch.stack([line, flat])
    moved = 2 * target @ _random_rotation(3).T + 7
    torch.testing.assert_close(align_procrustes(moved, target), target, atol=1e-8, rtol=0)
