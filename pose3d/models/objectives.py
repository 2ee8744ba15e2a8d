"""What each network output is compared with, and at which weight of the phase table (supplement 4).

Outputs carry the paper's names: Hsum, Pdeep, O1sum, P4b5, H, PL, Pfused. The tables name a column for P, O1 and O2
together: Xdeep weights Pdeep, O1deep and O2deep alike.
"""

from collections.abc import Mapping, Sequence

from torch import Tensor
from torch.nn.functional import binary_cross_entropy_with_logits, cross_entropy

from pose3d.errors import PoseError
from pose3d.geometry.kinematics import TO_MODALITY
from pose3d.heatmaps import cells_from_crop, render_heatmaps
from pose3d.losses import euclidean_loss
from pose3d.schedule import Phase
from pose3d.types import Batch

INTERMEDIATE_COLUMNS = ("X4b5", "X4b20")


def pose_columns(modalities: Sequence[str], taps: Sequence[str]) -> dict[str, str]:
    """Output name -> column of Table 4 for 3DPoseNet.

    The columns are named after the taps of the supplement; where others are chosen (decision N1: res3b3 and res4b22),
    the shallower takes the weights of X4b5 and the deeper those of X4b20.
    """
    columns = {"H": "H", "PL": "PL"}
    for x in modalities:
        columns |= {f"{x}deep": "Xdeep", f"{x}sum": "Xsum"}
        columns |= {x + t.removeprefix("res"): c for t, c in zip(taps, INTERMEDIATE_COLUMNS, strict=False)}
    return columns


def heatmap_losses(outputs: Mapping[str, Tensor], batch: Batch) -> dict[str, Tensor]:
    """Euclidean loss of each heatmap output (B, J, h, w), J the first 15 or all 17 joints, where they have a label."""
    losses = {}
    for name, maps in outputs.items():
        joints, size = maps.shape[1], (maps.shape[2], maps.shape[3])
        stride = batch["image"].shape[-1] // size[1]
        visible = batch["visible"][:, :joints]
        target = render_heatmaps(cells_from_crop(batch["joints_2d_crop"][:, :joints], stride), visible, size)
        losses[name] = euclidean_loss(maps, target, visible)
    return losses


def pose_losses(outputs: Mapping[str, Tensor], batch: Batch, unit_mm: float) -> dict[str, Tensor]:
    """Loss of each output of 3DPoseNet or of the fusion.

    Poses (B, 17, 3) are in `unit_mm` millimetres (decision L2); samples without a 3D label do not count. With domain
    adaptation they serve as images only, so their 2D labels do not count either (supplement 4.2.2).
    """
    if "domain" in outputs:
        batch = {**batch, "visible": batch["visible"] & batch["has_3d"][:, None]}
    targets = {x: convert(batch["joints_3d"] / unit_mm) for x, convert in TO_MODALITY.items()}
    losses = heatmap_losses({"H": outputs["H"]} if "H" in outputs else {}, batch)
    for name, output in outputs.items():
        if name == "PL":
            losses[name] = part_label_loss(output, batch)
        elif name == "domain":
            losses[name] = domain_loss(output, batch)
        elif name != "H":
            losses[name] = euclidean_loss(output, targets[name[:2] if name.startswith("O") else "P"], batch["has_3d"])
    return losses


def part_label_loss(logits: Tensor, batch: Batch) -> Tensor:
    """Cross entropy of part-label logits (B, 25, h, w) with `part_labels` (B, h, w) int64 (decision N12)."""
    if "part_labels" not in batch:
        raise PoseError("the data have no part labels; set model.part_labels to false (decision N12)")
    return cross_entropy(logits, batch["part_labels"])


def domain_loss(logits: Tensor, batch: Batch) -> Tensor:
    """Cross entropy of domain logits (B,): samples with a 3D label are the first domain, those without the second."""
    return binary_cross_entropy_with_logits(logits, (~batch["has_3d"]).float())


def total_loss(losses: Mapping[str, Tensor], columns: Mapping[str, str], phase: Phase) -> Tensor:
    """Sum of the losses, each times the weight of its column; an output without a column takes its own name."""
    weighted = []
    for name, loss in losses.items():
        column = columns.get(name, name)
        if column not in phase.weights:
            raise PoseError(f"the schedule has no weight for {column}; add the column to each of its phases")
        weighted.append(loss * phase.weights[column])
    return sum(weighted[1:], weighted[0])
