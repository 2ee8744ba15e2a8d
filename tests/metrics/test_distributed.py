"""Real processes over gloo: ragged shards, one of them empty, give the bits of a single process."""

import multiprocessing
from pathlib import Path

import pytest
import torch
import torch.distributed as dist

from pose3d.metrics import AUC3D, MPJPE, PCK3D, GroupedPose3D, PCKh


def _data() -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(0)
    target = torch.randn(37, 17, 3, generator=generator) * 300
    return target + torch.randn(37, 17, 3, generator=generator) * 80, target, torch.arange(37) % 3


def _scores(rows: torch.Tensor) -> dict[str, float]:
    """Every kind of metric over `rows`, in batches of 5; synchronised where processes are connected."""
    preds, target, group = _data()
    plain = {"mpjpe": MPJPE(), "pa": MPJPE(alignment="procrustes"), "pck": PCK3D(), "auc": AUC3D()}
    grouped, pckh = GroupedPose3D(("a", "b", "c")), PCKh()
    for batch in rows.split(5) if len(rows) else ():
        for metric in plain.values():
            metric.update(preds[batch], target[batch])
        grouped.update(preds[batch], target[batch], group[batch])
        ones = torch.ones(len(batch), 17, dtype=torch.bool)
        pckh.update(preds[batch, :, :2], target[batch, :, :2], ones, torch.full((len(batch),), 150.0))
    found = {name: float(metric.compute()) for name, metric in plain.items()}
    return found | {k: float(v) for k, v in grouped.compute().items()} | {"pckh": float(pckh.compute())}


def _process(rank: int, shards: list[torch.Tensor], out: str) -> None:
    torch.set_num_threads(1)
    dist.init_process_group("gloo", f"file://{out}/meeting", rank=rank, world_size=len(shards))
    torch.save(_scores(shards[rank]), f"{out}/{rank}.pt")
    dist.destroy_process_group()


def _run(shards: list[torch.Tensor], tmp_path: Path) -> None:
    context = multiprocessing.get_context("fork")
    processes = [
        context.Process(target=_process, args=(rank, shards, str(tmp_path)), daemon=True) for rank in range(len(shards))
    ]
    for process in processes:
        process.start()
    for process in processes:
        process.join(timeout=120)
        assert process.exitcode == 0
    expected = _scores(torch.arange(37))
    for rank in range(len(shards)):
        assert torch.load(tmp_path / f"{rank}.pt") == expected


def test_two_processes_with_ragged_shards(tmp_path: Path) -> None:
    _run([torch.arange(26), torch.arange(26, 37)], tmp_path)


@pytest.mark.filterwarnings("ignore:The ``compute`` method")
@pytest.mark.parametrize("world", [3, 8])
def test_more_processes_one_of_them_without_a_frame(world: int, tmp_path: Path) -> None:
    shards = [torch.arange(37)[rank :: world - 1] for rank in range(world - 1)]
    _run([*shards, torch.arange(0)], tmp_path)
