"""Layout and colours of all figures of the report, for light and dark themes.

A colour `var(--name)` is a variable of the page's style sheet; the page's script puts in its value when it draws.
"""

from typing import Any

from pose3d.errors import PoseError

try:
    import plotly.graph_objects as go
except ImportError as error:
    raise PoseError("the report needs plotly; install it with: pip install 'pose3d-lightning[report]'") from error

INK, MUTED, LINE, ACCENT = "var(--ink)", "var(--muted)", "var(--line)", "var(--accent)"

# Distinct on white and on near-black.
HUES = ("#4c8bd9", "#e0823d", "#45a86b", "#b36ae2", "#d6557a", "#2ba8b0", "#a88a3d", "#8492a6")


def new_figure(height: int, **layout: Any) -> go.Figure:
    """An empty figure with the report's axes."""
    figure = go.Figure()
    axis = {"gridcolor": LINE, "linecolor": LINE, "zeroline": False, "automargin": True, "title": {"standoff": 6}}
    figure.update_layout(
        template="none",
        height=height,
        margin={"l": 8, "r": 12, "t": 8, "b": 8},
        paper_bgcolor="rgba(0,0,0,0)",
        plot_bgcolor="rgba(0,0,0,0)",
        font={"family": "inherit", "size": 12, "color": MUTED},
        hoverlabel={"font": {"family": "inherit"}},
        legend={"orientation": "h", "x": 0, "y": 1.02, "yanchor": "bottom", "font": {"size": 11}},
        xaxis=dict(axis),
        yaxis=dict(axis),
    )
    figure.update_layout(**layout)
    return figure
