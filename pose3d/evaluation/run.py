"""From predictions and a protocol to the list of tables."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from pose3d.evaluation.aspset510 import aspset510_table
from pose3d.evaluation.compare import comparison_table
from pose3d.evaluation.humaneva import humaneva_table
from pose3d.evaluation.keypoints import keypoint_table
from pose3d.evaluation.protocols import PROTOCOLS, find_protocol
from pose3d.evaluation.sanity import check_plausible
from pose3d.evaluation.scores import sampled
from pose3d.evaluation.tables import Table
from pose3d.evaluation.tables_3d import class_table, tables_3d
from pose3d.evaluation.variants import switch_table, variants_table
from pose3d.predictions import Predictions


@dataclass
class Evaluation:
    """What was evaluated, and its tables."""

    predictions: list[str]
    protocol: str
    frames: int
    box: str
    tables: list[Table]

    def as_json(self) -> dict[str, Any]:
        """Plain data: the same numbers as the printed tables, unrounded."""
        return {
            "predictions": self.predictions,
            "protocol": self.protocol,
            "frames": self.frames,
            "box": self.box,
            "rules": {name: protocol.rules() for name, protocol in PROTOCOLS.items()},
            "tables": [table.as_json() for table in self.tables],
        }


def evaluate(
    files: Sequence[Predictions],
    protocol_name: str,
    other: Predictions | None = None,
    every: int | None = None,
    draws: int = 1000,
    pose_classes: bool = False,
    picture: Path | None = None,
) -> Evaluation:
    """Score the first of `files` under a protocol (or "all"); further files become further rows.

    `other` is compared frame by frame, `every` overrides the protocol's sampling, `draws` is the number of bootstrap
    draws (0: no intervals), `pose_classes` adds the table of section 6.1 and `picture` draws its centroids.
    """
    files = [predictions.plain() for predictions in files]
    other = other and other.plain()
    for predictions in [*files, *([other] if other else [])]:
        predictions.check()
        check_plausible(predictions)
    first = files[0]
    if protocol_name == "all":
        tables = [variants_table(first, every)]
        return Evaluation([f.path for f in files], "all", len(first.evaluated()), first.box, tables)
    protocol = find_protocol(protocol_name)
    if every is not None:
        protocol = replace(protocol, every=every)
    chosen = sampled(first, protocol)
    if protocol.kind == "humaneva":
        tables = [humaneva_table(chosen, protocol)]
    elif protocol.kind == "aspset510":
        tables = [aspset510_table(chosen, protocol)]
    elif protocol.kind in ("mpii", "lsp"):
        tables = [keypoint_table(chosen, protocol)]
    else:
        tables = tables_3d(chosen, protocol, draws)
        if pose_classes:
            tables.append(class_table(chosen, protocol, picture))
        switches = switch_table(files, protocol)
        tables += [switches] if len(switches.rows) > 1 else []
        tables += [comparison_table(first, other, protocol, max(draws, 1))] if other else []
    return Evaluation([f.path for f in files], protocol.name, len(chosen), first.box, tables)
