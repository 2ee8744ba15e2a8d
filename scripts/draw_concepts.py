"""Draw the figures of the documentation into docs/images: stages, pose representations, skips, hand-off, protocols.

python scripts/draw_concepts.py            # all of them
python scripts/draw_concepts.py stages     # one
"""

import sys
from pathlib import Path

import matplotlib as mpl

mpl.use("svg")
import numpy as np
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.patches import FancyBboxPatch

from pose3d.skeleton import MPI_INF_3DHP_17

OUT = Path(__file__).parents[1] / "docs" / "images"

INK, GREY, PALE = "#24292f", "#6e7781", "#d0d7de"
BLUE, ORANGE, GREEN, RED = "#0969da", "#bc4c00", "#1a7f37", "#cf222e"
FILL = {INK: "#f6f8fa", GREY: "#f6f8fa", BLUE: "#ddf4ff", ORANGE: "#fff1e5", GREEN: "#dafbe1", RED: "#ffebe9"}

# A person who walks towards the reader's right, (x right, y up), in the order of the joint set.
WALKER = {
    "head_top": (0.1, 7.9),
    "head": (0.12, 7.2),
    "neck": (0.0, 6.4),
    "spine": (0.02, 4.9),
    "pelvis": (0.0, 3.8),
    "r_shoulder": (-0.85, 6.2),
    "r_elbow": (-1.35, 5.0),
    "r_wrist": (-0.75, 4.0),
    "l_shoulder": (0.85, 6.2),
    "l_elbow": (1.5, 5.2),
    "l_wrist": (2.2, 6.0),
    "r_hip": (-0.5, 3.6),
    "r_knee": (-0.75, 1.9),
    "r_ankle": (-1.35, 0.3),
    "l_hip": (0.5, 3.6),
    "l_knee": (0.95, 1.95),
    "l_ankle": (0.85, 0.2),
}


def canvas(width: float, height: float) -> tuple[plt.Figure, Axes]:
    """An empty figure whose data units are tenths of an inch."""
    figure = plt.figure(figsize=(width, height))
    axes = figure.add_axes((0, 0, 1, 1))
    axes.set(xlim=(0, 10 * width), ylim=(0, 10 * height))
    axes.axis("off")
    return figure, axes


def box(
    axes: Axes, x: float, y: float, width: float, height: float, text: str, colour: str = INK, size: int = 9
) -> None:
    """A rounded box with its lower left corner at (x, y)."""
    shape = FancyBboxPatch(
        (x, y), width, height, boxstyle="round,pad=0,rounding_size=0.8", facecolor=FILL[colour], edgecolor=colour
    )
    axes.add_patch(shape)
    axes.text(x + width / 2, y + height / 2, text, ha="center", va="center", fontsize=size, color=INK)


def arrow(axes: Axes, start: tuple[float, float], end: tuple[float, float], colour: str = INK, **style: object) -> None:
    """A straight arrow; `style` are its arrow properties."""
    properties = {"arrowstyle": "-|>", "color": colour, "shrinkA": 0, "shrinkB": 0, "lw": 1.3, **style}
    axes.annotate("", end, start, arrowprops=properties)


def note(axes: Axes, x: float, y: float, text: str, colour: str = GREY, size: int = 8, **style: object) -> None:
    """Text around a point."""
    axes.text(x, y, text, fontsize=size, color=colour, **{"ha": "center", "va": "center", **style})


def stages() -> plt.Figure:
    """The three stages, the weights that each passes on, and their training data."""
    figure, axes = canvas(9.6, 4.0)
    columns = (
        (1.5, "Stage 1: 2DPoseNet", BLUE, "images with 2D joints\n(MPII, LSP)", "15 heatmaps"),
        (34.0, "Stage 2: 3DPoseNet", ORANGE, "images with 3D poses\n(Human3.6M, MPI-INF-3DHP)", "P   O1   O2"),
        (66.5, "Stage 3: fusion", GREEN, "the same images", "one 3D pose"),
    )
    for x, title, colour, data, answer in columns:
        note(axes, x + 14, 38, title, INK, 12, weight="bold")
        note(axes, x + 14, 33.4, data)
        arrow(axes, (x + 14, 31.2), (x + 14, 28.4), GREY)
        arrow(axes, (x + 14, 7.6), (x + 14, 4.6), colour)
        note(axes, x + 14, 2.6, answer, INK, 10, weight="bold")
    box(axes, 1.5, 21, 28, 7, "trunk up to res4b22\n(ImageNet, rate × 1/10)", BLUE)
    box(axes, 1.5, 14.5, 28, 5.5, "res5a", BLUE)
    box(axes, 1.5, 8, 28, 5.5, "heatmap layers, corrective skips", BLUE)
    box(axes, 34, 21, 28, 7, "trunk up to res4b22\n(rate × 1/1000)", BLUE)
    box(axes, 34, 14.5, 28, 5.5, "res5a (rate × 1)", BLUE)
    box(axes, 34, 8, 28, 5.5, "stubs of P, O1, O2,\ncorrective skips, heatmaps", ORANGE)
    box(axes, 66.5, 14.5, 28, 13.5, "3DPoseNet without skips\n(rate × 1/10000)", ORANGE)
    box(axes, 66.5, 8, 28, 5.5, "three fully connected layers", GREEN)
    for x in (29.5, 62.0):
        arrow(axes, (x + 0.4, 21), (x + 4.1, 21), INK, lw=2.2)
        note(axes, x + 2.2, 29.6, "best.ckpt", INK, 8, style="italic")
        note(axes, x + 2.2, 24.0, "hand-\noff", INK, 8)
    return figure


def skeleton(axes: Axes, at: tuple[float, float], parents: tuple[int, ...], colour: str, title: str, text: str) -> None:
    """The walker with an arrow from each joint's reference to the joint."""
    joints = np.array([WALKER[name] for name in MPI_INF_3DHP_17.names]) * 2.9 + np.array(at)
    for joint, parent in enumerate(MPI_INF_3DHP_17.parents_o1):
        axes.plot(*joints[[joint, parent]].T, color=PALE, lw=5, solid_capstyle="round", zorder=1)
    for joint, reference in enumerate(parents):
        if joint != reference:
            arrow(axes, tuple(joints[reference]), tuple(joints[joint]), colour, lw=1.1, mutation_scale=8)
    axes.scatter(*joints.T, s=14, color=INK, zorder=3)
    root = joints[MPI_INF_3DHP_17.root]
    axes.scatter(*root, s=60, facecolor="white", edgecolor=INK, linewidth=1.5, zorder=4)
    note(axes, at[0], at[1] + 27.5, title, INK, 12, weight="bold")
    note(axes, at[0], at[1] - 3.0, text)


def poses() -> plt.Figure:
    """P, O1 and O2: which joint each vector starts at."""
    figure, axes = canvas(9.0, 3.7)
    joints = MPI_INF_3DHP_17
    root = (joints.root,) * len(joints)
    skeleton(axes, (15, 6), root, BLUE, "P", "each joint from the pelvis")
    skeleton(axes, (45, 6), joints.parents_o1, ORANGE, "O1", "each joint from its parent")
    skeleton(
        axes, (75, 6), joints.parents_o2, GREEN, "O2", "each joint from its parent's parent\n(the hips from the spine)"
    )
    return figure


def skips() -> plt.Figure:
    """The network with corrective skips in training, and without them as deployed."""
    figure, axes = canvas(9.6, 3.9)
    note(axes, 30, 37, "training", INK, 12, weight="bold")
    note(axes, 82, 37, "test time", INK, 12, weight="bold")
    axes.plot([67, 67], [2, 37], color=PALE, lw=1)
    for y, name in ((27, "res3b3"), (20, "res4b20"), (13, "res4b22"), (6, "res5a")):
        box(axes, 2, y, 11, 4.6, name, BLUE)
        if y > 6:
            arrow(axes, (7.5, y), (7.5, y - 2.4), BLUE)
    box(axes, 19, 27, 12, 4.6, "skip stub", RED)
    box(axes, 19, 20, 12, 4.6, "skip stub", RED)
    box(axes, 19, 6, 12, 4.6, "stub", ORANGE)
    for y in (29.3, 22.3, 8.3):
        arrow(axes, (13, y), (19, y))
    box(axes, 37, 6, 10, 4.6, "Xdeep", ORANGE)
    arrow(axes, (31, 8.3), (37, 8.3))
    axes.text(42, 25.8, "+", ha="center", va="center", fontsize=15, color=INK)
    axes.scatter(42, 25.8, s=330, facecolor="none", edgecolor=INK)
    arrow(axes, (31, 29.3), (40.2, 26.6), RED)
    arrow(axes, (31, 22.3), (40.2, 25.0), RED)
    arrow(axes, (42, 10.6), (42, 23.6), ORANGE)
    box(axes, 48, 23.5, 10, 4.6, "Xsum", RED)
    arrow(axes, (43.9, 25.8), (48, 25.8), RED)
    note(axes, 60.5, 25.8, "loss", INK, 9, weight="bold")
    note(axes, 50.0, 8.3, "loss", INK, 9, weight="bold")
    note(axes, 33, 2.4, "both carry a loss; the weight of Xdeep falls from phase to phase (supplement Tables 3, 4)")
    for y, name in ((27, "res3b3"), (20, "res4b20"), (13, "res4b22"), (6, "res5a")):
        box(axes, 70, y, 10, 4.6, name, BLUE)
        if y > 6:
            arrow(axes, (75, y), (75, y - 2.4), BLUE)
    box(axes, 82.5, 6, 5.5, 4.6, "stub", ORANGE)
    arrow(axes, (80, 8.3), (82.5, 8.3))
    arrow(axes, (88, 8.3), (90, 8.3))
    note(axes, 92.4, 8.3, "X", INK, 12, weight="bold")
    note(axes, 82, 2.4, "no skip is left; the answer is Xdeep")
    return figure


def hand_off() -> plt.Figure:
    """The parameters of the parent, their places in the child and their multipliers."""
    figure, axes = canvas(9.6, 3.7)
    for x, title in ((12, "stage 1"), (48, "stage 2"), (84, "stage 3")):
        note(axes, x, 35, title, INK, 12, weight="bold")
    rows = ((27, "trunk."), (21, "res5a."))
    for y, name in rows:
        box(axes, 3, y, 18, 4.6, name, BLUE)
        box(axes, 39, y, 18, 4.6, name, BLUE)
        arrow(axes, (21, y + 2.3), (39, y + 2.3), BLUE, lw=1.8)
    note(axes, 30, 30.6, "× 0.001", INK, 9)
    note(axes, 30, 24.6, "× 1", INK, 9)
    box(axes, 3, 15, 18, 4.6, "taper.", GREY, 8)
    box(axes, 3, 9, 18, 4.6, "skips.", GREY, 8)
    note(axes, 12, 6.2, "listed as dropped")
    box(axes, 39, 15, 18, 4.6, "stubs. heatmaps.", ORANGE, 8)
    box(axes, 39, 9, 18, 4.6, "skips. intermediate.", GREY, 8)
    note(axes, 48, 6.2, "new: × 1; the grey ones are dropped")
    box(axes, 75, 15, 18, 16.6, "pose3d.trunk.\npose3d.res5a.\npose3d.stubs.\npose3d.heatmaps.", ORANGE)
    for y in (29.3, 23.3, 17.3):
        arrow(axes, (57, y), (75, y), ORANGE, lw=1.8)
    note(axes, 66, 30.6, "× 0.0001", INK, 9)
    box(axes, 75, 9, 18, 4.6, "fusion.", GREEN)
    note(axes, 84, 6.2, "new: × 1")
    note(
        axes,
        48,
        2.0,
        "A parameter that fits nowhere is an error. The child records the hash of the parent's file.",
        INK,
        9,
    )
    return figure


def protocols() -> plt.Figure:
    """MPJPE, 3DPCK and AUC of the same joint errors."""
    figure = plt.figure(figsize=(9.0, 3.6))
    axes = figure.add_axes((0.08, 0.17, 0.52, 0.72))
    errors = np.sort(np.random.default_rng(5).gamma(2.2, 48, 4000))
    grid = np.linspace(0, 320, 400)
    share = 100 * np.searchsorted(errors, grid) / len(errors)
    axes.plot(grid, share, color=INK, lw=1.8)
    below = grid <= 150
    axes.fill_between(grid[below], share[below], color=FILL[ORANGE], edgecolor=ORANGE, linewidth=0)
    pck = 100 * (errors < 150).mean()
    thresholds = np.linspace(0, 150, 31)
    auc = np.mean([100 * (errors < t).mean() for t in thresholds])
    axes.plot([150, 150], [0, pck], color=BLUE, lw=1.4)
    axes.scatter(150, pck, color=BLUE, zorder=3, s=30)
    mean = errors.mean()
    axes.plot([mean, mean], [0, 100], color=GREEN, lw=1.4, ls=(0, (4, 3)))
    axes.text(156, pck - 5, f"3DPCK {pck:.1f} %", color=BLUE, fontsize=9)
    axes.text(75, 12, f"AUC {auc:.1f} %", color=ORANGE, fontsize=9, ha="center")
    axes.text(mean - 5, 92, f"MPJPE {mean:.0f} mm", color=GREEN, fontsize=9, ha="right")
    axes.set(xlim=(0, 320), ylim=(0, 100), xlabel="error of a joint, mm", ylabel="joints with a smaller error, %")
    axes.spines[["top", "right"]].set_visible(False)
    axes.set_title("the same predictions, three numbers", fontsize=10, color=INK)
    side = figure.add_axes((0.62, 0, 0.38, 1))
    side.set(xlim=(0, 34), ylim=(0, 36))
    side.axis("off")
    heads = (
        (31.0, "MPJPE, mm", GREEN, "mean distance over 17 joints; predictions\nand labels relative to the pelvis"),
        (21.5, "3DPCK, %", BLUE, "share of 14 joints strictly below 150 mm"),
        (13.5, "AUC, %", ORANGE, "mean of 3DPCK over the 31 thresholds\n0, 5, ..., 150 mm; at most 96.774"),
    )
    for y, title, colour, text in heads:
        side.text(1, y, title, color=colour, fontsize=10, weight="bold", va="center")
        side.text(1, y - 1.6, text, color=INK, fontsize=8.5, va="top")
    side.text(1, 4.5, "Drawn from made-up errors, not from results.", color=GREY, fontsize=8, va="center")
    return figure


FIGURES = {function.__name__: function for function in (stages, poses, skips, hand_off, protocols)}


def main(names: list[str]) -> None:
    """Draw the named figures, or all."""
    mpl.rcParams |= {"svg.hashsalt": "pose3d", "font.family": "DejaVu Sans"}
    for name in names or FIGURES:
        figure = FIGURES[name]()
        figure.savefig(OUT / f"{name}.svg", metadata={"Date": None}, facecolor="white")
        plt.close(figure)


if __name__ == "__main__":
    main(sys.argv[1:])
