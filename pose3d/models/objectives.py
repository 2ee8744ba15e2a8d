"""The losses of a network's outputs, and their sum at the weights of the phase table (supplement 4)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from torch import Tensor

from pose3d.models.outputs import Output
from pose3d.schedule import Phase
from pose3d.types import Batch


def output_losses(outputs: Iterable[Output], answers: Mapping[str, Tensor], batch: Batch) -> dict[str, Tensor]:
    """Loss of each output that carries one, by its key, in the order of the list.

    `answers` is what the network's `forward` returned; a target that several outputs share is computed once.
    """
    targets: dict[object, tuple[Tensor, Tensor | None]] = {}
    losses = {}
    for output in outputs:
        if output.loss is None:
            continue
        preds = answers[output.key]
        key = (output.target, preds.shape)
        if key not in targets:
            targets[key] = output.target(preds.shape, batch)
        losses[output.key] = output.loss(preds, *targets[key])
    return losses


def output_scores(outputs: Iterable[Output], answers: Mapping[str, Tensor], batch: Batch) -> dict[str, Tensor]:
    """Figures that outputs want logged beside their losses, by `KEY_NAME`; without gradients."""
    scores = {}
    for output in outputs:
        if output.score is not None:
            name, figure = output.score
            preds = answers[output.key].detach()
            scores[f"{output.key}_{name}"] = figure(preds, *output.target(preds.shape, batch))
    return scores


def total_loss(outputs: Iterable[Output], losses: Mapping[str, Tensor], phase: Phase) -> Tensor:
    """Sum of the losses, each times its weight in this phase."""
    weighted = [losses[output.key] * output.factor(phase) for output in outputs if output.key in losses]
    return sum(weighted[1:], weighted[0])
