"""The response surface of a sweep: the metric over every pair of numeric parameters."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from pose3d.files import whole_file
from pose3d.sweep.file import Sweep
from pose3d.sweep.space import distribution
from pose3d.sweep.summary import Result, short_names

if TYPE_CHECKING:
    from matplotlib.axes import Axes

MOST_PARAMETERS = 4
STOPPED = "#b23a48"
LEGEND = "stopped early"


def plot_surface(found: Sequence[Result], sweep: Sweep, path: Path) -> bool:
    """Draw the metric over the parameters; returns False, and draws nothing, when there is too little to show.

    One parameter gives a curve, more give one panel per pair: the measured points with their values over a linear
    interpolation between them. Ranges over a factor of 20 are drawn on a logarithmic axis. Trials that were stopped
    early show as crosses with the value they had reached, and take no part in the interpolation.
    """
    names = [name for name in sweep.parameters if _numeric(found, name)][:MOST_PARAMETERS]
    usable = [r for r in found if r.value is not None and r.state != "failed"]
    if not names or len(usable) < 2:
        return False
    from matplotlib.figure import Figure

    pairs: list[tuple[str, ...]] = [(names[0],)] if len(names) == 1 else list(itertools.combinations(names, 2))
    columns = min(3, len(pairs))
    rows = -(-len(pairs) // columns)
    figure = Figure(figsize=(5.2 * columns, 4.4 * rows), layout="constrained")
    for place, pair in enumerate(pairs):
        axes = figure.add_subplot(rows, columns, place + 1)
        if len(pair) == 1:
            _curve(axes, usable, pair[0], sweep)
        else:
            _surface(axes, usable, pair[0], pair[1], sweep)
    figure.suptitle(f"{sweep.name}: {sweep.metric} ({'higher' if sweep.maximize else 'lower'} is better)")
    with whole_file(path) as partial:
        figure.savefig(partial, dpi=120)
    return True


def _curve(axes: Axes, found: Sequence[Result], name: str, sweep: Sweep) -> None:
    """The metric over one parameter."""
    complete, stopped = _split(found)
    complete.sort(key=lambda r: r.values[name])
    axes.plot(*_columns(complete, name), "o-")
    axes.plot(*_columns(stopped, name), "x", color=STOPPED, label=LEGEND)
    _scale(axes, "x", np.array([r.values[name] for r in found], dtype=float), sweep, name)
    axes.set(xlabel=short_names(list(sweep.parameters))[name], ylabel=sweep.metric)
    if stopped:
        axes.legend(fontsize=8)


def _surface(axes: Axes, found: Sequence[Result], first: str, second: str, sweep: Sweep) -> None:
    """The metric over two parameters; colours are of whole trials, as a stopped one's value is of an earlier time."""
    log_x = _scale(axes, "x", np.array([r.values[first] for r in found], dtype=float), sweep, first)
    log_y = _scale(axes, "y", np.array([r.values[second] for r in found], dtype=float), sweep, second)
    complete, stopped = _split(found)
    x, y, z = (np.array(column, dtype=float) for column in _columns(complete, first, second))
    if len(complete):
        colours: dict[str, Any] = {"cmap": "viridis" if sweep.maximize else "viridis_r"}
        colours |= {"vmin": z.min(), "vmax": z.max()}
        u, v = np.log10(x) if log_x else x, np.log10(y) if log_y else y
        if _span_a_plane(u, v) and z.min() < z.max():
            from matplotlib.tri import LinearTriInterpolator, Triangulation, UniformTriRefiner

            # Linear in the drawn plane, where a logarithmic axis is straight; many small triangles keep it so.
            drawn = Triangulation(u, v)
            fine, values = UniformTriRefiner(drawn).refine_field(z, LinearTriInterpolator(drawn, z), subdiv=4)
            mesh = Triangulation(10**fine.x if log_x else fine.x, 10**fine.y if log_y else fine.y, fine.triangles)
            axes.tricontourf(mesh, values, levels=np.linspace(z.min(), z.max(), 12), **colours)
        points = axes.scatter(x, y, c=z, edgecolors="black", s=60, **colours)
        axes.figure.colorbar(points, ax=axes, format="{x:.4g}")
    if stopped:
        places = _columns(stopped, first, second)
        axes.scatter(places[0], places[1], marker="x", color=STOPPED, s=40, label=LEGEND)
        axes.legend(fontsize=8)
    for results, colour in ((complete, "black"), (stopped, STOPPED)):
        for place in zip(*_columns(results, first, second), strict=True):
            axes.annotate(
                f"{place[2]:.4g}", place[:2], textcoords="offset points", xytext=(6, 6), fontsize=8, color=colour
            )
    axes.use_sticky_edges = False
    axes.margins(0.12, tight=False)
    names = short_names(list(sweep.parameters))
    axes.set(xlabel=names[first], ylabel=names[second])


def _split(found: Sequence[Result]) -> tuple[list[Result], list[Result]]:
    """Complete trials, and those that were stopped early."""
    return [r for r in found if r.state == "complete"], [r for r in found if r.state == "stopped"]


def _columns(found: Sequence[Result], *names: str) -> list[list[Any]]:
    """The parameters' values and the metric, each over the trials."""
    return [*([r.values[name] for r in found] for name in names), [r.value for r in found]]


def _scale(axes: Axes, axis: str, values: np.ndarray, sweep: Sweep, name: str) -> bool:
    """Make an axis logarithmic where the parameter is, or spans more than a factor of 20; says whether it did."""
    log = "log" in distribution(sweep.parameters[name]) or (values.min() > 0 and values.max() / values.min() > 20)
    if not log or values.min() <= 0:
        return False
    from matplotlib.ticker import LogLocator, NullFormatter, StrMethodFormatter

    axes.set(**{f"{axis}scale": "log"})
    drawn = axes.xaxis if axis == "x" else axes.yaxis
    drawn.set_major_locator(LogLocator(subs=(1.0,) if values.max() / values.min() > 20 else (1.0, 2.0, 5.0)))
    drawn.set_major_formatter(StrMethodFormatter("{x:g}"))
    drawn.set_minor_formatter(NullFormatter())
    return True


def _span_a_plane(u: np.ndarray, v: np.ndarray) -> bool:
    """Whether the points have triangles between them (three that do not lie on a line)."""
    distinct = np.unique(np.stack([u, v], axis=1), axis=0)
    return len(distinct) >= 3 and np.linalg.matrix_rank(distinct - distinct.mean(axis=0), tol=1e-9) == 2


def _numeric(found: Sequence[Result], name: str) -> bool:
    """Whether a parameter is a number that varies."""
    values: list[Any] = [r.values[name] for r in found]
    numbers = all(isinstance(value, int | float) and not isinstance(value, bool) for value in values)
    return numbers and len(set(values)) > 1
