"""The table that a hand-off prints: what was transferred, what is new, and how fast each part learns."""

from collections.abc import Mapping

from lightning.pytorch.utilities import rank_zero_only
from rich.console import Console
from rich.table import Table
from torch import nn

from pose3d.checkpoint import HandOffReport
from pose3d.models.groups import group_of


def hand_off_table(report: HandOffReport, net: nn.Module, multipliers: Mapping[str, float]) -> Table:
    """One row per top-level module of the child network."""
    parent = f"{report.parent['stage']}, {report.path}, sha256 {report.sha256[:12]}"
    table = Table(
        "part", "from", "tensors", "parameters", "rate", title=f"Hand-off from {parent}", title_justify="left"
    )
    for column in table.columns[2:]:
        column.justify = "right"
    prefixes: dict[str, list[str]] = net.lr_groups()  # type: ignore[operator]
    for part in report.parts:
        group = group_of(f"{part.name}.", prefixes)
        source = "new" if part.source is None else f"{report.parent['stage']} {part.source}"
        rate = f"x {multipliers[group]:g} ({group})"
        table.add_row(part.name, source, f"{part.tensors}", f"{part.parameters:,}", rate)
    return table


@rank_zero_only
def print_hand_off(report: HandOffReport, net: nn.Module, multipliers: Mapping[str, float]) -> None:
    """Print the table on stdout."""
    Console().print(hand_off_table(report, net, multipliers))
