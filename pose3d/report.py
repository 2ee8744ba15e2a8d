"""Logged metrics as one table for people."""

from collections.abc import Mapping

from rich import box
from rich.table import Table

METRICS = {"pck3d_150mm": "3DPCK %", "auc3d": "AUC %", "mpjpe_mm": "MPJPE mm"}
CANDIDATES = {"P": "P", "O1": "O1", "O2": "O2", "fused": "fused", "mean_pose": "mean pose"}


def results_table(metrics: Mapping[str, float], title: str = "", split: str = "test") -> Table:
    """One row for each pose (P, O1, O2, fused, the mean pose) in each scene, then over all of them.

    `metrics` are keyed as the stages log them: {split}/{scene}/{candidate}/{metric}, {split}/{candidate}/{metric} and,
    for the stage's own answer, {split}/{metric}. Metrics that are not of 3D poses become one row each.
    """
    keys = [key.removeprefix(f"{split}/").split("/") for key in metrics if key.startswith(f"{split}/")]
    scenes = list(dict.fromkeys(parts[0] for parts in keys if len(parts) == 3))
    found = {parts[-2] for parts in keys if len(parts) >= 2}
    candidates = [c for c in CANDIDATES if c in found]
    named = {parts[0] for parts in keys if len(parts) == 2}
    table = Table(title=title, box=box.SIMPLE_HEAD, title_justify="left")
    if not candidates:
        table.add_column("metric")
        table.add_column("value", justify="right")
        for (name,) in sorted(keys):
            table.add_row(name, f"{metrics[f'{split}/{name}']:.2f}")
        return table
    table.add_column("scene")
    table.add_column("pose")
    for header in METRICS.values():
        table.add_column(header, justify="right")
    for scene in [*scenes, "all"]:
        where = split if scene == "all" else f"{split}/{scene}"
        for candidate in candidates:
            prefix = where if scene == "all" and candidate not in named else f"{where}/{candidate}"
            values = [metrics.get(f"{prefix}/{metric}") for metric in METRICS]
            cells = ["–" if value is None else f"{value:.1f}" for value in values]
            table.add_row(
                scene if candidate == candidates[0] else "",
                CANDIDATES[candidate],
                *cells,
                end_section=candidate == candidates[-1],
            )
    return table
