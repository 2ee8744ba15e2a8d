"""Which parameters learn at which multiplier: the three groups of paper Table 1 (decision L5)."""

from collections.abc import Mapping, Sequence

from torch import nn


def pose_groups(net: nn.Module) -> dict[str, list[str]]:
    """Parameter-name prefixes of the layers up to res4b22, of res5a, and of everything else, which is new."""
    children = [name for name, child in net.named_children() if any(True for _ in child.parameters())]
    new = [f"{name}." for name in children if name not in ("trunk", "res5a")]
    return {"trunk": ["trunk."], "res5a": ["res5a."], "new": new}


def group_of(parameter: str, groups: Mapping[str, Sequence[str]]) -> str:
    """The group of a parameter by name; every parameter has exactly one."""
    (group,) = (name for name, prefixes in groups.items() if any(parameter.startswith(p) for p in prefixes))
    return group
