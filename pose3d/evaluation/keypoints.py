"""2D protocols: PCKh and its AUC (MPII), PCK and its AUC (LSP)."""

import numpy as np
import torch

from pose3d.evaluation.protocols import Protocol
from pose3d.evaluation.tables import Table
from pose3d.metrics import PCK2D, PCK2DAUC, PCKh, PCKhAUC
from pose3d.metrics.grouped import JOINT_GROUPS
from pose3d.predictions import Predictions


def keypoint_scores(predictions: Predictions, protocol: Protocol, joints: tuple[int, ...]) -> tuple[float, float]:
    """Share and area, both in percent, over some of the 14 joints."""
    reader = f"protocol {protocol.name!r}"
    keys = ["joints_2d", "target_2d", "visible"] + (["head_size"] if protocol.kind == "mpii" else [])
    inputs = [torch.from_numpy(np.ascontiguousarray(predictions.require(key, reader))) for key in keys]
    metrics = (PCKh(joints=joints), PCKhAUC(joints=joints)) if protocol.kind == "mpii" else None
    share, area = metrics or (PCK2D(joints=joints), PCK2DAUC(joints=joints))
    share.update(*inputs)
    area.update(*inputs)
    return float(share.compute()), float(area.compute())


def keypoint_table(predictions: Predictions, protocol: Protocol) -> Table:
    """Rows: joint groups and all."""
    name = "PCKh" if protocol.kind == "mpii" else "PCK"
    table = Table("2D joints", protocol.name, protocol.rules(), ["joint group", f"{name} %", "AUC %"])
    for group, joints in [*JOINT_GROUPS.items(), ("All", tuple(range(14)))]:
        table.add(group, *keypoint_scores(predictions, protocol, joints))
    return table
