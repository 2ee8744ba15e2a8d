"""Sums stay in double precision when the module that holds a metric is cast, and metrics still move between devices."""

import pytest
import torch
from torch import nn

from pose3d.metrics import AUC3D, MPJPE, PCK2D, PCK3D, GlobalMPJPE, GroupedPose3D, PCKh

CASTS = {
    "half": lambda m: m.half(),
    "bfloat16": lambda m: m.bfloat16(),
    "to(float16)": lambda m: m.to(torch.float16),
    "to(device, bfloat16)": lambda m: m.to("cpu", torch.bfloat16),
    "type": lambda m: m.type(torch.float16),
    "float": lambda m: m.float(),
}


def _holder() -> nn.Module:
    holder = nn.Module()
    holder.layer = nn.Linear(2, 2)
    holder.metrics = nn.ModuleDict(
        {
            "mpjpe": MPJPE(),
            "pa": MPJPE("procrustes"),
            "pck": PCK3D(),
            "auc": AUC3D(),
            "grouped": GroupedPose3D(("a", "b")),
            "global": GlobalMPJPE(),
            "pckh": PCKh(),
            "pck2d": PCK2D(),
        }
    )
    return holder


def _scores(holder: nn.Module) -> dict[str, float]:
    generator = torch.Generator().manual_seed(0)
    target = torch.randn(3000, 17, 3, generator=generator) * 300
    preds = target + torch.randn(3000, 17, 3, generator=generator) * 60
    metrics = holder.metrics
    for p, t in zip(preds.split(50), target.split(50), strict=True):
        for name in ("mpjpe", "pa", "pck", "auc"):
            metrics[name].update(p, t)
        metrics["grouped"].update(p, t, torch.arange(50) % 2)
        metrics["global"].update(p, p[:, 0] * 10, t, t[:, 0] * 10)
        seen = torch.ones(50, 17, dtype=torch.bool)
        metrics["pckh"].update(p[..., :2], t[..., :2], seen, torch.full((50,), 150.0))
        metrics["pck2d"].update(p[..., :2], t[..., :2], seen)
    found = {name: metric.compute() for name, metric in metrics.items() if name != "grouped"}
    return {name: float(value) for name, value in (found | metrics["grouped"].compute()).items()}


@pytest.mark.parametrize("cast", CASTS)
def test_a_cast_of_the_module_around_changes_no_digit(cast: str) -> None:
    expected = _scores(_holder())
    holder = CASTS[cast](_holder())
    assert _scores(holder) == expected
    assert (holder.layer.weight.dtype == torch.float32) == (cast == "float")  # the layer beside it was cast
    assert holder.metrics["mpjpe"].error_sum.dtype == torch.float64
    assert holder.metrics["pck"].below.dtype == torch.int64
    for metric in holder.metrics.values():
        metric.reset()
    assert _scores(holder) == expected  # what `reset` restores is not cast either


def test_a_cast_in_the_middle_loses_nothing() -> None:
    holder = _holder()
    first = _scores(holder)
    assert _scores(holder.half()) == pytest.approx(first)


def test_metrics_still_move() -> None:
    holder = _holder().to(device="meta", dtype=torch.float16)
    for metric in holder.metrics.values():
        states = [getattr(metric, name) for name in metric._defaults]
        assert {state.device.type for state in states} == {"meta"}
        assert metric.device.type == "meta"
    assert holder.metrics["mpjpe"].error_sum.dtype == torch.float64
    assert holder.layer.weight.dtype == torch.float16


def test_an_explicit_request_for_another_dtype_is_honoured() -> None:
    assert MPJPE().set_dtype(torch.float32).error_sum.dtype == torch.float32


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
def test_on_a_gpu_the_scores_are_those_of_the_cpu() -> None:
    expected = _scores(_holder())
    holder = _holder().half().cuda()
    generator = torch.Generator().manual_seed(0)
    target = torch.randn(3000, 17, 3, generator=generator) * 300
    preds = target + torch.randn(3000, 17, 3, generator=generator) * 60
    holder.metrics["mpjpe"].update(preds.cuda(), target.cuda())
    assert float(holder.metrics["mpjpe"].compute()) == pytest.approx(expected["mpjpe"], rel=1e-12)
