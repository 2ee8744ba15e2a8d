"""Build the HTML page of a report from run folders."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from pose3d.errors import PoseError
from pose3d.evaluation import Table, evaluate
from pose3d.evaluation.tables import cell_text
from pose3d.files import check_target, write_whole
from pose3d.predictions import Predictions
from pose3d.reporting.console import METRICS, plain_metrics, pose_metrics
from pose3d.reporting.curves import training_figures
from pose3d.reporting.embedding import Figures, render_page
from pose3d.reporting.gallery import choose, open_images, samples
from pose3d.reporting.joint_errors import bar_figure, errors, skeleton_figure
from pose3d.reporting.lineage import chain
from pose3d.reporting.run_folder import STAGES, RunFolder, read_run
from pose3d.reporting.tables import Grid, evaluation_grid, metrics_grid

PROTOCOL = "3dhp"
BARS = ("By scene", "By activity", "By pose class")


def write_report(run_dirs: Sequence[Path], out: Path) -> None:
    """Read the runs and write the page."""
    check_target(out)
    runs = sorted((read_run(path) for path in run_dirs), key=lambda run: run.stage)
    write_whole(out, render(runs))


def render(runs: Sequence[RunFolder]) -> str:
    """The page as text."""
    figures = Figures()
    answer = next((run for run in reversed(runs) if run.has_poses), None)
    return render_page(
        "pose3d.reporting",
        "page.html.j2",
        figures,
        title=_title(runs),
        runs=[_run_section(run, figures.place) for run in runs],
        headline=_headline(runs),
        analysis=None if answer is None else _analysis(answer, figures.place),
        chains=[chain(run, runs) for run in runs if not _is_ancestor(run, runs)],
        stages=STAGES,
        cell_text=cell_text,
    )


def _run_section(run: RunFolder, place: Any) -> dict[str, Any]:
    """Curves and test metrics of one stage."""
    found = pose_metrics(run.metrics, answer=run.answer, order=run.candidates)
    name, gives = STAGES[run.stage]
    if found.candidates:
        grid: Grid | None = metrics_grid(f"{name} on the test set", found)
    else:
        plain = plain_metrics(run.metrics)
        body = evaluation_grid(Table("", "", "", ["metric", "percent"], [[k, v] for k, v in plain.items()])).body
        grid = Grid(f"{name} on the test set", [[("metric", 1), ("value", 1)]], body) if plain else None
    return {
        "run": run,
        "name": name,
        "gives": gives,
        "grid": grid,
        "curves": [(caption, place(figure)) for caption, figure in training_figures(run).items()],
    }


def _analysis(run: RunFolder, place: Any) -> dict[str, Any]:
    """Tables of the official protocol, where the error is, and pictures, of the last stage with 3D predictions."""
    assert run.predictions is not None
    predictions = run.predictions
    tables, table_notes = _evaluation(predictions)
    by_joint = errors(predictions)
    valid = np.ones(len(predictions), bool) if predictions.valid is None else predictions.valid.astype(bool)
    mean_error = np.where(valid, by_joint.mean(1), np.nan)
    store, notes = None, []
    try:
        store = open_images(run.test_file, predictions)
    except PoseError as error:
        notes.append(str(error))
    chosen = choose(mean_error, predictions.sequence)
    gallery = {
        name: [(sample, place(sample.figure)) for sample in samples(predictions, mean_error, rows, store)]
        for name, rows in chosen.items()
    }
    return {
        "run": run,
        "name": STAGES[run.stage][0],
        "frames": int(valid.sum()),
        "box": predictions.box,
        "rules": tables[0].rules if tables else "",
        "table_notes": table_notes,
        "grids": [evaluation_grid(table) for table in tables],
        "skeleton": place(skeleton_figure(by_joint[valid].mean(0))),
        "bars": [(table.title, place(bar_figure(table))) for table in tables if table.title in BARS],
        "gallery": gallery,
        "notes": notes,
    }


def _evaluation(predictions: Predictions) -> tuple[list[Table], list[str]]:
    """Tables of the protocol, and notes on those that could not be made."""
    notes: list[str] = []
    # Pose classes need scikit-learn and enough different poses; the other tables do without.
    for pose_classes in (True, False):
        try:
            return evaluate([predictions], PROTOCOL, pose_classes=pose_classes).tables, notes
        except PoseError as error:
            notes = [f"no {'pose classes' if pose_classes else 'tables'}: {error}"]
    return [], notes


def _headline(runs: Sequence[RunFolder]) -> list[dict[str, str]]:
    """Headline numbers: the last 3D stage compared with the mean pose, and 2DPoseNet."""
    tiles = []
    with_3d = [run for run in runs if pose_metrics(run.metrics).candidates]
    if with_3d:
        found = pose_metrics(with_3d[-1].metrics, answer=with_3d[-1].answer)
        for metric in ("mpjpe_mm", "pck3d_150mm", "auc3d"):
            value = found.values.get(("all", found.answer or "", metric))
            mean = found.values.get(("all", "mean_pose", metric))
            label, unit = METRICS[metric].rsplit(" ", 1)
            if value is not None:
                beside = "" if mean is None else f"mean pose {mean:.1f}"
                tiles.append({"label": label, "value": f"{value:.1f}", "unit": unit, "beside": beside})
    for run in runs:
        if (value := run.metrics.get("test/pckh50")) is not None:
            tiles.append({"label": "PCKh@0.5", "value": f"{value:.1f}", "unit": "%", "beside": STAGES[run.stage][0]})
    return tiles


def _is_ancestor(run: RunFolder, runs: Sequence[RunFolder]) -> bool:
    """Whether another run of the report descends from `run`, whose chain is then part of the other's."""
    parents = set()
    for other in runs:
        parent = other.provenance.get("parent")
        while parent:
            parents.add(parent["sha256"])
            parent = parent.get("parent")
    return run.checkpoint_sha256 in parents


def _title(runs: Sequence[RunFolder]) -> str:
    folders = {str(run.path.parent) for run in runs}
    return folders.pop() if len(folders) == 1 else ", ".join(str(run.path) for run in runs)
