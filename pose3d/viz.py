"""Pictures of poses: skeletons on images and in 3D.

Figures are built without pyplot, so nothing global is touched and no display is needed.
"""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from mpl_toolkits.mplot3d.axes3d import Axes3D

from pose3d.files import whole_file
from pose3d.skeleton import MPI_INF_3DHP_17

RIGHT, MIDDLE, LEFT = "#d1495b", "#3d3d3d", "#2e86ab"
TARGET = "#9a9a9a"

BONES: tuple[tuple[int, int], ...] = tuple(
    (joint, parent) for joint, parent in enumerate(MPI_INF_3DHP_17.parents_o1) if joint != parent
)
"""(joint, order-1 parent) of the 17-joint skeleton."""

NECK, SPINE, PELVIS = (MPI_INF_3DHP_17.index(name) for name in ("neck", "spine", "pelvis"))


def bone_colour(joint: int) -> str:
    """Colour of the bone that ends in `joint`: red on the person's right, blue on the left."""
    name = MPI_INF_3DHP_17.names[joint]
    return RIGHT if name.startswith("r_") else LEFT if name.startswith("l_") else MIDDLE


def draw_pose_2d(ax: Axes, joints_2d: np.ndarray, drawn: np.ndarray | None = None, colour: str | None = None) -> None:
    """Draw the skeleton of (17, 2) px joints over an image; bones with an end outside `drawn` (17,) are left out.

    Without a spine, which 2DPoseNet does not know, one bone goes from neck to pelvis.
    """
    bones = BONES if drawn is None or drawn[SPINE] else (*BONES, (NECK, PELVIS))
    for joint, parent in bones:
        if drawn is None or (drawn[joint] and drawn[parent]):
            ends = joints_2d[[joint, parent]]
            ax.plot(ends[:, 0], ends[:, 1], color=colour or bone_colour(joint), linewidth=1.6, solid_capstyle="round")


def draw_image_with_pose(ax: Axes, image: np.ndarray, joints_2d: np.ndarray) -> None:
    """Show an (H, W, 3) image with the (17, 2) px joints on it, NaN where unknown; nothing widens the view."""
    ax.imshow(image)
    draw_pose_2d(ax, joints_2d, np.isfinite(joints_2d).all(-1))
    ax.set_xlim(-0.5, image.shape[1] - 0.5)
    ax.set_ylim(image.shape[0] - 0.5, -0.5)
    ax.axis("off")


def draw_pose_3d(ax: Axes3D, joints_3d: np.ndarray, colour: str | None = None, width: float = 2.0) -> None:
    """Draw (17, 3) mm camera-axes joints so that the picture's up is the camera's up and depth runs away."""
    for joint, parent in BONES:
        x, y, z = joints_3d[[joint, parent]].T
        ax.plot(x, z, -y, color=colour or bone_colour(joint), linewidth=width, solid_capstyle="round")


def frame_pose_3d(ax: Axes3D, poses: Sequence[np.ndarray], azimuth: float) -> None:
    """Equal axes around all of `poses`, no ticks, seen from `azimuth` degrees beside the camera."""
    points = np.concatenate([p[:, [0, 2, 1]] * [1, 1, -1] for p in poses])
    centre = (points.min(0) + points.max(0)) / 2
    radius = float((points.max(0) - points.min(0)).max()) / 2 * 1.05 + 1.0
    ax.set_xlim(centre[0] - radius, centre[0] + radius)
    ax.set_ylim(centre[1] - radius, centre[1] + radius)
    ax.set_zlim(centre[2] - radius, centre[2] + radius)
    ax.set_box_aspect((1, 1, 1))
    ax.view_init(elev=8, azim=-90 + azimuth)
    ax.set_xticks([]), ax.set_yticks([]), ax.set_zticks([])


def predictions_figure(
    images: Sequence[np.ndarray],
    joints_2d: np.ndarray,
    joints_3d: np.ndarray,
    target_3d: np.ndarray | None = None,
    titles: Sequence[str] | None = None,
) -> Figure:
    """One row a sample: image with 2D joints, 3D pose from the camera, 3D pose from 70 degrees beside it.

    images: (H, W, 3) uint8 RGB each · joints_2d: (N, 17, 2) px of those images, NaN where unknown ·
    joints_3d, target_3d: (N, 17, 3) mm, root-relative, camera axes; the target is drawn in grey.
    """
    rows = len(images)
    figure = Figure(figsize=(7.5, 2.5 * rows), layout="constrained")
    for row in range(rows):
        ax = figure.add_subplot(rows, 3, 3 * row + 1)
        draw_image_with_pose(ax, images[row], joints_2d[row])
        if titles is not None:
            ax.set_title(titles[row], fontsize=8)
        poses = [joints_3d[row]] if target_3d is None else [joints_3d[row], target_3d[row]]
        for column, azimuth in enumerate((0.0, 70.0)):
            ax3d = figure.add_subplot(rows, 3, 3 * row + 2 + column, projection="3d")
            assert isinstance(ax3d, Axes3D)
            if target_3d is not None:
                draw_pose_3d(ax3d, target_3d[row], TARGET, width=1.4)
            draw_pose_3d(ax3d, joints_3d[row])
            frame_pose_3d(ax3d, poses, azimuth)
            if row == 0:
                ax3d.set_title("from the camera" if azimuth == 0 else "from the side", fontsize=8)
    return figure


def predictions_2d_figure(
    images: Sequence[np.ndarray],
    joints_2d: np.ndarray,
    target_2d: np.ndarray,
    titles: Sequence[str] | None = None,
) -> Figure:
    """One row a sample: image with predicted joints, image with labelled joints.

    images: (H, W, 3) uint8 RGB each · joints_2d, target_2d: (N, 17, 2) px of those images, NaN where unknown.
    """
    rows = len(images)
    figure = Figure(figsize=(5.0, 2.6 * rows), layout="constrained")
    for row in range(rows):
        for column, joints in enumerate((joints_2d[row], target_2d[row])):
            ax = figure.add_subplot(rows, 2, 2 * row + 1 + column)
            draw_image_with_pose(ax, images[row], joints)
            title = titles[row] if titles is not None and column == 0 else ("predicted", "labelled")[column]
            ax.set_title(title, fontsize=8)
    return figure


def figure_pixels(figure: Figure, dpi: int = 100) -> np.ndarray:
    """(H, W, 3) uint8 RGB picture of a figure, for loggers that want pixels."""
    figure.set_dpi(dpi)
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    return np.asarray(canvas.buffer_rgba())[..., :3].copy()


def save_predictions_figure(
    path: Path,
    images: Sequence[np.ndarray],
    joints_2d: np.ndarray,
    joints_3d: np.ndarray,
    target_3d: np.ndarray | None = None,
    titles: Sequence[str] | None = None,
) -> None:
    """Write `predictions_figure` to `path`."""
    with whole_file(path) as partial:
        predictions_figure(images, joints_2d, joints_3d, target_3d, titles).savefig(partial, dpi=110)
