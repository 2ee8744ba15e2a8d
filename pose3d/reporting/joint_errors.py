"""Figures of the error by joint, on a skeleton, and by group of frames, as bars."""

import numpy as np
import torch

from pose3d.evaluation import Table
from pose3d.metrics.functional import joint_errors
from pose3d.predictions import Predictions
from pose3d.reporting.figures import INK, LINE, MUTED, go, new_figure
from pose3d.skeleton import MPI_INF_3DHP_17
from pose3d.viz import BONES

# The person faces the viewer, so their right is on the left. x, y in units of a head.
PLACES = {
    "head_top": (0.0, 8.0), "head": (0.0, 7.25), "neck": (0.0, 6.5), "spine": (0.0, 5.0), "pelvis": (0.0, 3.9),
    "shoulder": (1.0, 6.3), "elbow": (1.75, 5.0), "wrist": (2.3, 3.7), "hip": (0.6, 3.7), "knee": (0.8, 1.9),
    "ankle": (0.9, 0.1),
}  # fmt: skip


def errors(predictions: Predictions) -> np.ndarray:
    """(N, 17) mm: distance of each joint from the truth, universal skeleton, nothing aligned."""
    preds, target = (predictions.require(key, "the report") for key in ("joints_3d", "target_3d"))
    return joint_errors(torch.from_numpy(preds), torch.from_numpy(target)).numpy()


def skeleton_figure(by_joint: np.ndarray) -> go.Figure:
    """Mean error of each of the 17 joints, mm, as colour and number on a drawn skeleton."""
    names = MPI_INF_3DHP_17.names
    places = np.array([_place(name) for name in names])
    figure = new_figure(440, hovermode="closest", showlegend=False)
    for joint, parent in BONES:
        ends = places[[joint, parent]]
        line = {"color": LINE, "width": 6}
        figure.add_trace(
            go.Scatter(x=ends[:, 0].tolist(), y=ends[:, 1].tolist(), mode="lines", line=line, hoverinfo="skip")
        )
    figure.add_trace(
        go.Scatter(
            x=places[:, 0].tolist(),
            y=places[:, 1].tolist(),
            mode="markers+text",
            text=[f"{error:.0f}" for error in by_joint],
            textposition=[_side(name) for name in names],
            textfont={"color": INK, "size": 12},
            customdata=[[name.replace("_", " "), float(error)] for name, error in zip(names, by_joint, strict=True)],
            hovertemplate="%{customdata[0]}: %{customdata[1]:.1f} mm<extra></extra>",
            cliponaxis=False,
            marker={
                "size": 17,
                "color": by_joint.tolist(),
                "colorscale": [[0, "#3fa7a0"], [0.5, "#e8c14a"], [1, "#d1495b"]],
                "cmin": 0,
                "line": {"color": "var(--card)", "width": 2},
                "colorbar": {"title": {"text": "mm", "side": "top"}, "thickness": 10, "len": 0.5, "outlinewidth": 0},
            },
        )
    )
    hidden = {"visible": False, "fixedrange": True}
    figure.update_layout(
        xaxis=hidden | {"range": [-3.1, 3.1]}, yaxis=hidden | {"range": [-0.5, 8.6], "scaleanchor": "x"}
    )
    return figure


def bar_figure(table: Table) -> go.Figure:
    """MPJPE of the groups of a table, with a line at the value of all frames."""
    column = table.columns.index("MPJPE mm")
    values = {str(row[0]): float(row[column]) for row in table.rows if isinstance(row[column], float)}  # type: ignore[arg-type]
    total = values.pop("All")
    groups = list(values)
    figure = new_figure(60 + 34 * len(groups), showlegend=False, bargap=0.35)
    figure.add_trace(
        go.Bar(
            x=[values[group] for group in groups],
            y=groups,
            orientation="h",
            marker={"color": "#3f7cc9", "line": {"width": 0}},
            text=[f"{values[group]:.1f}" for group in groups],
            textposition="inside",
            insidetextanchor="end",
            textangle=0,
            textfont={"color": "#ffffff"},
            hovertemplate="%{y}: %{x:.1f} mm<extra></extra>",
        )
    )
    figure.add_vline(x=total, line={"color": MUTED, "width": 1, "dash": "dot"})
    figure.add_annotation(
        x=total, y=1, yref="paper", yanchor="bottom", text=f"all {total:.1f} mm", showarrow=False, font={"size": 11}
    )
    figure.update_xaxes(range=[0, max([*values.values(), total]) * 1.05], fixedrange=True, visible=False)
    figure.update_yaxes(autorange="reversed", fixedrange=True, showgrid=False, ticklen=4, tickcolor="rgba(0,0,0,0)")
    figure.update_layout(margin_t=26)
    return figure


def _place(name: str) -> tuple[float, float]:
    x, y = PLACES[name.removeprefix("l_").removeprefix("r_")]
    return (-x, y) if name.startswith("r_") else (x, y)


def _side(name: str) -> str:
    return "middle left" if name.startswith("r_") else "middle right"
