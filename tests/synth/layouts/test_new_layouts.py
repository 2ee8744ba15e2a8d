"""ASPset-510, COCO, HumanEva and LSP extended: through layout and reader come the labels of the embedded data set."""

import json
from dataclasses import replace

import cv2
import numpy as np
import pytest

from pose3d.data.sources import aspset510 as aspset_reader
from pose3d.data.sources import coco as coco_reader
from pose3d.data.sources import humaneva as humaneva_reader
from pose3d.data.sources import lspet as lspet_reader
from pose3d.data.sources.aspset510_tree import CAMERAS, knee_neck_mm, read_splits
from pose3d.data.sources.framing import Framing
from pose3d.data.sources.points import read_points
from pose3d.data.sources.prepare import prepare
from pose3d.data.store import PoseStore
from pose3d.data.videos import Video
from pose3d.skeleton import MPI_INF_3DHP_17, MPI_INF_3DHP_28, remap
from pose3d.synth.layouts import aspset510, coco, humaneva, write_layout
from pose3d.synth.layouts.filming import Settings, joints, shot_of, staged_for
from pose3d.synth.layouts.wild import joints_of, shots, staged_of
from tests.synth.layouts.conftest import SIDE, smaller

WHOLE = Framing(0, 0)
TO_17 = remap(MPI_INF_3DHP_28, MPI_INF_3DHP_17)


@pytest.fixture(autouse=True)
def small_rigs(monkeypatch, quick):
    for module in (aspset510, humaneva):
        monkeypatch.setattr(module, "WORLD", replace(module.WORLD, rig=smaller(module.WORLD.rig, SIDE)))


@pytest.fixture
def aspset_tree(tmp_path):
    write_layout("aspset510", tmp_path / "aspset", Settings(6, 3, SIDE))
    return tmp_path / "aspset"


def assert_one_factor_a_clip(store):
    """joints_3d_univ is joints_3d to scale about the pelvis; the median pose of a clip is 910 mm from knee to neck."""
    true, univ = store.labels("joints_3d"), store.labels("joints_3d_univ")
    root = MPI_INF_3DHP_17.root
    true, univ = true - true[:, root, None], univ - univ[:, root, None]
    factor = np.linalg.norm(univ, axis=(1, 2)) / np.linalg.norm(true, axis=(1, 2))
    for clip in np.unique(store.labels("sequence")):
        mine = store.labels("sequence") == clip
        assert np.ptp(factor[mine]) < 1e-4
        height = knee_neck_mm(univ[mine].astype(np.float64))
        assert height.min() - 1 < 910 < height.max() + 1


def test_aspset_through_the_reader_equals_the_embedded_labels(aspset_tree):
    seen = set()
    for split in ("train", "val", "test"):
        plan = aspset_reader.plan(aspset_tree, framing=WHOLE, split=split, movement=0, min_inside=0, step=1)
        out = aspset_tree / f"{split}.h5"
        prepare(plan, out)
        store = PoseStore(out)
        seen |= {store.attrs["sequence_names"][i] for i in store.labels("sequence")}
        for row in range(0, len(store), 5):
            name = store.attrs["sequence_names"][store.labels("sequence")[row]]
            number = [sequence.name for sequence in aspset510.WORLD.sequences].index(name)
            index, frame = int(store.labels("camera")[row]), int(store.labels("frame")[row])
            camera = aspset510.WORLD.cameras(aspset510.WORLD.sequences[number])[index]
            shot = shot_of(aspset510.WORLD, number, frame, index)
            settings = Settings(6, 3, SIDE)
            pixels, points, _, _ = joints(aspset510.WORLD, shot, staged_for(aspset510.WORLD, shot, settings, camera))
            np.testing.assert_allclose(store.labels("joints_3d")[row], points[TO_17], atol=0.05)
            np.testing.assert_allclose(store.labels("joints_2d")[row], pixels[TO_17], atol=0.02)
            assert round((float(np.median(store.image(row))) - 30) / 12) == frame % 16
        assert_one_factor_a_clip(store)
    assert seen == {sequence.name for sequence in aspset510.WORLD.sequences}


def test_aspset_files_are_what_the_reference_loader_expects(aspset_tree):
    rows = [line.split(",") for line in (aspset_tree / "splits.csv").read_text().splitlines()]
    assert all(len(row) == 4 for row in rows)
    assert {row[2] for row in rows} == {"train", "val", "test"}
    assert all((row[3] in CAMERAS) == (row[2] == "test") for row in rows)
    for clip in read_splits(aspset_tree):
        points = read_points(clip.joints_file)
        assert points.positions.shape == (6, 17, 3)
        assert (points.skeleton, points.rate) == ("aspset_17j", 50.0)
        assert points.names[0] == "r_ankle"
        for name in clip.cameras:
            assert Video(clip.video(name).path).length_and_size()[0] == 6
            boxes = clip.boxes(name)
            assert boxes.shape == (6, 4)
            assert (boxes[:, 2:] > boxes[:, :2]).all()
            content = json.loads(clip.camera_file(name).read_text())
            assert (len(content["intrinsic_matrix"]), len(content["extrinsic_matrix"])) == (12, 16)
        np.testing.assert_allclose(clip.camera("left").cam_from_world, np.eye(4))


def test_aspset_splits_cameras_and_steps(aspset_tree):
    test = aspset_reader.plan(aspset_tree, framing=WHOLE, split="test")
    assert all(set(task.rows) <= {0, 5} for task in test.tasks)
    assert len({task.camera_name for task in test.tasks}) == 2
    one = aspset_reader.plan(aspset_tree, framing=WHOLE, movement=0, min_inside=0, subjects=("0a01",), cameras=("mid",))
    assert {(task.clip.subject, task.camera_name) for task in one.tasks} == {("0a01", "mid")}
    both = aspset_reader.plan(aspset_tree, framing=WHOLE, split="trainval", movement=0, min_inside=0, frames=0)
    assert {task.clip.subject for task in both.tasks} == {"0a01", "0a02", "0b07"}
    drawn = aspset_reader.plan(aspset_tree, framing=WHOLE, movement=0, min_inside=0, frames=9)
    assert drawn.num_samples == 9


def test_humaneva_through_the_reader_equals_the_embedded_labels(tmp_path):
    settings = Settings(9, 3, SIDE)
    write_layout("humaneva", tmp_path / "humaneva", settings)
    plan = humaneva_reader.plan(tmp_path / "humaneva", framing=WHOLE, cameras=("C1", "C2", "C3"))
    prepare(plan, tmp_path / "out.h5")
    store = PoseStore(tmp_path / "out.h5")
    assert len(store) == 2 * 3 * 8  # every eighth mocap frame is invalid
    labelled = store.labels("visible").any(axis=0)
    assert [name for name, known in zip(MPI_INF_3DHP_17.names, labelled, strict=True) if not known] == [
        "head_top",
        "spine",
    ]
    for row in range(len(store)):
        number, index = int(store.labels("sequence")[row]), int(store.labels("camera")[row]) - 1
        frame = int(store.labels("frame")[row]) - 6
        camera = humaneva.WORLD.cameras(humaneva.WORLD.sequences[number])[index]
        shot = shot_of(humaneva.WORLD, number, frame, index)
        pixels, points, _, _ = joints(humaneva.WORLD, shot, staged_for(humaneva.WORLD, shot, settings, camera))
        np.testing.assert_allclose(store.labels("joints_3d")[row][labelled], points[TO_17][labelled], atol=0.05)
        visible = store.labels("visible")[row].astype(bool)
        np.testing.assert_allclose(store.labels("joints_2d")[row][visible], pixels[TO_17][visible], atol=0.02)
        assert round((float(np.median(store.image(row))) - 30) / 12) == frame % 16


def test_humaneva_pictures_are_distorted_and_straightened_again(tmp_path):
    write_layout("humaneva", tmp_path / "humaneva", Settings(1, 3, SIDE))
    camera = humaneva_reader.read_camera(tmp_path / "humaneva/S1/Calibration_Data/C1.cal", (SIDE, 144))
    assert camera.distortion == humaneva.DISTORTION
    points = np.array([[[30.0, 20.0]], [[150.0, 120.0]]])
    maps = humaneva._distortion_map(humaneva.WORLD.cameras(humaneva.WORLD.sequences[0])[0])
    distorted = points.reshape(-1, 2).astype(int)
    straight = np.array([[maps[0][y, x], maps[1][y, x]] for x, y in distorted])
    kwargs = {"P": camera.intrinsics}
    expected = cv2.undistortPoints(points, camera.intrinsics, np.array(camera.distortion), **kwargs).reshape(-1, 2)
    np.testing.assert_allclose(straight, expected, atol=0.01)


def test_coco_through_the_reader_equals_the_embedded_labels(tmp_path):
    settings = Settings(40, 3, 96)
    write_layout("coco", tmp_path / "coco", settings)
    rows = 0
    for split in ("train", "val"):
        summary = prepare(coco_reader.plan(tmp_path / "coco", framing=WHOLE, split=split), tmp_path / f"{split}.h5")
        assert any("never labelled: head_top, spine, head" in note for note in summary.notes)
        store = PoseStore(tmp_path / f"{split}.h5")
        wanted = [shot for shot in shots(settings) if coco.split_of(shot) == split]
        assert len(store) == len(wanted)
        for row, shot in enumerate(wanted):
            direct = joints_of(staged_of(shot, settings))[TO_17]
            visible = store.labels("visible")[row].astype(bool)
            limbs = [i for i, name in enumerate(MPI_INF_3DHP_17.names) if name[:2] in ("l_", "r_")]
            known = [i for i in limbs if visible[i]]
            np.testing.assert_allclose(store.labels("joints_2d")[row][known], direct[known], atol=0.01)
            for middle, side in (("neck", "shoulder"), ("pelvis", "hip")):
                place = MPI_INF_3DHP_17.index(middle)
                pair = [MPI_INF_3DHP_17.index(f"{s}_{side}") for s in "lr"]
                assert visible[place] == visible[pair].all()
                if visible[place]:
                    expected = direct[pair].mean(axis=0)
                    np.testing.assert_allclose(store.labels("joints_2d")[row][place], expected, atol=0.01)
            rows += 1
    assert rows == 40


def test_lspet_through_the_reader_equals_the_embedded_labels(tmp_path):
    settings = Settings(12, 3, 96)
    write_layout("lspet", tmp_path / "lspet", settings)
    prepare(lspet_reader.plan(tmp_path / "lspet", framing=WHOLE), tmp_path / "out.h5")
    store = PoseStore(tmp_path / "out.h5")
    assert len(store) == 12
    assert 0.8 < store.labels("visible")[:, :14].mean() < 0.95
    for row, shot in enumerate(shots(settings)):
        direct = joints_of(staged_of(shot, settings))[TO_17]
        known = [i for i in range(14) if store.labels("visible")[row, i]]
        np.testing.assert_allclose(store.labels("joints_2d")[row][known], direct[known], atol=0.01)
