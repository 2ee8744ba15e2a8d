"""Passes of the networks by every runtime, in turns, beside the time that this machine's matrix products would need."""

from __future__ import annotations

import time
from collections.abc import Callable
from importlib.util import find_spec
from statistics import median, quantiles
from typing import Any

import numpy as np
import torch
from torch.utils.flop_counter import FlopCounterMode

from pose3d.bench.throughput import ratio
from pose3d.crop_settings import CropSettings
from pose3d.geometry.decode import DecodeConfig
from pose3d.models import Pose2DConfig, Pose2DNet, Pose3DConfig, Pose3DNet
from pose3d.predict.export import random_crops
from pose3d.predict.networks import Deployed2D, Deployed3D, load_deployed
from pose3d.predict.runtimes import FLOAT32
from pose3d.predict.runtimes.choice import KINDS, make_runtime
from pose3d.pretrained import RELEASED_FOLDER

FULL_SIDE = 368
MATMUL_SIDE = 1536
"""Side of the matrices of the bound; larger ones are no faster."""

RELEASED_3D, RELEASED_2D = "released 3D network", "released 2DPoseNet"
RESNET_3D, RESNET_2D = "ResNet-101 3DPoseNet", "ResNet-101 2DPoseNet"


def bench_network(name: str) -> tuple[Deployed2D | Deployed3D, int]:
    """A network and the side of its crops; the ResNets have random weights, which are as fast as trained ones."""
    if name in (RELEASED_3D, RELEASED_2D):
        net = load_deployed(RELEASED_FOLDER / ("stage3.safetensors" if name == RELEASED_3D else "stage1.safetensors"))
        return net, net.settings.image_size or 0
    crops = CropSettings(FULL_SIDE, 1.25, "imagenet")
    if name == RESNET_2D:
        return Deployed2D(Pose2DNet(Pose2DConfig("resnet101"), weights="random"), crops), FULL_SIDE
    config = Pose3DConfig("resnet101", image_size=FULL_SIDE)
    return Deployed3D(Pose3DNet(config, weights="random"), DecodeConfig(), crops), FULL_SIDE


@torch.inference_mode()
def time_passes(name: str, turns: int) -> dict[str, Any]:
    """Milliseconds of a pass of one crop by runtime, and of the matrix products alone; all take turns."""
    net, size = bench_network(name)
    crops = random_crops(1, size, seed=0)
    macs = count_macs(net, crops)
    routes: dict[str, Callable[[], object]] = {FLOAT32: lambda: net.answers(crops)}
    prepared: dict[str, float] = {}
    for kind in KINDS:
        if all(map(find_spec, KINDS[kind].needs)):
            start = time.perf_counter()
            runtime = make_runtime(net, kind, size)
            runtime(crops)
            prepared[kind] = time.perf_counter() - start
            routes[kind] = lambda runtime=runtime: runtime(crops)  # type: ignore[misc]
    for precision in (torch.float32, torch.bfloat16):
        factors = torch.randn(2, MATMUL_SIDE, MATMUL_SIDE).to(precision)
        routes[f"matmul {str(precision).removeprefix('torch.')}"] = lambda factors=factors: factors[0] @ factors[1]  # type: ignore[misc]
    taken = in_turns(routes, turns)
    matmul_macs = MATMUL_SIDE**3
    rates = {
        kind: [matmul_macs / s / 1e9 for s in taken.pop(kind)] for kind in list(taken) if kind.startswith("matmul")
    }
    best = max(rates, key=lambda kind: median(rates[kind]))
    bound = [macs / 1e9 / rate for rate in rates[best]]
    return {
        "gmacs": macs / 1e9,
        "matmul_gmacs_per_s": {kind.removeprefix("matmul "): median(rate) for kind, rate in rates.items()},
        "bound_ms": 1000 * median(bound),
        "prepared_s": prepared,
        "runtimes": {
            kind: spread([1000 * s for s in seconds])
            | {"times_float32": ratio(seconds, taken[FLOAT32]), "times_bound": ratio(seconds, bound)}
            for kind, seconds in taken.items()
        },
    }


def in_turns(routes: dict[str, Callable[[], object]], turns: int) -> dict[str, list[float]]:
    """Wall-clock seconds of every route, one a turn."""
    for route in routes.values():
        route()
    taken: dict[str, list[float]] = {name: [] for name in routes}
    for _ in range(turns):
        for name, route in routes.items():
            start = time.perf_counter()
            route()
            taken[name].append(time.perf_counter() - start)
    return taken


def spread(values: list[float]) -> dict[str, float]:
    """Median, quartiles and least of some values."""
    low, _, high = quantiles(values, n=4) if len(values) > 1 else (values[0],) * 3
    return {"median": median(values), "lower_quartile": low, "upper_quartile": high, "least": min(values)}


def count_macs(net: Deployed2D | Deployed3D, crops: torch.Tensor) -> float:
    """Multiply-adds of one pass in convolutions and linear layers."""
    counter = FlopCounterMode(display=False)
    with counter:
        net.answers(crops)
    return counter.get_total_flops() / 2


def loss_of_runtimes(crops: np.ndarray, joints_3d: np.ndarray) -> dict[str, dict[str, float]]:
    """What the released 3D network's answers lose by runtime: MPJPE in mm, 3DPCK at 150 mm in %, distance in mm.

    Args:
        crops: (N, S, S, 3) uint8.
        joints_3d: (N, 17, 3) mm, true, root-relative.
    """
    net, size = bench_network(RELEASED_3D)
    pixels = torch.from_numpy(crops)
    reference = _poses(net.answers, pixels)
    found = {}
    for kind in (FLOAT32, *KINDS):
        if kind == FLOAT32 or all(map(find_spec, KINDS[kind].needs)):
            poses = reference if kind == FLOAT32 else _poses(make_runtime(net, kind, size), pixels)
            error = np.linalg.norm(poses - joints_3d, axis=-1)
            found[kind] = {
                "mpjpe_mm": float(error.mean()),
                "pck3d_150mm": 100 * float((error < 150).mean()),
                "distance_mm": float(np.linalg.norm(poses - reference, axis=-1).mean()),
            }
    return found


@torch.inference_mode()
def _poses(run: Callable[[torch.Tensor], dict[str, torch.Tensor]], crops: torch.Tensor) -> np.ndarray:
    return np.concatenate([run(crop[None])["joints_3d"].numpy() for crop in crops])
