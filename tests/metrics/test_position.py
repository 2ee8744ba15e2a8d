"""MPJPE against plain loops, its invariances, and input that must be refused."""

import math
import pickle

import numpy as np
import pytest
import torch

from pose3d.errors import PoseError
from pose3d.metrics import MPJPE
from tests.metrics import reference

ALL = list(range(17))
NO_ROOT = [j for j in ALL if j != 14]


def _poses(seed: int = 0, batch: int = 9, dtype: torch.dtype = torch.float64) -> tuple[torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(seed)
    target = torch.randn(batch, 17, 3, generator=generator, dtype=torch.float64) * 300
    preds = target + torch.randn(batch, 17, 3, generator=generator, dtype=torch.float64) * 80
    return preds.to(dtype), target.to(dtype)


def _score(preds: torch.Tensor, target: torch.Tensor, **options) -> float:
    metric = MPJPE(**options)
    metric.update(preds, target)
    return float(metric.compute())


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize(
    ("joints", "indices"), [(17, ALL), (16, NO_ROOT), (14, ALL[:14]), (["pelvis", "head"], [14, 16])]
)
def test_equals_a_plain_loop(dtype: torch.dtype, joints, indices: list[int]) -> None:
    preds, target = _poses(dtype=dtype)
    expected = reference.mpjpe(preds.numpy(), target.numpy(), indices)
    assert _score(preds, target, joints=joints) == pytest.approx(expected, abs=1e-6)


def test_aligned_errors_equal_references() -> None:
    preds, target = (p.numpy() for p in _poses(1))
    root = _score(*map(torch.from_numpy, (preds, target)), alignment="root")
    assert root == pytest.approx(reference.mpjpe(preds - preds[:, 14:15], target - target[:, 14:15], ALL), abs=1e-6)
    scaled = np.stack([p * (np.sum(p * t) / np.sum(p * p)) for p, t in zip(preds, target, strict=True)])
    scale = _score(*map(torch.from_numpy, (preds, target)), alignment="scale")
    assert scale == pytest.approx(reference.mpjpe(scaled, target, ALL), abs=1e-6)
    for joints in (ALL, ALL[:14]):  # the alignment looks at the evaluated joints only
        p14, t14 = preds[:, joints], target[:, joints]
        aligned = np.stack([reference.procrustes(p, t) for p, t in zip(p14, t14, strict=True)])
        expected = reference.mpjpe(aligned, t14, list(range(len(joints))))
        found = _score(*map(torch.from_numpy, (preds, target)), alignment="procrustes", joints=joints)
        assert found == pytest.approx(expected, abs=1e-6)


def test_procrustes_ignores_similarities_but_not_mirrors() -> None:
    preds, target = _poses(2)
    turn = torch.linalg.qr(torch.randn(3, 3, generator=torch.Generator().manual_seed(3), dtype=torch.float64))[0]
    turn = turn * torch.linalg.det(turn)
    base = _score(preds, target, alignment="procrustes")
    assert _score(2.5 * preds @ turn.T + 400, target, alignment="procrustes") == pytest.approx(base, abs=1e-6)
    mirrored = target * torch.tensor([-1.0, 1.0, 1.0], dtype=torch.float64)
    assert _score(target, target, alignment="procrustes") < 1e-6
    assert _score(mirrored, target, alignment="procrustes") > 50


def test_the_default_does_not_re_root() -> None:
    _, target = _poses(3)
    assert _score(target + torch.tensor([0.0, 0.0, 30.0]), target) == pytest.approx(30.0, abs=1e-6)
    assert _score(target + torch.tensor([0.0, 0.0, 30.0]), target, alignment="root") < 1e-6


def test_any_split_into_batches_gives_the_same_bits() -> None:
    preds, target = _poses(4, batch=101, dtype=torch.float32)
    scores = set()
    for size in (1, 2, 7, 50, 101):
        metric = MPJPE()
        for p, t in zip(preds.split(size), target.split(size), strict=True):
            metric.update(p, t)
        scores.add(float(metric.compute()))
    order = torch.randperm(101, generator=torch.Generator().manual_seed(0))
    scores.add(_score(preds[order], target[order]))
    assert len(scores) == 1


def test_invalid_frames_do_not_count_even_when_they_are_nan() -> None:
    preds, target = _poses(5)
    valid = torch.ones(9, dtype=torch.bool)
    valid[[2, 6]] = False
    broken = target.clone()
    broken[2] = torch.nan
    metric = MPJPE()
    metric.update(preds, broken, valid=valid)
    assert float(metric.compute()) == _score(preds[valid], target[valid])


@pytest.mark.filterwarnings("ignore:The ``compute`` method")
def test_no_frame_is_nan_and_reset_forgets() -> None:
    metric = MPJPE()
    assert math.isnan(metric.compute())
    preds, target = _poses(6)
    metric.reset()
    metric.update(preds[:0], target[:0])
    assert math.isnan(metric.compute())
    metric.update(preds, target)
    assert float(metric.compute()) == _score(preds, target)


def test_survives_pickling_and_casts() -> None:
    preds, target = _poses(7)
    metric = pickle.loads(pickle.dumps(MPJPE())).half().float()
    metric.update(preds, target)
    assert metric.compute().dtype == torch.float64
    assert float(metric.compute()) == _score(preds, target)


@pytest.mark.parametrize("where", ["preds", "target"])
@pytest.mark.parametrize("value", [math.nan, math.inf])
def test_nan_is_named(where: str, value: float) -> None:
    poses = dict(zip(("preds", "target"), _poses(8), strict=True))
    poses[where][3, 5, 1] = value
    with pytest.raises(PoseError, match=rf"1 of 9 poses in {where} .* index 3"):
        MPJPE().update(**poses)


def test_a_failed_alignment_is_named() -> None:
    preds, target = _poses(9)
    preds[4] = 0.0
    for alignment in ("scale", "scale_translation", "procrustes"):
        with pytest.raises(PoseError, match="1 of 9 poses cannot be aligned, the first at index 4"):
            MPJPE(alignment=alignment).update(preds, target)


@pytest.mark.parametrize("shape", [(9, 16, 3), (9, 17, 2), (17, 3)])
def test_wrong_shapes_are_named(shape: tuple[int, ...]) -> None:
    with pytest.raises(PoseError, match=r"takes \(B, 17, 3\)"):
        MPJPE().update(torch.zeros(shape), torch.zeros(9, 17, 3))


def test_other_mistakes_are_named() -> None:
    preds, target = _poses(10)
    with pytest.raises(PoseError, match="8 predictions meet 9 targets"):
        MPJPE().update(preds[:8], target)
    with pytest.raises(PoseError, match="unknown alignment 'mirror'"):
        MPJPE(alignment="mirror")  # type: ignore[arg-type]
    for joints in (15, [], [3, 3], [17], ["tail"]):
        with pytest.raises(PoseError):
            MPJPE(joints=joints)
