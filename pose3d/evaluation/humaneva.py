"""HumanEva as in the supplement's Table 1: P[G], P aligned S,T and R,S,T, with and without the 14 x 14 joint map."""

import numpy as np
import torch

from pose3d.evaluation.protocols import Protocol
from pose3d.evaluation.scores import label_groups
from pose3d.evaluation.tables import Table
from pose3d.metrics import MPJPE, GlobalMPJPE, apply_joint_map, fit_joint_map
from pose3d.metrics.functional import Alignment
from pose3d.predictions import Predictions

JOINTS = 14
ALIGNMENTS: tuple[Alignment, ...] = ("scale_translation", "procrustes")


KEYS = ("joints_3d", "translation", "target_3d_true", "target_translation")


def humaneva_table(predictions: Predictions, protocol: Protocol) -> Table:
    """One row for each sequence and skeleton; the joint map is fitted once, on all sequences together."""
    preds, place, target, target_place = _inputs(predictions, protocol)
    mapped = preds.clone()
    mapped[:, :JOINTS] = apply_joint_map(fit_joint_map(preds[:, :JOINTS], target[:, :JOINTS]), preds[:, :JOINTS])
    codes, groups = label_groups(predictions, "sequence")
    table = Table(
        "HumanEva",
        protocol.name,
        f"MPJPE over {JOINTS} joints; true skeleton; S,T and R,S,T aligned per frame; every frame",
        ["sequence", "skeleton", "frames", "P[G] mm", "align S,T mm", "align R,S,T mm"],
        notes=[f"mapped: one linear {JOINTS} x {JOINTS} map of the joints, fitted on all sequences together"],
    )
    for number, group in [*enumerate(groups), (None, "All")]:
        rows = torch.from_numpy(codes == number if number is not None else codes == codes)
        if not bool(rows.any()):
            continue
        for skeleton, poses in (("ours", preds), ("mapped", mapped)):
            whole = GlobalMPJPE(joints=JOINTS)
            whole.update(poses[rows], place[rows], target[rows], target_place[rows])
            scores = [float(whole.compute())]
            for alignment in ALIGNMENTS:
                metric = MPJPE(alignment=alignment, joints=JOINTS)
                metric.update(poses[rows], target[rows])
                scores.append(float(metric.compute()))
            table.add(group, skeleton, int(rows.sum()), *scores)
    return table


def global_error(predictions: Predictions, protocol: Protocol) -> float:
    """P[G] over all frames, mm."""
    metric = GlobalMPJPE(joints=JOINTS)
    metric.update(*_inputs(predictions, protocol))
    return float(metric.compute())


def _inputs(predictions: Predictions, protocol: Protocol) -> list[torch.Tensor]:
    reader = f"protocol {protocol.name!r}"
    return [torch.from_numpy(np.ascontiguousarray(predictions.require(key, reader))) for key in KEYS]
