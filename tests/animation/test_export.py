"""Exported motions, read back by third-party software."""

from itertools import permutations, product

import numpy as np
import pytest

from pose3d.animation import FORMATS, Motion, export_motion
from pose3d.animation.export import parse_formats
from pose3d.animation.motion import Z_FROM_Y, even_motion
from pose3d.errors import PoseError
from tests.animation.readers import READERS
from tests.predict.motions import world_motion

pytest.importorskip("ezc3d")
pytest.importorskip("pygltflib")
pytest.importorskip("bvhio")

TURNS = [
    turn
    for order in permutations(range(3))
    for signs in product((1, -1), repeat=3)
    if np.linalg.det(turn := np.eye(3)[list(order)] * np.array(signs)[:, None]) > 0
]
"""The 24 rotations that take axes to axes: the person stands, lies or hangs along each of them."""

FIXED_BONES_MM, EXACT_MM = 5.0, 1.0


def y_up(frames: int) -> np.ndarray:
    """(T, 17, 3) mm of all activities, y up."""
    parts = [world_motion(activity, -(-frames // 7)) for activity in range(1, 8)]
    return np.concatenate(parts)[:frames] @ Z_FROM_Y


def check_all(tmp_path, joints: np.ndarray, formats=FORMATS) -> None:
    for up, unit in (("y", "mm"), ("z", "m")):
        written = export_motion(tmp_path / "clip", Motion(joints, 25.0), formats, up, unit)
        assert [path.name for path in written] == [f"clip.{name}" for name in formats]
        for name, path in zip(formats, written, strict=True):
            back = READERS[name](path) * (1000 if unit == "m" or name == "glb" else 1)
            expected = joints if up == "y" or name == "glb" else joints @ Z_FROM_Y.T
            worst = np.linalg.norm(back - expected, axis=-1).max()
            assert worst < (FIXED_BONES_MM if name == "bvh" else EXACT_MM), (name, up, unit)


def test_there_are_24_turns():
    assert len(TURNS) == 24


@pytest.mark.parametrize("turn", TURNS[::4], ids=str)
def test_read_back_along_some_axes(tmp_path, turn):
    check_all(tmp_path, y_up(35) @ turn.T)


@pytest.mark.slow
@pytest.mark.parametrize("turn", TURNS, ids=str)
def test_a_thousand_frames_read_back_along_all_axes(tmp_path, turn):
    check_all(tmp_path, y_up(1000) @ turn.T)


def test_the_rate_and_the_unit_are_in_the_files(tmp_path):
    import bvhio
    import ezc3d
    import pygltflib

    bvh, glb, trc, c3d = export_motion(
        tmp_path / "clip", Motion(y_up(21), 29.97), ["bvh", "glb", "trc", "c3d"], "y", "m"
    )
    assert bvhio.readAsBvh(str(bvh)).FrameTime == pytest.approx(1 / 29.97, abs=1e-7)
    file = ezc3d.c3d(str(c3d))
    assert file["parameters"]["POINT"]["RATE"]["value"][0] == pytest.approx(29.97, abs=1e-4)
    assert file["parameters"]["POINT"]["UNITS"]["value"] == ["m"]
    assert trc.read_text().splitlines()[2].split("\t")[:5] == ["29.970000", "29.970000", "21", "17", "m"]
    assert trc.read_text().splitlines()[0].endswith("clip.trc")
    model = pygltflib.GLTF2().load(str(glb))
    times = model.accessors[model.animations[0].samplers[0].input]
    assert times.max[0] == pytest.approx(20 / 29.97, abs=1e-6)


def test_the_mesh_of_a_glb_is_whole(tmp_path):
    trimesh = pytest.importorskip("trimesh")
    (path,) = export_motion(tmp_path / "clip", Motion(y_up(7), 25.0), ["glb"])
    scene = trimesh.load(path)
    low, high = scene.bounds
    assert high[1] - low[1] == pytest.approx(1.7, abs=0.2)  # the T pose stands upright, in metres
    assert abs(low[1]) < 0.01
    assert high[0] - low[0] == pytest.approx(1.5, abs=0.2)


def test_gaps(tmp_path):
    joints = y_up(21)
    joints[5:9] = np.nan
    written = export_motion(tmp_path / "clip", Motion(joints, 25.0), FORMATS)
    back = {name: READERS[name](path) for name, path in zip(FORMATS, written, strict=True)}
    for name in ("trc", "c3d", "csv"):
        assert np.isnan(back[name][5:9]).all()
        np.testing.assert_allclose(back[name][9:], joints[9:], atol=1)
    np.testing.assert_allclose(back["bvh"][5:9], np.repeat(joints[4:5], 4, axis=0), atol=5)
    np.testing.assert_allclose(1000 * back["glb"][5:9], np.repeat(joints[4:5], 4, axis=0), atol=1)


def test_uneven_times_become_even():
    joints = world_motion(1, 50) @ Z_FROM_Y
    time = np.arange(50) / 25 + np.where(np.arange(50) % 2, 0.012, 0)
    motion = even_motion(joints, time, 25.0)
    assert abs(len(motion) - 50) <= 1
    for row in (10, 11, 30, 31):
        near = int(np.abs(np.arange(len(motion)) / 25 - time[row]).argmin())
        assert np.abs(motion.joints[near] - joints[row]).max() < 60
    assert motion.known.all()
    holes = even_motion(joints[[0, 1, 2, 40, 41]], time[[0, 1, 2, 40, 41]], 25.0)
    assert not holes.known[6:36].any()
    assert holes.known[:3].all()


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Motion(np.full((3, 17, 3), np.nan), 25.0), "no person is found"),
        (lambda: Motion(np.zeros((3, 16, 3)), 25.0), r"shape \(T, 17, 3\)"),
        (lambda: Motion(np.zeros((3, 17, 3)), 0.0), "frame rate above zero"),
        (lambda: parse_formats("fbx"), "--export fbx is not a format; known are bvh, glb, trc, c3d, csv"),
        (lambda: parse_formats(","), "names no format"),
    ],
)
def test_mistakes(make, message):
    with pytest.raises(PoseError, match=message):
        make()
