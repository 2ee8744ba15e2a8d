"""What a network gives, listed once: key, target, loss, columns of the phase table, and whether it is deployed.

Losses, their weights, the answer's key, the stages' metrics, reports and W&B all follow from a network's list of
`Output`s (`net.outputs`); nothing reads the names.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, Protocol

import torch
from torch import Tensor

from pose3d.errors import PoseError
from pose3d.losses import euclidean_loss
from pose3d.models.targets import HeatmapTarget, PoseTarget
from pose3d.schedule import Phase
from pose3d.types import Batch

Loss = Callable[[Tensor, Tensor, Tensor | None], Tensor]
"""(preds, target, weight) -> scalar, as in `pose3d.losses`."""

JOINTS_2D = "K"
"""Candidate name of the heatmaps that 2D joints are read from at test time: the paper's K."""


class Target(Protocol):
    """What predictions of a shape are compared with in a batch, and the weight of each entry (None: all count).

    Equal targets are computed once a step, so a target is a frozen dataclass (see `pose3d.models.targets`).
    """

    def __call__(self, shape: torch.Size, batch: Batch) -> tuple[Tensor, Tensor | None]: ...


@dataclass(frozen=True)
class Output:
    """One entry of a network's answer.

    Args:
        key: its key in the dictionary that `forward` returns; its loss is logged as `train/loss_KEY`.
        target: what it is compared with.
        loss: how; None where it carries no loss.
        columns: columns of the phase table whose weights, added up, multiply the loss; without any, `weight` alone
            does.
        weight: a further factor, the same at every step.
        candidate: name under which it is scored and reported; a deployed network keeps it. None: for training only.
        score: name and function of a figure to log beside the loss, as `train/KEY_NAME`.
    """

    key: str
    target: Target
    loss: Loss | None = euclidean_loss
    columns: tuple[str, ...] = ()
    weight: float = 1.0
    candidate: str | None = None
    score: tuple[str, Loss] | None = None

    def factor(self, phase: Phase) -> float:
        """Weight of the loss in a phase of the schedule; PoseError where the table lacks a column."""
        for column in self.columns:
            if column not in phase.weights:
                raise PoseError(f"the schedule has no weight for {column}; add the column to each of its phases")
        return self.weight * sum(phase.weights[column] for column in self.columns) if self.columns else self.weight

    def described(self) -> dict[str, Any]:
        """Plain data for checkpoints and reports: key, columns (none: no loss), candidate, modality of a pose."""
        columns = list(self.columns or (self.key,)) if self.loss is not None else []
        modality = self.target.modality if isinstance(self.target, PoseTarget) else None
        return {"key": self.key, "columns": columns, "candidate": self.candidate, "modality": modality}


def pose_candidates(outputs: Iterable[Output]) -> dict[str, tuple[str, PoseTarget]]:
    """Candidate -> (key, target) of every pose that counts at test time."""
    return {o.candidate: (o.key, o.target) for o in outputs if o.candidate and isinstance(o.target, PoseTarget)}


def heatmap_key(outputs: Iterable[Output]) -> str | None:
    """Key of the heatmaps that 2D joints are read from at test time; None where the network has none."""
    return next((o.key for o in outputs if o.candidate and isinstance(o.target, HeatmapTarget)), None)
