"""The table of a network's layers, computed from the network: shapes, strides, parameters, learning-rate groups."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial

import torch
from torch import Tensor, nn

from pose3d.models.backbone import Trunk
from pose3d.models.domain import DomainStub
from pose3d.models.fusion import FusionNet
from pose3d.models.groups import group_of
from pose3d.models.pose2d import Pose2DNet
from pose3d.models.pose3d import Pose3DNet
from pose3d.models.res5 import Res5Taper
from pose3d.models.stubs import PoseStub

# Modules that are described by what they contain; anything else with parameters is one line of the table.
_CONTAINERS = (
    *(nn.Sequential, nn.ModuleDict, nn.ModuleList),
    *(Trunk, Res5Taper, PoseStub, DomainStub, Pose2DNet, Pose3DNet, FusionNet),
)


@dataclass(frozen=True)
class Layer:
    """One line: `shape` is the output without the batch axis, `stride` the width of a cell in pixels if it is a map."""

    name: str
    paper: str
    kind: str
    shape: tuple[int, ...]
    stride: int | None
    parameters: int
    group: str


def layers(net: Pose2DNet | Pose3DNet | FusionNet, image_size: int | None = None) -> list[Layer]:
    """Every layer with parameters, in the order of the forward pass.

    `image_size` is the crop in px; 3DPoseNet and the fusion network know theirs, 2DPoseNet takes 368.
    One image of zeros goes through the network in evaluation mode, after which each module is in the mode it was in.
    """
    size = image_size or _image_size(net)
    lines = dict(_lines(net, ""))
    shapes: dict[str, tuple[int, ...]] = {}
    strides: dict[str, int] = {}

    def record(name: str, _module: nn.Module, inputs: tuple[Tensor], output: Tensor) -> None:
        shapes[name] = tuple(output.shape[1:])
        if output.ndim == 4:
            # Every layer gives ceil(side / stride) cells, and maps that are read by two layers have a whole stride.
            side = inputs[0].shape[2]
            strides[name] = size // side * -(-side // output.shape[2])

    handles = [module.register_forward_hook(partial(record, name)) for name, module in lines.items()]
    modes = {module: module.training for module in net.modules()}
    parameter = next(net.parameters())
    try:
        with torch.no_grad():
            net.eval()(torch.zeros(1, 3, size, size, device=parameter.device, dtype=parameter.dtype))
    finally:
        for handle in handles:
            handle.remove()
        for module, mode in modes.items():
            module.training = mode
    groups, words = net.lr_groups(), _paper_names(net)
    return [
        Layer(
            name=name,
            paper=words.get(name, ""),
            kind=type(lines[name]).__name__,
            shape=shape,
            stride=strides.get(name),
            parameters=sum(p.numel() for p in lines[name].parameters()),
            group=group_of(f"{name}.", groups),
        )
        for name, shape in shapes.items()
    ]


def group_sizes(table: list[Layer]) -> dict[str, int]:
    """Parameters in each learning-rate group."""
    return {g: sum(line.parameters for line in table if line.group == g) for g in dict.fromkeys(x.group for x in table)}


def format_layers(table: list[Layer]) -> str:
    """The table as Markdown, with the sum of each group below."""
    rows: list[tuple[str, ...]] = [("layer", "paper", "kind", "output", "stride", "parameters", "group")]
    for line in table:
        shape = " x ".join(map(str, line.shape))
        stride = str(line.stride or "")
        rows.append((line.name, line.paper, line.kind, shape, stride, f"{line.parameters:,}", line.group))
    rows += [("total", "", "", "", "", f"{size:,}", group) for group, size in group_sizes(table).items()]
    rows.insert(1, ("---",) * len(rows[0]))
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return "\n".join(
        "| " + " | ".join(cell.ljust(w) for cell, w in zip(row, widths, strict=True)) + " |" for row in rows
    )


def _lines(module: nn.Module, name: str) -> Iterator[tuple[str, nn.Module]]:
    """Names and modules of the table's lines below `module`."""
    if type(module) not in _CONTAINERS:
        if any(True for _ in module.parameters()):
            yield name, module
        return
    for child_name, child in module.named_children():
        yield from _lines(child, f"{name}.{child_name}" if name else child_name)


def _image_size(net: Pose2DNet | Pose3DNet | FusionNet) -> int:
    if isinstance(net, FusionNet):
        return net.pose3d.config.image_size
    return net.config.image_size if isinstance(net, Pose3DNet) else 368


def _paper_names(net: nn.Module) -> dict[str, str]:
    """The paper's words for lines that have one."""
    names: dict[str, str] = {}
    for prefix, module in net.named_modules():
        if isinstance(module, Trunk):
            names |= {f"{prefix}.{block}": ", ".join(words) for block, words in module.words.items()}
            names[prefix.removesuffix("trunk") + "res5a"] = "res5a"
    return names
