"""In a MetricCollection, metrics with different rules never share their states, whatever the first batch holds."""

import torch
from torchmetrics import Metric, MetricCollection

from pose3d.metrics import AUC3D, MPJPE, PCK3D


def _metrics() -> dict[str, Metric]:
    return {
        "mpjpe": MPJPE(),
        "pa": MPJPE(alignment="procrustes"),
        "pck": PCK3D(),
        "pck_again": PCK3D(),
        "pck_le": PCK3D(inclusive=True),
        "pck_100": PCK3D(100.0),
        "auc": AUC3D(),
    }


def test_a_first_batch_without_a_hit_ties_nothing_together() -> None:
    generator = torch.Generator().manual_seed(0)
    target = torch.randn(8, 17, 3, generator=generator) * 300
    far, near = target + 1000, target + torch.randn(8, 17, 3, generator=generator) * 80
    collection, alone = MetricCollection(_metrics()), _metrics()
    for preds, valid in ((far, None), (near, None), (near, torch.zeros(8))):
        collection.update(preds, target, valid)
        for metric in alone.values():
            metric.update(preds, target, valid)
    assert {k: float(v) for k, v in collection.compute().items()} == {k: float(m.compute()) for k, m in alone.items()}


def test_even_a_first_batch_without_a_frame() -> None:
    target = torch.randn(8, 17, 3, generator=torch.Generator().manual_seed(1)) * 300
    collection = MetricCollection(_metrics())
    collection.update(target, target, torch.zeros(8))
    collection.update(target + 60, target, torch.ones(8))
    scores = collection.compute()
    assert float(scores["pck"]) == float(scores["pck_again"]) == 100.0
    assert float(scores["pck_100"]) == 0.0
    assert float(scores["mpjpe"]) > 100 > 1e-3 > float(scores["pa"])
