"""Results table of logged metrics."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from rich import box
from rich.table import Table

METRICS = {"pck3d_150mm": "3DPCK %", "auc3d": "AUC %", "mpjpe_mm": "MPJPE mm"}
MEAN_POSE = "mean_pose"
ALL = "all"


def shown(candidate: str) -> str:
    """Name of a candidate in tables and legends."""
    return candidate.replace("_", " ")


@dataclass(frozen=True)
class PoseMetrics:
    """Test metrics of 3D poses, indexed by scene, candidate and metric.

    The stages log {split}/{scene}/{candidate}/{metric}, {split}/{candidate}/{metric} and, for the network's answer,
    {split}/{metric}. `scenes` ends with "all"; both lists are empty for a stage without 3D poses.
    """

    scenes: tuple[str, ...]
    candidates: tuple[str, ...]
    answer: str | None
    values: Mapping[tuple[str, str, str], float]
    """(scene, candidate, metric) -> number, as logged."""


def pose_metrics(
    metrics: Mapping[str, float], split: str = "test", answer: str | None = None, order: Sequence[str] = ()
) -> PoseMetrics:
    """Parse logged keys; keys of other metrics are ignored.

    Args:
        answer: candidate of the keys without one; default: the candidate with scores in scenes but not over all frames.
        order: candidates to list first; the others follow as logged, the mean pose last.
    """
    keys = [key.removeprefix(f"{split}/").split("/") for key in metrics if key.startswith(f"{split}/")]
    keys = [parts for parts in keys if parts[-1] in METRICS and len(parts) <= 3]
    scenes = dict.fromkeys(parts[0] for parts in keys if len(parts) == 3)
    found = dict.fromkeys(parts[-2] for parts in keys if len(parts) >= 2)
    if answer is None:
        named = {parts[0] for parts in keys if len(parts) == 2}
        answer = next((c for c in found if c not in named), None)
    if answer is not None and any(len(parts) == 1 for parts in keys):
        found.setdefault(answer)
    ranked = list(dict.fromkeys([*order, *found]))
    candidates = tuple(sorted(found, key=lambda c: (c == MEAN_POSE, ranked.index(c))))
    values = {}
    for parts in keys:
        candidate = parts[-2] if len(parts) >= 2 else answer
        if candidate is not None:
            scene = parts[0] if len(parts) == 3 else ALL
            values[scene, candidate, parts[-1]] = metrics["/".join([split, *parts])]
    return PoseMetrics((*scenes, ALL) if candidates else (), candidates, answer, values)


def results_table(
    metrics: Mapping[str, float],
    title: str = "",
    split: str = "test",
    answer: str | None = None,
    order: Sequence[str] = (),
) -> Table:
    """One row for each candidate (P, O1, O2, fused, the mean pose) in each scene, then over all of them.

    Metrics that are not of 3D poses become one row each.
    """
    table = Table(title=title, box=box.SIMPLE_HEAD, title_justify="left")
    found = pose_metrics(metrics, split, answer, order)
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
                shown(candidate),
                *cells,
                end_section=candidate == found.candidates[-1],
            )
    return table


def plain_metrics(metrics: Mapping[str, float], split: str = "test") -> dict[str, float]:
    """Metrics {split}/{name} by name, sorted."""
    names = sorted(key.removeprefix(f"{split}/") for key in metrics if key.startswith(f"{split}/"))
    return {name: metrics[f"{split}/{name}"] for name in names}
