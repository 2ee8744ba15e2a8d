"""Record of what the results in a run folder are of: `tested.json` names checkpoint, test-time choices and data."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from lightning.pytorch import LightningModule, Trainer

from pose3d.checkpoint import sha256_of
from pose3d.contracts import offered
from pose3d.errors import PoseError

RECORD = "tested.json"


def describe_test(trainer: Trainer, pl_module: LightningModule) -> dict[str, Any]:
    """Plain data: checkpoint with hash (None for weights in memory), test-time choices, test stores."""
    path = trainer.ckpt_path
    checkpoint = None if path is None else {"file": str(path), "sha256": sha256_of(path)}
    data = offered(trainer.datamodule, "identity", dict)().get("test")  # type: ignore[attr-defined]
    return {"checkpoint": checkpoint, "decode": pl_module.hparams.get("decode"), "data": data}


def refuse_other_results(run_dir: Path, test: dict[str, Any]) -> None:
    """Raise PoseError where the folder holds results of another checkpoint, other test-time choices or other data."""
    record = run_dir / RECORD
    if not record.is_file():
        return
    try:
        before = json.loads(record.read_text())
        hashes = [(found["checkpoint"] or {}).get("sha256") for found in (before, test)]
        same_data = [[part["sha256"] for part in found["data"] or ()] for found in (before, test)]
        decoding = before["decode"]
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise PoseError(f"{record} is damaged ({error!r}); delete it, or name another folder as --run_dir") from error
    if hashes[0] != hashes[1]:
        what = "another checkpoint"
    elif same_data[0] != same_data[1]:
        what = "other data"
    elif decoding != test["decode"]:
        what = "another decoding"
    else:
        return
    raise PoseError(f"{run_dir} holds the results of a test of {what}; name another folder as --run_dir")
