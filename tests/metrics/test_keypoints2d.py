"""PCKh and PCK against plain loops with the official rules."""

import math
from itertools import pairwise

import numpy as np
import pytest
import torch

from pose3d.errors import PoseError
from pose3d.metrics import PCK2D, PCK2DAUC, PCKh, PCKhAUC


def _people() -> tuple[torch.Tensor, torch.Tensor, torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(0)
    target = torch.rand(12, 17, 2, generator=generator) * 400
    preds = target + torch.randn(12, 17, 2, generator=generator) * 20
    visible = torch.rand(12, 17, generator=generator) > 0.2
    return preds, target, visible, 30 + 20 * torch.rand(12, generator=generator)


def _share(preds, target, visible, reference, threshold: float) -> float:
    hits = []
    for b in range(len(preds)):
        for j in range(14):
            if visible[b, j]:
                hits.append(math.dist(preds[b, j].tolist(), target[b, j].tolist()) <= threshold * float(reference[b]))
    return 100 * sum(hits) / len(hits)


def _area(curve: list[float]) -> float:
    """Trapezoids over equal steps, divided by the width."""
    return sum((a + b) / 2 for a, b in pairwise(curve)) / (len(curve) - 1)


def test_pckh_and_its_area_equal_plain_loops() -> None:
    preds, target, visible, head = _people()
    metrics = PCKh(), PCKhAUC()
    for rows in torch.arange(12).split(5):
        for metric in metrics:
            metric.update(preds[rows], target[rows], visible[rows], head[rows])
    assert float(metrics[0].compute()) == pytest.approx(_share(preds, target, visible, head, 0.5))
    curve = [_share(preds, target, visible, head, t) for t in np.arange(51) / 100]
    assert float(metrics[1].compute()) == pytest.approx(_area(curve))


def test_pck_and_its_area_equal_plain_loops() -> None:
    preds, target, visible, _ = _people()
    torso = torch.tensor([math.dist(t[5].tolist(), t[8].tolist()) for t in target])  # left shoulder, right hip
    visible[0, [5, 8]] = torch.tensor([True, False])
    visible[1, [5, 8]] = torch.tensor([False, True])
    has_torso = visible[:, 5] & visible[:, 8]
    assert has_torso.any()
    usable = visible & has_torso[:, None]
    metrics = PCK2D(), PCK2DAUC()
    for metric in metrics:
        metric.update(preds, target, visible)
    assert float(metrics[0].compute()) == pytest.approx(_share(preds, target, usable, torso, 0.2))
    assert float(metrics[1].compute()) == pytest.approx(
        _area([_share(preds, target, usable, torso, t) for t in np.arange(21) / 100])
    )


def test_edges() -> None:
    target = torch.zeros(1, 17, 2)
    visible, head = torch.ones(1, 17, dtype=torch.bool), torch.tensor([20.0])
    for shift, expected in ((10.0, 100.0), (10.001, 0.0)):  # at half a head size a joint is right
        metric = PCKh()
        metric.update(target + torch.tensor([shift, 0.0]), target, visible, head)
        assert float(metric.compute()) == expected
    perfect = PCKhAUC()
    perfect.update(target, target, visible, head)
    assert float(perfect.compute()) == 100.0


def test_only_labelled_joints_count_and_hidden_nan_is_fine() -> None:
    preds, target, visible, head = _people()
    base, broken = PCKh(), PCKh()
    base.update(preds, target, visible, head)
    target, preds = target.clone(), preds.clone()
    target[~visible] = math.nan
    preds[~visible] = math.nan
    broken.update(preds, target, visible, head)
    assert float(base.compute()) == float(broken.compute())


def test_the_fifteen_joints_of_the_2d_network() -> None:
    preds, target, visible, head = _people()
    seventeen, fifteen = PCKh(), PCKh(num_joints=15)
    seventeen.update(preds, target, visible, head)
    fifteen.update(preds[:, :15], target[:, :15], visible[:, :15], head)
    assert float(seventeen.compute()) == float(fifteen.compute())


@pytest.mark.filterwarnings("ignore:The ``compute`` method")
def test_nobody_is_nan() -> None:
    preds, target, visible, head = _people()
    metric = PCKh()
    metric.update(preds, target, torch.zeros_like(visible), head)
    assert math.isnan(metric.compute())
    assert math.isnan(PCK2DAUC().compute())


def test_bad_input_is_refused() -> None:
    preds, target, visible, head = _people()
    visible[3] = True
    with pytest.raises(PoseError, match="not positive"):
        PCKh().update(preds, target, visible, torch.where(torch.arange(12) == 3, 0.0, head))
    with pytest.raises(PoseError, match=r"takes \(B, 17, 2\)"):
        PCKh().update(preds[:, :15], target[:, :15], visible, head)
    with pytest.raises(PoseError, match="visible"):
        PCKh().update(preds, target, visible[:, :16], head)
    with pytest.raises(PoseError, match="16"):
        PCKh(num_joints=16)
    preds[3, 2] = math.nan
    with pytest.raises(PoseError, match="NaN"):
        PCK2D().update(preds, target, visible)
