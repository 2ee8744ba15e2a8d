"""The training of one stage in four figures: losses, their weights, learning rates, validation."""

from itertools import accumulate
from typing import Any

from pose3d.reporting.console import MEAN_POSE, shown
from pose3d.reporting.figures import ACCENT, HUES, INK, MUTED, go, new_figure
from pose3d.reporting.logs import Curve
from pose3d.reporting.run_folder import RunFolder

HEIGHT = 250
LOSS, RATE, VAL = "train/loss_", "lr/", "val/"
DASHES = {"P": "solid", "O1": "dash", "O2": "dot"}


def training_figures(run: RunFolder) -> dict[str, go.Figure]:
    """Caption -> figure, for what the run has logged."""
    figures = {}
    if run.log is not None:
        columns = loss_columns(run)
        hues = {column: HUES[i % len(HUES)] for i, column in enumerate(dict.fromkeys(columns.values()))}
        figures["Losses, unweighted"] = _losses(run, columns, hues)
        if run.provenance.get("schedule"):
            figures["Weights of the losses"] = _weights(run.provenance["schedule"], hues)
        figures["Learning rate by group"] = _rates(run)
        figures |= _validation(run)
    return {caption: figure for caption, figure in figures.items() if figure.data}


def loss_columns(run: RunFolder) -> dict[str, str]:
    """Logged output -> its column of the phase table; outputs of one column, in the order of the table."""
    assert run.log is not None
    columns = {o["key"]: o["columns"][-1] for o in run.outputs if o["columns"] and LOSS + o["key"] in run.log}
    order = [*(run.provenance.get("schedule") or [{"weights": {}}])[0]["weights"]]
    return dict(sorted(columns.items(), key=lambda item: order.index(item[1]) if item[1] in order else len(order)))


def _losses(run: RunFolder, columns: dict[str, str], hues: dict[str, str]) -> go.Figure:
    assert run.log is not None
    figure = new_figure(HEIGHT, xaxis_title="step", hovermode="closest")
    modalities = {o["key"]: o["modality"] for o in run.outputs}
    shown = set()
    for output, column in columns.items():
        dash = DASHES.get(modalities[output], "solid")
        figure.add_trace(
            _line(run.log[LOSS + output], column, hues[column], dash, column not in shown)
            .update(legendgroup=column, hovertemplate=f"{output}: %{{y:.4g}} at step %{{x}}<extra></extra>")
        )  # fmt: skip
        shown.add(column)
    positive = [value for output in columns for value in run.log[LOSS + output].values if value > 0]
    if positive and max(positive) > 3 * min(positive):  # a log axis has no ticks to show in less than that
        figure.update_yaxes(type="log", dtick="D2")
    return figure


def _weights(schedule: list[dict[str, Any]], hues: dict[str, str]) -> go.Figure:
    """The phase table as steps; only losses that the run has."""
    figure = new_figure(HEIGHT, xaxis_title="step", yaxis_type="log", hovermode="x unified")
    starts = [0, *accumulate(phase["iterations"] for phase in schedule)]
    for width, (column, hue) in zip(_widths(len(hues)), hues.items(), strict=True):
        weights = [phase["weights"].get(column, 0) for phase in schedule]
        values = [value or None for value in [*weights, weights[-1]]]  # a log axis has no zero
        line = {"color": hue, "width": width, "shape": "hv"}
        figure.add_trace(go.Scatter(x=starts, y=values, name=column, mode="lines", line=line))
    used = {phase["weights"].get(column, 0) for phase in schedule for column in hues} - {0}
    figure.update_yaxes(tickvals=sorted(used), ticktext=[f"{weight:g}" for weight in sorted(used)])
    return figure


def _rates(run: RunFolder) -> go.Figure:
    assert run.log is not None
    figure = new_figure(HEIGHT, xaxis_title="step", yaxis_type="log", hovermode="x unified")
    groups = [key for key in run.log if key.startswith(RATE)]
    for hue, width, key in zip(HUES, _widths(len(groups)), sorted(groups), strict=False):
        positive = [value if value > 0 else None for value in run.log[key].values]
        line = {"color": hue, "width": width, "shape": "vh"}
        name = key.removeprefix(RATE)
        figure.add_trace(go.Scatter(x=run.log[key].steps, y=positive, name=name, mode="lines", line=line))
    figure.update_yaxes(tickformat=".0e", dtick=1)
    return figure


def _validation(run: RunFolder) -> dict[str, go.Figure]:
    """MPJPE of every candidate, or the metrics of 2D joints; the step of the best checkpoint is marked."""
    assert run.log is not None
    error = [key for key in run.log if key.startswith(VAL) and key.endswith("mpjpe_mm")]
    keys = error or [key for key in run.log if key.startswith(VAL)]
    figure = new_figure(HEIGHT, xaxis_title="step", hovermode="x unified")
    named = {key: _candidate(key, run.answer) if error else key.removeprefix(VAL) for key in keys}
    ranked = list(dict.fromkeys([*run.candidates, *named.values()]))
    for key in sorted(named, key=lambda k: (named[k] == MEAN_POSE, ranked.index(named[k]))):
        name = named[key]
        hue = MUTED if name == MEAN_POSE else HUES[ranked.index(name) % len(HUES)]
        trace = _line(run.log[key], shown(name), hue, "dot" if name == MEAN_POSE else "solid", True)
        figure.add_trace(trace.update(mode="lines+markers", marker={"size": 6}, hovertemplate="%{y:.2f}"))
    step = run.provenance.get("step")
    if step is not None:
        figure.add_vline(x=step - 1, line={"color": ACCENT, "width": 1, "dash": "dash"})
        figure.add_annotation(
            x=step - 1, y=1, yref="paper", yanchor="top", xanchor="right", text="best ", showarrow=False,
            font={"color": INK, "size": 11},
        )  # fmt: skip
    return {"Validation, MPJPE in mm" if error else "Validation, percent": figure}


def _widths(count: int) -> list[float]:
    """Widths that keep overlapping lines visible: the first is the widest."""
    return [1.6 + 2.2 * (count - 1 - i) / max(1, count - 1) * min(1, (count - 1) / 2) for i in range(count)]


def _candidate(key: str, answer: str | None) -> str:
    """The metrics of the network's answer carry no name of their own."""
    parts = key.split("/")
    return parts[1] if len(parts) == 3 else answer or "answer"


def _line(curve: Curve, name: str, hue: str, dash: str, in_legend: bool) -> go.Scatter:
    line = {"color": hue, "width": 1.8, "dash": dash}
    return go.Scatter(x=curve.steps, y=curve.values, name=name, mode="lines", line=line, showlegend=in_legend)
