"""The response surface of a sweep: the metric over every pair of numeric parameters."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from pose3d.sweep.file import Sweep
from pose3d.sweep.space import distribution
from pose3d.sweep.summary import Result

if TYPE_CHECKING:
    from matplotlib.axes import Axes

MOST_PARAMETERS = 4


def plot_surface(found: Sequence[Result], sweep: Sweep, path: Path) -> bool:
    """Draw the metric over the parameters; returns False, and draws nothing, when there is too little to show.

    One parameter gives a curve, more give one panel a pair: the measured points with their values over a linear
    interpolation between them. Ranges over a factor of 20 are drawn on a logarithmic axis. Trials that were stopped
    early show as open points with the value they had reached, and take no part in the interpolation.
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
    figure.savefig(path, dpi=120)
    return True


def _curve(axes: Axes, found: Sequence[Result], name: str, sweep: Sweep) -> None:
    """The metric over one parameter."""
    x = np.array([r.values[name] for r in found], dtype=float)
    y = np.array([r.value for r in found], dtype=float)
    order = np.argsort(x)
    axes.plot(x[order], y[order], "o-")
    _scale(axes, "x", x, sweep, name)
    axes.set(xlabel=name, ylabel=sweep.metric)


def _surface(axes: Axes, found: Sequence[Result], first: str, second: str, sweep: Sweep) -> None:
    """The metric over two parameters."""
    x = np.array([r.values[first] for r in found], dtype=float)
    y = np.array([r.values[second] for r in found], dtype=float)
    z = np.array([r.value for r in found], dtype=float)
    complete = np.array([r.state == "complete" for r in found])
    u = np.log10(x) if _scale(axes, "x", x, sweep, first) else x
    v = np.log10(y) if _scale(axes, "y", y, sweep, second) else y
    colours: dict[str, Any] = {"cmap": "viridis" if sweep.maximize else "viridis_r", "vmin": z.min(), "vmax": z.max()}
    if _span_a_plane(u[complete], v[complete]) and z.min() < z.max():
        from matplotlib.tri import Triangulation

        # Triangles of the drawn plane, where a logarithmic axis is straight.
        drawn = Triangulation(u[complete], v[complete]).triangles
        mesh = Triangulation(x[complete], y[complete], drawn)
        levels = np.linspace(z.min(), z.max(), 12)
        axes.tricontourf(mesh, z[complete], levels=levels, **colours)
    points = axes.scatter(x, y, c=z, edgecolors=["black" if whole else "red" for whole in complete], s=60, **colours)
    for place in zip(x, y, z, strict=True):
        axes.annotate(f"{place[2]:.4g}", place[:2], textcoords="offset points", xytext=(6, 6), fontsize=8)
    axes.figure.colorbar(points, ax=axes)
    axes.set(xlabel=first, ylabel=second)


def _scale(axes: Axes, axis: str, values: np.ndarray, sweep: Sweep, name: str) -> bool:
    """Make an axis logarithmic where the parameter is, or spans more than a factor of 20; says whether it did."""
    log = "log" in distribution(sweep.parameters[name]) or (values.min() > 0 and values.max() / values.min() > 20)
    if log and values.min() > 0:
        axes.set(**{f"{axis}scale": "log"})
        return True
    return False


def _span_a_plane(u: np.ndarray, v: np.ndarray) -> bool:
    """Whether the points have triangles between them (three that do not lie on a line)."""
    distinct = np.unique(np.stack([u, v], axis=1), axis=0)
    return len(distinct) >= 3 and np.linalg.matrix_rank(distinct - distinct.mean(axis=0), tol=1e-9) == 2


def _numeric(found: Sequence[Result], name: str) -> bool:
    """Whether a parameter is a number that varies."""
    values: list[Any] = [r.values[name] for r in found]
    numbers = all(isinstance(value, int | float) and not isinstance(value, bool) for value in values)
    return numbers and len(set(values)) > 1
