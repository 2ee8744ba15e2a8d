"""Embedded data through official layout and reader equal those labelled directly; the files are the official ones."""

import json
import re
from dataclasses import replace

import h5py
import numpy as np
import pytest
from scipy.io import loadmat

from pose3d.data.schema import CHAIR, LOWER, PERSON, UPPER
from pose3d.data.sources import h36m as h36m_reader
from pose3d.data.sources import lsp as lsp_reader
from pose3d.data.sources import mpi_inf_3dhp as train_reader
from pose3d.data.sources import mpi_inf_3dhp_test as test_reader
from pose3d.data.sources import mpii as mpii_reader
from pose3d.data.sources.framing import Framing
from pose3d.data.sources.h36m_tree import ACTIVITIES, CAMERAS
from pose3d.data.sources.prepare import prepare
from pose3d.data.store import PoseStore
from pose3d.data.videos import Video
from pose3d.errors import PoseError
from pose3d.synth.layouts import files, h36m, mpi_inf_3dhp, mpi_inf_3dhp_test, mpii, wild, write_layout
from pose3d.synth.layouts.body_parts import part_labels
from pose3d.synth.layouts.filming import Settings, film, shot_of, staged_for
from pose3d.synth.staging import labels

WHOLE = Framing(0, 0)
LABELS_3D = ("joints_2d", "visible", "joints_3d", "joints_3d_univ", "intrinsics", "cam_from_world", "bbox", "head_size",
             "image_size", "scene", "subject", "frame")  # fmt: skip


def ignore(done):
    pass


def assert_same(store, row, direct, names, pixels=1e-2, mm=5e-2):
    for name in names:
        atol = {"joints_3d": mm, "joints_3d_univ": mm, "cam_from_world": mm}.get(name, pixels)
        np.testing.assert_allclose(store.labels(name)[row], direct[name], atol=atol, rtol=1e-4, err_msg=name)


@pytest.fixture
def subject_7(tmp_path, settings):
    """S7 of the training tree: Seq1 with both garments, Seq2 without."""
    for number, sequence in enumerate(mpi_inf_3dhp.WORLD.sequences):
        if sequence.subject == 7:
            mpi_inf_3dhp.make(tmp_path, settings, number, ignore)
    return tmp_path


def test_training_tree_through_the_reader_equals_direct_labels(subject_7, settings):
    plan = train_reader.plan(subject_7, framing=WHOLE, subjects=(7,), movement=0, min_inside=0)
    prepare(plan, subject_7 / "out.h5")
    store = PoseStore(subject_7 / "out.h5")
    assert len(store) == 2 * 5 * 3
    world = mpi_inf_3dhp.WORLD
    for row in range(len(store)):
        name = store.attrs["sequence_names"][store.labels("sequence")[row]]
        number = [sequence.name for sequence in world.sequences].index(name)
        camera = int(store.labels("camera")[row])
        shot = shot_of(world, number, int(store.labels("frame")[row]), camera)
        staged = staged_for(world, shot, settings, world.cameras(world.sequences[number])[camera])
        assert_same(store, row, labels(world, shot, staged), LABELS_3D)
        assert round((float(np.median(store.image(row))) - 30) / 12) == shot.frame(world)
        assert store.attrs["augmentable"][store.labels("sequence")[row]] == list(world.sequences[number].augmentable)
        mask = store.mask(row)
        expected = PERSON | UPPER | LOWER | CHAIR if name == "S7/Seq1" else PERSON | CHAIR
        assert np.bitwise_or.reduce(mask, axis=None) == expected
        assert mask[-5, 5] == CHAIR


def test_training_files_are_what_public_readers_expect(subject_7, settings):
    folder = subject_7 / "S7" / "Seq1"
    mat = loadmat(folder / "annot.mat")
    calibration = (folder / "camera.calibration").read_text().splitlines()
    assert calibration[0] == "Skeletool Camera Calibration File V1.0"
    pattern = re.compile(r"  (intrinsic|extrinsic)   (-?[0-9.]+ ){16}")
    for camera in range(14):
        annot2, annot3, univ = (mat[key][camera][0] for key in ("annot2", "annot3", "univ_annot3"))
        assert annot2.shape == (3, 56)
        assert annot3.shape == univ.shape == (3, 84)
        assert annot2.dtype == np.float64
        intrinsic, extrinsic = calibration[7 * camera + 5], calibration[7 * camera + 6]
        assert pattern.fullmatch(intrinsic)
        assert pattern.fullmatch(extrinsic)
        k = np.array(intrinsic.split()[1:], float)
        points = annot3.reshape(-1, 3)
        pixels = np.stack(
            [k[0] * points[:, 0] / points[:, 2] + k[2], k[5] * points[:, 1] / points[:, 2] + k[6]], axis=1
        )
        assert np.abs(pixels - annot2.reshape(-1, 2)).max() < 0.01
        root = (points.reshape(3, 28, 3) - points.reshape(3, 28, 3)[:, 4:5])[:, [7, 11, 20]]
        scaled = univ.reshape(3, 28, 3) - univ.reshape(3, 28, 3)[:, 4:5]
        ratio = (scaled[:, [7, 11, 20]] * root).sum() / (root**2).sum()
        np.testing.assert_allclose(scaled[:, [7, 11, 20]], ratio * root, atol=1e-6)
        assert abs(ratio - 1) > 1e-4
    assert list(mat["cameras"].ravel()) == list(range(14))
    assert list(mat["frames"].ravel()) == [0, 1, 2]
    count, size = Video(folder / "imageSequence" / "video_13.avi").length_and_size()
    assert (count, size) == (3, (192, 192))
    foreground = next(iter(Video(folder / "FGmasks" / "video_0.avi").frames([1])))
    chair = next(iter(Video(folder / "ChairMasks" / "video_0.avi").frames([1])))
    assert foreground[2, 2, 2] < 60 < 200 < foreground[2, 2, 1]  # background: red dark, green bright
    assert chair[-5, 5, 2] < 60 < 200 < chair[2, 2, 2]


@pytest.mark.parametrize("intrinsics", ["fit", "calib"])
def test_test_tree_through_the_reader_equals_direct_labels(tmp_path, intrinsics):
    settings = Settings(6, 1, 192)
    write_layout("mpi_inf_3dhp_test", tmp_path / "out", settings)
    prepare(test_reader.plan(tmp_path / "out", framing=WHOLE, intrinsics=intrinsics), tmp_path / "out.h5")
    store = PoseStore(tmp_path / "out.h5")
    assert list(store.labels("frame")) == [0, 1, 2, 3, 5] * 6
    world = mpi_inf_3dhp_test.WORLD
    names = set(LABELS_3D) - ({"cam_from_world"} if intrinsics == "fit" else set())
    for row in range(len(store)):
        number = int(store.labels("sequence")[row])
        shot = shot_of(world, number, int(store.labels("frame")[row]), 0)
        staged = staged_for(world, shot, settings, world.cameras(world.sequences[number])[0])
        direct = labels(world, shot, staged)
        order = [7, 5, 14, 15, 16, 9, 10, 11, 23, 24, 25, 18, 19, 20, 4, 3, 6]
        direct |= {name: direct[name][order] for name in ("joints_2d", "visible", "joints_3d", "joints_3d_univ")}
        assert_same(store, row, direct, (names | {"activity"}))
    with h5py.File(tmp_path / "out" / "mpi_inf_3dhp_test_set" / "TS5" / "annot_data.mat") as file:
        assert file["annot2"].shape == (6, 1, 17, 2)
        assert file["univ_annot3"].shape == (6, 1, 17, 3)
        assert file["valid_frame"].shape == file["activity_annotation"].shape == (6, 1)
    header = (tmp_path / "out" / "mpi_inf_3dhp_test_set" / "TS5" / "annot_data.mat").read_bytes()[:128]
    assert header.startswith(b"MATLAB 7.3 MAT-file")


def test_h36m_tree_through_the_reader_equals_direct_labels(tmp_path):
    settings = Settings(1, 2, 100)
    subject_keys = [key for key in h36m.keys(settings) if key[0] == 1]
    for key in subject_keys:
        h36m.make(tmp_path, settings, key, ignore)
    h36m.finish(tmp_path, settings)
    plan = h36m_reader.plan(tmp_path, framing=WHOLE, subjects=(1,), movement=0, frames=0)
    prepare(replace(plan, tasks=plan.tasks[::9]), tmp_path / "out.h5")
    store = PoseStore(tmp_path / "out.h5")
    world = h36m.WORLD
    order = [7, 5, 14, 15, 16, 9, 10, 11, 23, 24, 25, 18, 19, 20, 4, 3, 6]
    for row in range(len(store)):
        file = store.attrs["sequence_names"][store.labels("sequence")[row]].split("/")[1]
        action = ACTIVITIES[store.labels("activity")[row]]
        take = next(take for take in (1, 2) if h36m.file_name(1, action, take) == file)
        kind = (
            next(k for k, names in (("Sitting", h36m._SITTING), ("Walking", h36m._WALKING)) if action in names)
            if (action in h36m._SITTING | h36m._WALKING)
            else "Posing"
        )
        number = [sequence.name for sequence in world.sequences].index(f"S1/{kind}")
        index = CAMERAS.index(int(store.labels("camera")[row]))
        shot = shot_of(world, number, (ACTIVITIES.index(action) * 2 + take - 1) * world.frames, index)
        direct = labels(world, shot, staged_for(world, shot, settings, h36m.whole_camera(index)))
        direct |= {name: direct[name][order] for name in ("joints_2d", "visible", "joints_3d", "joints_3d_univ")}
        assert_same(store, row, direct, set(LABELS_3D) - {"frame", "scene"}, mm=0.5, pixels=0.05)
        assert store.mask(row).max() == PERSON
        parts = part_labels(film(world, shot, settings, h36m.whole_camera(index)).posed, h36m.whole_camera(index),
                            store.mask(row) > 0)  # fmt: skip
        np.testing.assert_array_equal(store.part_labels(row), parts)
        np.testing.assert_array_equal(parts > 0, store.mask(row) > 0)
    assert any("TakingPhoto" in name for name in store.attrs["sequence_names"])


def test_h36m_part_labels_have_the_form_that_public_readers_expect(tmp_path, settings):
    """`Feat`: references to one label image a frame, columns first, beside silhouettes of the same form."""
    h36m.make(tmp_path, settings, (1, "Walking", 2), ignore)
    found = sorted(path.name for path in (tmp_path / "S1" / "Segments_mat_gt_pl").iterdir())
    assert found == [f"Walking 2.{camera}.mat" for camera in CAMERAS]
    for index, name in enumerate(found):
        path, masks = (tmp_path / "S1" / f / name for f in ("Segments_mat_gt_pl", "MySegmentsMat/ground_truth_bs"))
        assert path.read_bytes().startswith(b"MATLAB 7.3 MAT-file")
        with h5py.File(path) as file, h5py.File(masks) as other:
            references = np.ravel(file["Feat"][()])
            assert len(references) == settings.frames
            for row, reference in enumerate(references):
                labels = file[reference][()]
                assert labels.shape == h36m.whole_camera(index).size  # (W, H)
                assert labels.dtype == np.uint8
                np.testing.assert_array_equal(labels > 0, other[np.ravel(other["Masks"][()])[row]][()])


def test_h36m_box_masks_are_the_filled_boxes_of_the_silhouettes(tmp_path, settings):
    h36m.make(tmp_path, settings, (1, "Walking", 2), ignore)
    name = f"Walking 2.{CAMERAS[0]}.mat"
    found = {}
    for kind in ("ground_truth_bs", "ground_truth_bb"):
        with h5py.File(tmp_path / "S1" / "MySegmentsMat" / kind / name) as file:
            found[kind] = [np.array(file[file["Masks"][frame, 0]]).T for frame in range(settings.frames)]
    for silhouette, box in zip(found["ground_truth_bs"], found["ground_truth_bb"], strict=True):
        rows, columns = np.nonzero(silhouette)
        inside = np.zeros_like(box)
        inside[rows.min() : rows.max() + 1, columns.min() : columns.max() + 1] = 1
        np.testing.assert_array_equal(box, inside)


def test_h36m_metadata_parses_like_the_original(tmp_path):
    from xml.etree import ElementTree

    h36m.finish(tmp_path, Settings(1))
    root = ElementTree.parse(tmp_path / "metadata.xml").getroot()
    rows = [[cell.text for cell in row] for row in root.find("mapping")]
    assert len(rows) == 33
    assert rows[0][2:] == [f"S{subject}" for subject in range(1, 12)]
    assert [row[:2] for row in rows[1:4]] == [["1", "1"], ["1", "2"], ["2", "1"]]
    actions = [element.text for element in root.find("actionnames")]
    assert actions[int(rows[3][0]) - 1] == "Directions"
    assert [int(element.text) for element in root.find("dbcameras/index2id")] == list(CAMERAS)
    numbers = [float(word) for word in root.find("w0").text[1:-1].split()]
    assert len(numbers) == 300
    # camera 3 of subject 5, both from 1
    matrix = h36m.whole_camera(2).cam_from_world
    start = 6 * (2 * 11 + 4)
    np.testing.assert_allclose(numbers[start + 3 : start + 6], -matrix[:3, :3].T @ matrix[:3, 3], atol=1e-3)
    intrinsics = h36m.whole_camera(2).intrinsics
    np.testing.assert_allclose(numbers[264 + 18 : 264 + 22], intrinsics[[0, 1, 0, 1], [0, 1, 2, 2]], rtol=1e-6)


def test_mpii_tree_through_both_readers_equals_direct_labels(tmp_path):
    settings = Settings(40, 3, 96)
    write_layout("mpii", tmp_path / "out", settings)
    root = tmp_path / "out"
    prepare(mpii_reader.plan(root, framing=WHOLE, annotations="mat", split="trainval"), tmp_path / "mat.h5")
    prepare(mpii_reader.plan(root, framing=WHOLE, split="valid"), tmp_path / "valid.h5")
    store, valid = PoseStore(tmp_path / "mat.h5"), PoseStore(tmp_path / "valid.h5")
    shots = wild.shots(settings)
    held_out = [s for s in shots if wild.WORLD.sequences[s.sequence].name.startswith("validation")]
    assert len(store) == 40
    assert len(valid) == len(held_out) > 0
    for some, these in ((store, shots[::7]), (valid, held_out)):
        for row, shot in enumerate(these):
            row = shot.index if some is store else row
            direct = labels(wild.WORLD, shot, wild.staged_of(shot, settings))
            assert_same(some, row, direct, ("joints_2d", "visible", "head_size", "image_size"))
    train = mpii_reader.plan(root, framing=WHOLE, annotations="mat")
    names = {person.image.name for task in train.tasks for person in task.people}
    assert names == {mpii.image_name(shot.index) for shot in shots} - {mpii.image_name(s.index) for s in held_out}
    entry = json.loads((root / "annot" / "train.json").read_text())[0]
    assert set(entry) == {"joints_vis", "joints", "image", "scale", "center"}
    assert np.shape(entry["joints"]) == (16, 2)


def test_lsp_tree_through_the_reader_equals_direct_labels(tmp_path):
    settings = Settings(12, 3, 96)
    write_layout("lsp", tmp_path / "out", settings)
    assert loadmat(tmp_path / "out" / "joints.mat")["joints"].shape == (3, 14, 12)
    prepare(lsp_reader.plan(tmp_path / "out", framing=WHOLE), tmp_path / "out.h5")
    store = PoseStore(tmp_path / "out.h5")
    for shot in wild.shots(settings):
        direct = labels(wild.WORLD, shot, wild.staged_of(shot, settings))
        pelvis = 14  # LSP labels none: the middle of the hips stands in
        np.testing.assert_allclose(
            store.labels("joints_2d")[shot.index, :pelvis], direct["joints_2d"][:pelvis], atol=0.01
        )


def test_an_error_or_a_full_folder_leaves_nothing_half_written(tmp_path, monkeypatch):
    out = tmp_path / "out"
    out.mkdir()
    (out / "mine.txt").write_text("keep")
    with pytest.raises(PoseError, match="not an empty folder"):
        write_layout("lsp", out, Settings(2))
    monkeypatch.setattr(
        files.Path, "write_bytes", lambda *_: (_ for _ in ()).throw(OSError(28, "No space left on device"))
    )
    with pytest.raises(PoseError, match="disk full"):
        write_layout("lsp", tmp_path / "other", Settings(2, 0, 64))
    assert sorted(path.name for path in tmp_path.iterdir()) == ["out"]
    with pytest.raises(PoseError, match="no layout"):
        write_layout("panoptic", tmp_path / "other", Settings(2))
