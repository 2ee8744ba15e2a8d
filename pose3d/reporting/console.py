"""Results table of logged metrics."""

from collections.abc import Mapping
from dataclasses import dataclass

from rich import box
from rich.table import Table

METRICS = {"pck3d_150mm": "3DPCK %", "auc3d": "AUC %", "mpjpe_mm": "MPJPE mm"}
CANDIDATES = {"P": "P", "O1": "O1", "O2": "O2", "fused": "fused", "mean_pose": "mean pose"}
ALL = "all"


@dataclass(frozen=True)
class PoseMetrics:
    """Test metrics of 3D poses, indexed by scene, candidate and metric.

    The stages log {split}/{scene}/{candidate}/{metric}, {split}/{candidate}/{metric} and, for the stage's own answer
    (`deployed`), {split}/{metric}. `scenes` ends with "all"; both lists are empty for a stage without 3D poses.
    """

    scenes: tuple[str, ...]
    candidates: tuple[str, ...]
    deployed: str | None
    values: Mapping[tuple[str, str, str], float]
    """(scene, candidate, metric) -> number, as logged."""


def pose_metrics(metrics: Mapping[str, float], split: str = "test") -> PoseMetrics:
    """Parse logged keys; keys of other metrics are ignored."""
    keys = {key: key.removeprefix(f"{split}/").split("/") for key in metrics if key.startswith(f"{split}/")}
    scenes = dict.fromkeys(parts[0] for parts in keys.values() if len(parts) == 3)
    found = {parts[-2] for parts in keys.values() if len(parts) >= 2}
    named = {parts[0] for parts in keys.values() if len(parts) == 2}
    candidates = tuple(c for c in CANDIDATES if c in found)
    deployed = next((c for c in candidates if c not in named), None)
    values = {}
    for key, parts in keys.items():
        if parts[-1] in METRICS and candidates:
            scene = parts[0] if len(parts) == 3 else ALL
            candidate = parts[-2] if len(parts) >= 2 else deployed
            if candidate is not None:
                values[scene, candidate, parts[-1]] = metrics[key]
    return PoseMetrics((*scenes, ALL) if candidates else (), candidates, deployed, values)


def results_table(metrics: Mapping[str, float], title: str = "", split: str = "test") -> Table:
    """One row for each pose (P, O1, O2, fused, the mean pose) in each scene, then over all of them.

    Metrics that are not of 3D poses become one row each.
    """
    table = Table(title=title, box=box.SIMPLE_HEAD, title_justify="left")
    found = pose_metrics(metrics, split)
    if not found.candidates:
        table.add_column("metric")
        table.add_column("value", justify="right")
        for name, value in plain_metrics(metrics, split).items():
            table.add_row(name, f"{value:.2f}")
        return table
    table.add_column("scene")
    table.add_column("pose")
    for header in METRICS.values():
        table.add_column(header, justify="right")
    for scene in found.scenes:
        for candidate in found.candidates:
            values = [found.values.get((scene, candidate, metric)) for metric in METRICS]
            cells = ["–" if value is None else f"{value:.1f}" for value in values]
            table.add_row(
                scene if candidate == found.candidates[0] else "",
                CANDIDATES[candidate],
                *cells,
                end_section=candidate == found.candidates[-1],
            )
    return table


def plain_metrics(metrics: Mapping[str, float], split: str = "test") -> dict[str, float]:
    """Metrics {split}/{name} by name, sorted."""
    names = sorted(key.removeprefix(f"{split}/") for key in metrics if key.startswith(f"{split}/"))
    return {name: metrics[f"{split}/{name}"] for name in names}
