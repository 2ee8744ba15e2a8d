"""One optimiser with one parameter group for each learning-rate group (paper Table 1, decisions L3 and L5)."""

from collections.abc import Mapping
from typing import Any, Literal

import torch
from torch import nn

from pose3d.errors import PoseError
from pose3d.models.groups import group_of
from pose3d.schedule import Schedule

OptimizerName = Literal["adadelta", "adamw", "adam"]

# Decision L3: Caffe's "momentum 0.9" of AdaDelta is rho; torch adds weight decay to the gradient and multiplies the
# step by the rate, as Caffe does.
_ADADELTA = {"rho": 0.9, "weight_decay": 0.005}
_CLASSES: dict[str, tuple[type[torch.optim.Optimizer], dict[str, float]]] = {
    "adadelta": (torch.optim.Adadelta, _ADADELTA),
    "adamw": (torch.optim.AdamW, {"weight_decay": 0.01}),
    "adam": (torch.optim.Adam, {"weight_decay": 0.0}),
}


def parameter_groups(net: nn.Module, multipliers: Mapping[str, float]) -> list[dict[str, Any]]:
    """Trainable parameters by the groups that the network names, each with its `name` and `multiplier`."""
    prefixes: dict[str, list[str]] = net.lr_groups()  # type: ignore[operator]
    if prefixes.keys() != multipliers.keys():
        wanted, given = ", ".join(prefixes), ", ".join(multipliers)
        raise PoseError(f"lr_multipliers name {given}, this network has the groups {wanted}; name each of them")
    members: dict[str, list[nn.Parameter]] = {name: [] for name in prefixes}
    for name, parameter in net.named_parameters():
        if parameter.requires_grad:
            members[group_of(name, prefixes)].append(parameter)
    return [{"params": members[name], "name": name, "multiplier": float(multipliers[name])} for name in prefixes]


def freeze_zero_lr_groups(net: nn.Module, multipliers: Mapping[str, float]) -> None:
    """Turn off gradients where the multiplier is 0; training is the same, only faster."""
    prefixes: dict[str, list[str]] = net.lr_groups()  # type: ignore[operator]
    for name, parameter in net.named_parameters():
        if multipliers.get(group_of(name, prefixes)) == 0:
            parameter.requires_grad_(False)


def build_optimizer(
    net: nn.Module,
    name: OptimizerName,
    multipliers: Mapping[str, float],
    weight_decay: float | None = None,
    eps: float | None = None,
) -> torch.optim.Optimizer:
    """The optimiser, each group's rate set to its multiplier (the schedule multiplies it by the base rate).

    None takes the optimiser's own: weight decay 0.005 for AdaDelta (the paper), 0.01 for AdamW, 0 for Adam; eps 1e-6
    for AdaDelta, 1e-8 for the others.
    """
    kind, settings = _CLASSES[name]
    groups = [group | {"lr": group["multiplier"]} for group in parameter_groups(net, multipliers)]
    options: dict[str, Any] = settings | ({} if weight_decay is None else {"weight_decay": weight_decay})
    options |= {} if eps is None else {"eps": eps}
    return kind(groups, **options)


def base_rate(optimizer: torch.optim.Optimizer, schedule: Schedule) -> torch.optim.lr_scheduler.LambdaLR:
    """Scheduler that sets every group to base rate x multiplier before each step."""
    return torch.optim.lr_scheduler.LambdaLR(optimizer, lambda step: schedule.at(step).lr)
