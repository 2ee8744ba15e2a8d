"""Human3.6M, official folders and h36m-fetch's, on fabricated trees."""

from contextlib import ExitStack
from dataclasses import replace
from functools import partial

import cv2
import h5py
import numpy as np
import pytest

from pose3d.data.schema import PERSON
from pose3d.data.sources import h36m, h36m_fetch
from pose3d.data.sources.framing import Framing
from pose3d.data.sources.h36m_segments import Segments
from pose3d.data.sources.h36m_tree import ACTIVITIES, CAMERAS, activity_name
from pose3d.data.sources.prepare import prepare
from pose3d.data.store import PoseStore
from pose3d.errors import PoseError
from pose3d.skeleton import MPI_INF_3DHP_17, MPI_INF_3DHP_28, remap
from tests.data.sources.h36m_trees import (
    NUM,
    WHOLE,
    body_parts,
    to_32,
    view,
    write_cells,
    write_metadata,
    write_parts,
    write_tree,
)
from tests.data.sources.scene import frame_of, picture, walk


@pytest.fixture(scope="module")
def train(tmp_path_factory):
    root = tmp_path_factory.mktemp("h36m")
    write_tree(root, [1], masks=True, parts=True)
    write_metadata(root)
    return root


@pytest.fixture(scope="module")
def test_tree(tmp_path_factory):
    root = tmp_path_factory.mktemp("h36m_test")
    write_tree(root, [9, 11], files={(11, "Directions"): ["Directions", "Directions 1"]})
    return root


def test_every_spelling_of_an_action_is_known():
    spelled = ("TakingPhoto 1", "WalkingDog", "Sitting-1", "SittingDown 2", "Walking", "WalkTogether 3")
    assert [activity_name(file) for file in spelled] == ["Photo", "WalkDog", "Sitting", "SittingDown", "Walking",
                                                         "WalkTogether"]  # fmt: skip
    with pytest.raises(PoseError, match="no known action"):
        activity_name("Dancing 1")


def test_labels_cameras_and_masks_of_the_training_split(train, tmp_path):
    plan = h36m.plan(train, framing=WHOLE, subjects=(1,), movement=200.0)
    prepare(plan, tmp_path / "out.h5")
    store = PoseStore(tmp_path / "out.h5")
    names = store.attrs["sequence_names"]
    assert "S1/TakingPhoto" in names
    frames, cameras = store.labels("frame"), store.labels("camera")
    for index in range(0, len(store), 9):
        action = ACTIVITIES[store.labels("activity")[index]]
        assert activity_name(names[store.labels("sequence")[index]][3:]) == action
        camera = CAMERAS.index(int(cameras[index]))
        world = walk(NUM, seed=20 + ACTIVITIES.index(action))[:, remap(MPI_INF_3DHP_28, MPI_INF_3DHP_17)]
        pixels, points = view(camera).see(world[frames[index]])
        np.testing.assert_allclose(store.labels("joints_2d")[index], pixels, atol=1e-3)
        np.testing.assert_allclose(store.labels("joints_3d")[index], points, atol=1e-2)
        np.testing.assert_allclose(store.labels("joints_3d_univ")[index], points * 1.1, atol=1e-2)
        np.testing.assert_allclose(store.labels("intrinsics")[index], view(camera).intrinsics, atol=0.01)
        np.testing.assert_allclose(store.labels("cam_from_world")[index], view(camera).cam_from_world, atol=0.01)
        assert tuple(store.labels("image_size")[index]) == view(camera).size
        assert frame_of(store.image(index)) == frames[index]
        mask = store.mask(index)
        assert mask.max() == PERSON
        assert (mask > 0).sum() == 40 * (frames[index] + 1)
        np.testing.assert_array_equal(store.part_labels(index), body_parts(frames[index], view(camera).size))
    # Odd cameras' videos are one frame short: their last frame is never used, whatever the labels hold.
    assert frames[cameras == CAMERAS[0]].max() == NUM - 1 > frames[cameras == CAMERAS[1]].max()


def test_part_labels_are_cut_as_the_picture_is(train, tmp_path):
    """A shrunken window around the person: each stored pixel is the label at the pixel that the stored camera says."""
    framing = Framing(margin=1.2, person_px=25)
    plan = h36m.plan(train, framing=framing, subjects=(1,), movement=200.0)
    prepare(replace(plan, tasks=plan.tasks[:9]), tmp_path / "out.h5")
    store = PoseStore(tmp_path / "out.h5")
    frames, cameras = store.labels("frame"), store.labels("camera")
    seen = set()
    for index in range(len(store)):
        camera = view(CAMERAS.index(int(cameras[index])))
        labels, stored = store.part_labels(index), store.labels("intrinsics")[index]
        assert labels.shape[::-1] == tuple(store.labels("image_size")[index])
        # The stored camera says which pixel of the full image each stored one comes from.
        scale = stored[[0, 1], [0, 1]] / camera.intrinsics[[0, 1], [0, 1]]
        offset = stored[:2, 2] - scale * camera.intrinsics[:2, 2]
        y, x = np.mgrid[: labels.shape[0], : labels.shape[1]]
        whole = body_parts(frames[index], camera.size)
        columns, rows = (x - offset[0]) / scale[0], (y - offset[1]) / scale[1]
        near = [
            whole[
                np.clip(np.rint(rows + dy), 0, whole.shape[0] - 1).astype(int),
                np.clip(np.rint(columns + dx), 0, whole.shape[1] - 1).astype(int),
            ]
            for dx in (-0.05, 0.05)
            for dy in (-0.05, 0.05)
        ]
        assert (labels == near).any(axis=0).all()
        seen |= set(np.unique(labels))
    assert len(seen) > 15


def test_part_labels_may_be_absent_left_out_or_floats(test_tree, train, tmp_path):
    absent = h36m.plan(test_tree, framing=WHOLE, split="test")
    assert "no Segments_mat_gt_pl folder: stored without part labels" in absent.notes
    out = h36m.plan(train, framing=WHOLE, subjects=(1,), movement=200.0, no_part_labels=True)
    assert not any("part labels" in note for note in out.notes)
    for plan, name in ((absent, "absent"), (out, "out")):
        prepare(replace(plan, tasks=plan.tasks[:1]), tmp_path / f"{name}.h5")
        assert not PoseStore(tmp_path / f"{name}.h5").has("parts")
    path = tmp_path / "floats.mat"
    write_parts(path, (30, 40), dtype=np.float64)
    with ExitStack() as stack:
        labels = Segments(stack, path, "Feat").body_parts(3, (40, 30), WHOLE.window(np.zeros(4), (30, 40)))
    np.testing.assert_array_equal(labels, body_parts(3, (30, 40)))


def test_wrong_part_labels_are_refused_by_name(train, tmp_path):
    path = train / "S1" / "Segments_mat_gt_pl" / f"Walking.{CAMERAS[1]}.mat"
    content, plan = path.read_bytes(), partial(h36m.plan, train, framing=WHOLE, subjects=(1,), movement=0, frames=0)
    try:
        write_parts(path, view(1).size, num=NUM - 3)
        task = next(task for task in plan().tasks if task.name == f"S1_Walking.{CAMERAS[1]}")
        assert max(task.rows) == NUM - 4  # the shortest counts
        for options, words in (
            ({"add": 1}, "other values than the part labels 0 to 24"),
            ({"add": 1j}, "other values"),
        ):
            dtype = np.complex64 if options["add"] == 1j else np.uint8
            write_parts(path, view(1).size, dtype=dtype, **options)
            with pytest.raises(PoseError, match=words):
                list(next(t for t in plan().tasks if t.name == task.name).samples(print))
        write_parts(path, (120, 122))
        with pytest.raises(PoseError, match=r"is \(122, 120\), its video is \(120, 120\)"):
            list(task.samples(print))
        write_cells(path, "Masks", [])
        with pytest.raises(PoseError, match=r"Walking.* has no variable Feat"):
            plan()
        path.unlink()
        with pytest.raises(
            PoseError, match=r"Segments_mat_gt_pl/Walking.* \(part labels\) is missing.*--no-part-labels"
        ):
            plan()
    finally:
        path.write_bytes(content)


def test_without_metadata_camera_poses_come_from_the_world_positions(test_tree, tmp_path):
    plan = h36m.plan(test_tree, framing=WHOLE, split="test", step=3)
    for task in plan.tasks[::7]:
        expected = view(CAMERAS.index(task.camera)).cam_from_world
        np.testing.assert_allclose(task.cam_from_world, expected, atol=0.02)


def test_the_test_split_takes_every_64th_frame_and_leaves_the_corrupt_video_out(test_tree, monkeypatch):
    plan = h36m.plan(test_tree, framing=WHOLE, split="test")
    assert all(list(task.rows) == [0] for task in plan.tasks)
    assert len(plan.tasks) == 4 * (15 + 16) - 1
    assert any("S11/Directions.54138969 left out" in note for note in plan.notes)
    assert any("S9/Greeting" in note and "shift" in note for note in plan.notes)
    every = h36m.plan(test_tree, framing=WHOLE, split="test", step=3)
    assert list(every.tasks[0].rows) == [0, 3, 6]


def test_what_is_missing_is_listed_before_the_work(train, tmp_path):
    with pytest.raises(PoseError, match=r"S5 \(a subject\) is missing"):
        h36m.plan(train, framing=WHOLE)
    with pytest.raises(PoseError, match="S1, S5"):
        h36m.plan(tmp_path, framing=WHOLE)
    path = train / "S1" / "MyPoseFeatures" / "D2_Positions" / f"Eating.{CAMERAS[2]}.cdf"
    content = path.read_bytes()
    try:
        path.write_bytes(content[:300])
        with pytest.raises(PoseError, match=r"cannot read .*Eating"):
            h36m.plan(train, framing=WHOLE, subjects=(1,))
        path.unlink()
        with pytest.raises(PoseError, match=r"D2_Positions/Eating\.58860488\.cdf is missing"):
            h36m.plan(train, framing=WHOLE, subjects=(1,))
    finally:
        path.write_bytes(content)


def test_h36m_fetch_frames_count_from_one(tmp_path):
    wanted = {}
    for subject in (9, 11):
        folder = tmp_path / "processed" / f"S{subject}" / "Walking-1"
        frame = np.array([1, 30, 65, 129, 1, 65])
        camera = np.array([CAMERAS[0]] * 4 + [CAMERAS[1]] * 2)
        world = walk(130, seed=subject, step_mm=1)[frame - 1][:, remap(MPI_INF_3DHP_28, MPI_INF_3DHP_17)]
        seen = [view(CAMERAS.index(c)).see(pose) for c, pose in zip(camera, world, strict=True)]
        pixels, points = (np.array(part) for part in zip(*seen, strict=True))
        folder.mkdir(parents=True)
        with h5py.File(folder / "annot.h5", "w") as file:
            file["pose/2d"], file["pose/3d"], file["pose/3d-univ"] = to_32(pixels), to_32(points), to_32(points * 1.1)
            file["frame"], file["camera"] = frame, camera
            file["subject"] = np.full(6, subject)
        for index, (f, c) in enumerate(zip(frame, camera, strict=True)):
            path = h36m_fetch.picture(folder, c, f)
            path.parent.mkdir(parents=True, exist_ok=True)
            cv2.imwrite(str(path), picture(f - 1, pixels[index], view(CAMERAS.index(c)).size))
        wanted[subject] = pixels
    prepare(h36m_fetch.plan(tmp_path, framing=WHOLE, split="test"), tmp_path / "out.h5")
    store = PoseStore(tmp_path / "out.h5")
    assert list(store.labels("frame")) == [0, 64, 128, 0, 64] * 2
    assert [frame_of(store.image(i)) for i in range(5)] == [0, 0, 0, 0, 0]
    np.testing.assert_allclose(store.labels("joints_2d")[5:], wanted[11][[0, 2, 3, 4, 5]], atol=1e-3)
    with pytest.raises(PoseError, match="S1"):
        h36m_fetch.plan(tmp_path, framing=WHOLE)
    next(tmp_path.rglob("img_000065.jpg")).unlink()
    with pytest.raises(PoseError, match="lacks 1 of 5 images"):
        h36m_fetch.plan(tmp_path, framing=WHOLE, split="test")
