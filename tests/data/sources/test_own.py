"""Users' own data: calibration files, point files, recordings of several cameras, shards."""

import json

import cv2
import numpy as np
import pytest

from pose3d.app import main
from pose3d.data.check import check_store
from pose3d.data.shards import open_store
from pose3d.data.sources import multiview
from pose3d.data.sources.calibration import read_calibration
from pose3d.data.sources.framing import Framing
from pose3d.data.sources.plan import shard_of
from pose3d.data.sources.points import Points, read_points, write_c3d
from pose3d.data.sources.prepare import prepare
from pose3d.data.store import PoseStore
from pose3d.errors import PoseError
from pose3d.skeleton import MPI_INF_3DHP_17
from tests.data.sources.own_recording import (
    CAMERAS,
    DELAY,
    FRAMES,
    NAMES,
    RATE,
    json_calibration,
    opencv_calibration,
    qualisys_calibration,
    toml_calibration,
    world_joints,
    write_recording,
    write_trc,
)
from tests.data.sources.scene import frame_of

WHOLE = Framing(0, 0)
VIDEOS = ("cam_a=cam_a.avi", "cam_b=cam_b.avi")


@pytest.fixture
def recording(tmp_path):
    write_recording(tmp_path)
    (tmp_path / "calib.toml").write_text(toml_calibration())
    return tmp_path


def write_calibrations(root):
    (root / "calib.toml").write_text(toml_calibration())
    (root / "calib.json").write_text(json_calibration())
    (root / "calib.qca.txt").write_text(qualisys_calibration())
    for suffix in ("yml", "xml"):
        opencv_calibration(root / f"calib.{suffix}")


@pytest.mark.parametrize("name", ["calib.toml", "calib.json", "calib.qca.txt", "calib.yml", "calib.xml"])
def test_every_calibration_file_gives_the_same_cameras(tmp_path, name):
    write_calibrations(tmp_path)
    cameras = read_calibration(tmp_path / name)
    assert list(cameras) == list(CAMERAS)
    for key, camera in CAMERAS.items():
        np.testing.assert_allclose(cameras[key].intrinsics, camera.intrinsics, atol=1e-6)
        np.testing.assert_allclose(cameras[key].cam_from_world, camera.cam_from_world, atol=1e-4)
        assert cameras[key].size in ((0, 0), camera.size)
        assert cameras[key].distortion == ()


def test_a_camera_of_its_own_file_is_named_by_it(tmp_path):
    camera = CAMERAS["cam_a"]
    storage = cv2.FileStorage(str(tmp_path / "front.yml"), cv2.FILE_STORAGE_WRITE)
    storage.write("image_width", camera.size[0])
    storage.write("image_height", camera.size[1])
    storage.write("camera_matrix", camera.intrinsics)
    storage.write("distortion_coefficients", np.array([[0.1, -0.05, 0.001, 0.002, 0.0]]))
    storage.write("rvec", cv2.Rodrigues(camera.cam_from_world[:3, :3])[0])
    storage.write("tvec", camera.cam_from_world[:3, 3:].copy() / 10)
    storage.release()
    (name, found), *more = read_calibration(tmp_path / "front.yml", "cm").items()
    assert name == "front"
    assert not more
    np.testing.assert_allclose(found.cam_from_world, camera.cam_from_world, atol=1e-4)
    assert found.size == camera.size
    assert found.distortion == (0.1, -0.05, 0.001, 0.002, 0.0)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda text: text[:200], "calib.toml"),
        (lambda text: text.replace("fisheye = false", "fisheye = true"), "fisheye"),
        (lambda text: text.replace("rotation =", "turn ="), "no rotation"),
        (lambda text: text.replace("matrix =", "nothing ="), "no camera"),
        (lambda text: text.replace("translation = [", "translation = [nan, "), "calib.toml"),
        (lambda text: text.replace("rotation = [", "rotation = [1.0, 0.0, 0.0, 0.0, 1.0, 0.0, "), "rotation"),
    ],
)
def test_a_damaged_calibration_is_named(tmp_path, change, words):
    (tmp_path / "calib.toml").write_text(change(toml_calibration()))
    with pytest.raises(PoseError, match=words):
        read_calibration(tmp_path / "calib.toml")
    for name, content in (("a.json", "[]"), ("a.yml", "%YAML:1.0\n---\nnothing: 1\n"), ("a.qca.txt", "<a>")):
        (tmp_path / name).write_text(content)
        with pytest.raises(PoseError, match=name.split(".")[0]):
            read_calibration(tmp_path / name)
    with pytest.raises(PoseError, match="no calibration file"):
        read_calibration(tmp_path / "absent.toml")


def test_points_are_the_same_from_c3d_and_trc(tmp_path):
    write_recording(tmp_path, unit="m")
    c3d, trc = (read_points(tmp_path / f"points.{suffix}") for suffix in ("c3d", "trc"))
    assert c3d.names == trc.names == tuple(NAMES.values())
    assert c3d.rate == trc.rate == RATE
    np.testing.assert_allclose(c3d.positions, world_joints(), atol=1e-2)
    np.testing.assert_allclose(trc.positions, world_joints(), atol=1e-2)


def test_missing_points_are_nan_and_damaged_files_are_named(tmp_path):
    joints = world_joints()
    joints[2, 5] = np.nan
    write_trc(tmp_path / "gap.trc", tuple(NAMES.values()), joints, "mm")
    write_c3d(tmp_path / "gap.c3d", Points(tuple(NAMES.values()), joints, RATE))
    for name in ("gap.trc", "gap.c3d"):
        found = read_points(tmp_path / name).positions
        assert np.argwhere(np.isnan(found).any(axis=-1)).tolist() == [[2, 5]]
    for name in ("bad.c3d", "bad.trc"):
        (tmp_path / name).write_bytes(b"\x07" * 700)
        with pytest.raises(PoseError, match=name):
            read_points(tmp_path / name)
    (tmp_path / "feet.trc").write_text((tmp_path / "gap.trc").read_text().replace("\tmm\t", "\tfeet\t"))
    with pytest.raises(PoseError, match="--unit"):
        read_points(tmp_path / "feet.trc")
    assert read_points(tmp_path / "feet.trc", "cm").positions[0, 0, 0] == pytest.approx(10 * joints[0, 0, 0], abs=0.01)


@pytest.mark.parametrize("points", ["points.c3d", "points.trc"])
def test_a_recording_becomes_a_store_whose_labels_fit_its_pictures(recording, points):
    order = ["l_hip", *reversed([name for name in MPI_INF_3DHP_17.names if name != "l_hip"])]
    write_recording(recording, order)
    plan = multiview.plan(
        recording, framing=WHOLE, points=points, calibration="calib.toml", videos=VIDEOS, movement=0, min_inside=0,
        offset=(str(DELAY / RATE),), subject=7,
    )  # fmt: skip
    summary = prepare(plan, recording / "out.h5")
    assert summary.num_samples == 2 * FRAMES
    store = PoseStore(recording / "out.h5")
    assert [str(finding) for finding in check_store(recording / "out.h5")] == []
    for row in range(len(store)):
        frame = int(store.labels("frame")[row]) - DELAY
        camera = list(CAMERAS.values())[int(store.labels("camera")[row])]
        pixels, seen = camera.see(world_joints()[frame])
        np.testing.assert_allclose(store.labels("joints_3d")[row], seen, atol=0.05)
        np.testing.assert_allclose(store.labels("joints_2d")[row], pixels, atol=0.02)
        assert frame_of(store.image(row)) == frame % 16
    assert set(store.labels("subject")) == {7}


def test_offsets_move_labels_in_time(recording):
    def frames(*offset):
        plan = multiview.plan(
            recording, framing=WHOLE, points="points.c3d", calibration="calib.toml", videos=VIDEOS, movement=0,
            min_inside=0, offset=offset,
        )  # fmt: skip
        return {task.camera_name: [int(row) for row in task.rows] for task in plan.tasks}

    assert frames("0")["cam_a"] == list(range(FRAMES))
    assert frames("0.08", "cam_b=-0.08") == {"cam_a": list(range(2, 2 + FRAMES)), "cam_b": list(range(FRAMES - 2))}
    assert frames("0.4")["cam_b"] == list(range(10, FRAMES + DELAY))
    for wrong in ("soon", "cam_c=1"):
        with pytest.raises(PoseError, match="--offset"):
            frames(wrong)


def test_joints_that_are_no_points_are_said_and_not_labelled(recording):
    left = [name for name in MPI_INF_3DHP_17.names if name not in ("pelvis", "spine", "head_top")]
    write_recording(recording, left)
    options = {"points": "points.c3d", "calibration": "calib.toml", "videos": VIDEOS, "movement": 0, "min_inside": 0}
    plan = multiview.plan(recording, framing=WHOLE, **options)
    assert any(note == "not labelled: head_top, spine" for note in plan.notes)
    prepare(plan, recording / "out.h5")
    never = ~PoseStore(recording / "out.h5").labels("visible").any(axis=0)
    assert [MPI_INF_3DHP_17.names[i] for i in np.flatnonzero(never)] == ["head_top", "spine"]
    (recording / "names.json").write_text(json.dumps({"head_top": "Head", "head": ""}))
    plan = multiview.plan(recording, framing=WHOLE, names=recording / "names.json", **options)
    assert any(note == "not labelled: spine, head" for note in plan.notes)
    write_recording(recording, [name for name in left if name != "r_elbow"])
    with pytest.raises(PoseError, match=r"no r_elbow; map"):
        multiview.plan(recording, framing=WHOLE, **options)


def test_a_wrong_recording_is_named(recording):
    options = {"points": "points.c3d", "calibration": "calib.toml"}
    for videos, match in (
        (("cam_x=cam_a.avi",), "has no camera cam_x"),
        (("cam_a.avi",), "CAMERA=FILE"),
        (("cam_a=absent.avi",), "absent"),
    ):
        with pytest.raises(PoseError, match=match):
            multiview.plan(recording, framing=WHOLE, videos=videos, **options)
    command = ["prepare", "multiview", "--root", str(recording), "--out", str(recording / "o.h5"), "--points",
               "points.c3d", "--calibration", "calib.toml", "--videos", "cam_a=cam_a.avi", "--movement", "0",
               "--offset", "0.12", "--workers", "1"]  # fmt: skip
    assert main(command) == 0


def test_shards_end_to_end_are_the_whole(recording, capsys):
    base = ["prepare", "multiview", "--root", str(recording), "--points", "points.c3d", "--calibration", "calib.toml",
            "--videos", *VIDEOS, "--movement", "0", "--min-inside", "0", "--workers", "1"]  # fmt: skip
    assert main([*base, "--out", str(recording / "whole.h5")]) == 0
    for number in (1, 2):
        assert main([*base, "--out", str(recording / f"part-{number}.h5"), "--shard", f"{number}/2"]) == 0
    whole, shards = PoseStore(recording / "whole.h5"), open_store(str(recording / "part-*.h5"))
    assert len(whole) == len(shards) > len(PoseStore(recording / "part-1.h5")) > 0
    for name in ("joints_3d", "camera", "frame", "sequence"):
        np.testing.assert_array_equal(whole.labels(name), shards.labels(name))
    for row in range(len(whole)):
        np.testing.assert_array_equal(whole.image(row), shards.image(row))
    for wrong in ("3/2", "0/2", "half", "1/9"):
        assert main([*base, "--out", str(recording / "x.h5"), "--shard", wrong]) == 2
    assert "shard" in capsys.readouterr().err


def test_every_task_is_in_exactly_one_shard(recording):
    plan = multiview.plan(
        recording, framing=WHOLE, points="points.c3d", calibration="calib.toml", videos=VIDEOS, movement=0, min_inside=0
    )
    names = [task.name for number in (1, 2) for task in shard_of(plan, number, 2).tasks]
    assert names == [task.name for task in plan.tasks]
