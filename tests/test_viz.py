"""Pictures: bones end where the joints are, sides have their colours, files are readable images."""

import matplotlib.image
import numpy as np
from matplotlib.colors import to_hex
from matplotlib.figure import Figure

from pose3d.skeleton import MPI_INF_3DHP_17
from pose3d.viz import (
    BONES,
    LEFT,
    RIGHT,
    draw_pose_2d,
    figure_pixels,
    predictions_2d_figure,
    predictions_figure,
    save_predictions_figure,
)


def sample(rng, count=2):
    return (
        [rng.integers(0, 255, (64, 48, 3), dtype=np.uint8) for _ in range(count)],
        rng.uniform(5, 40, (count, 17, 2)),
        rng.normal(0, 300, (count, 17, 3)),
    )


def test_every_bone_is_drawn_between_its_joints():
    ax = Figure().add_subplot()
    joints = np.random.default_rng(0).uniform(0, 100, (17, 2))
    draw_pose_2d(ax, joints)
    assert len(ax.lines) == len(BONES) == 16
    for line, (joint, parent) in zip(ax.lines, BONES, strict=True):
        np.testing.assert_array_equal(line.get_xydata(), joints[[joint, parent]])
    colours = {MPI_INF_3DHP_17.names[j]: to_hex(line.get_color()) for line, (j, _) in zip(ax.lines, BONES, strict=True)}
    assert colours["r_wrist"] == RIGHT
    assert colours["l_ankle"] == LEFT


def test_unknown_joints_leave_their_bones_out():
    images, joints_2d, joints_3d = sample(np.random.default_rng(1), 1)
    joints_2d[0, MPI_INF_3DHP_17.index("neck")] = np.nan
    figure = predictions_figure(images, joints_2d, joints_3d)
    touching = sum(MPI_INF_3DHP_17.index("neck") in bone for bone in BONES)
    assert len(figure.axes[0].lines) == len(BONES) - touching


def test_a_pose_without_a_spine_has_a_trunk():
    neck, spine, pelvis, head = (MPI_INF_3DHP_17.index(name) for name in ("neck", "spine", "pelvis", "head"))
    ax, joints = Figure().add_subplot(), np.random.default_rng(0).uniform(0, 100, (17, 2))
    joints[[spine, head]] = np.nan
    draw_pose_2d(ax, joints, np.isfinite(joints).all(-1))
    drawn = [line.get_xydata().tolist() for line in ax.lines]
    kept = [bone for bone in BONES if not {spine, head} & set(bone)]
    assert drawn == [joints[list(bone)].tolist() for bone in (*kept, (neck, pelvis))]


def test_the_saved_figure_is_an_image(tmp_path):
    images, joints_2d, joints_3d = sample(np.random.default_rng(2))
    path = tmp_path / "deep" / "poses.png"
    save_predictions_figure(path, images, joints_2d, joints_3d, joints_3d + 10, ["a", "b"])
    picture = matplotlib.image.imread(path)
    assert picture.ndim == 3
    assert picture.std() > 0.01


def test_predicted_and_labelled_joints_stand_side_by_side():
    images, joints_2d, _ = sample(np.random.default_rng(4))
    target = joints_2d + 3
    figure = predictions_2d_figure(images, joints_2d, target, ["first", "second"])
    assert [ax.get_title() for ax in figure.axes] == ["first", "labelled", "second", "labelled"]
    joint, parent = BONES[0]
    for ax, joints in zip(figure.axes, (joints_2d[0], target[0], joints_2d[1], target[1]), strict=True):
        np.testing.assert_array_equal(ax.lines[0].get_xydata(), joints[[joint, parent]])


def test_pixels_of_a_figure():
    figure = Figure(figsize=(2, 1))
    figure.patch.set_facecolor((1.0, 0.0, 0.0))
    pixels = figure_pixels(figure, dpi=50)
    assert pixels.shape == (50, 100, 3)
    assert (pixels == (255, 0, 0)).all()
