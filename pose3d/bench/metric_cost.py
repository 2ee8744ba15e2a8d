"""What scoring a batch costs beside predicting it: the official 3D metrics against the smallest network in use."""

from __future__ import annotations

import time
from collections.abc import Callable
from statistics import median

import torch

from pose3d.metrics import AUC3D, MPJPE, PCK3D
from pose3d.models import Pose3DConfig, Pose3DNet

BATCH = 16
IMAGE_SIZE = 128


def metric_cost(repeats: int) -> tuple[float, float]:
    """Median CPU milliseconds of (one update of MPJPE, 3DPCK and AUC together, one forward pass) on a batch.

    The network is the deployed one of the quick start, with random weights; a larger one makes the share smaller.
    """
    net = Pose3DNet(Pose3DConfig("tf_efficientnet_lite0", image_size=IMAGE_SIZE)).deploy().eval()
    metrics = (MPJPE(), PCK3D(), AUC3D())
    images = torch.randn(BATCH, 3, IMAGE_SIZE, IMAGE_SIZE)
    target = torch.randn(BATCH, 17, 3) * 300
    preds = target + torch.randn_like(target) * 100
    with torch.inference_mode():
        update = _milliseconds(lambda: [metric.update(preds, target) for metric in metrics], repeats)
        forward = _milliseconds(lambda: net(images), repeats)
    return update, forward


def _milliseconds(work: Callable[[], object], repeats: int) -> float:
    work()
    turns = []
    for _ in range(repeats):
        start = time.process_time()
        work()
        turns.append((time.process_time() - start) * 1e3)
    return median(turns)
