"""The 3DHP training reader on a fabricated official tree."""

import shutil

import numpy as np
import pytest
from scipy.io import loadmat, savemat

from pose3d.app import main
from pose3d.data.schema import CHAIR, LOWER, PERSON, UPPER
from pose3d.data.sources import mpi_inf_3dhp
from pose3d.data.sources.framing import Framing
from pose3d.data.sources.prepare import prepare
from pose3d.data.store import PoseStore
from pose3d.errors import INCOMPLETE, PoseError
from tests.data.sources.mpi_inf_3dhp_trees import CHEST, UNIVERSAL, camera, write_train
from tests.data.sources.scene import destroy_frame, frame_of, walk, write_video

WHOLE = Framing(0, 0)


@pytest.fixture(scope="module")
def tree(tmp_path_factory):
    root = tmp_path_factory.mktemp("3dhp")
    write_train(root)
    return root


@pytest.fixture
def broken(tree, tmp_path):
    """A copy of the tree to damage, S1 and S6 only."""
    for subject in (1, 6):
        shutil.copytree(tree / f"S{subject}", tmp_path / f"S{subject}")
    return tmp_path


@pytest.fixture(scope="module")
def store(tree, tmp_path_factory):
    out = tmp_path_factory.mktemp("store") / "train.h5"
    prepare(mpi_inf_3dhp.plan(tree, framing=WHOLE, min_inside=0), out)
    return PoseStore(out)


def expected_rows(subject, number, threshold=200.0):
    """Frames by the movement rule, in plain loops."""
    poses = walk(6, seed=subject * 10 + number)
    pelvis = poses[:, 4:5]
    poses = pelvis + (poses - pelvis) * UNIVERSAL
    kept = [0]
    for frame in range(1, 6):
        if max(np.sqrt(((poses[frame, j] - poses[kept[-1], j]) ** 2).sum()) for j in range(28)) > threshold:
            kept.append(frame)
    return kept


def test_frames_are_those_that_moved_more_than_200_mm_in_every_chest_camera(store):
    frames, cameras, sequences = (store.labels(name) for name in ("frame", "camera", "sequence"))
    for index, name in enumerate(store.attrs["sequence_names"]):
        wanted = expected_rows(int(name[1]), int(name[-1]))
        assert 1 < len(wanted) < 6, "the fabricated walk does not tell the rule from keeping all"
        for number in CHEST:
            assert list(frames[(sequences == index) & (cameras == number)]) == wanted
    assert set(cameras) == set(CHEST)


def test_labels_are_those_of_the_tree_and_project(store):
    subject = store.labels("subject")
    for index in range(0, len(store), 17):
        name = store.attrs["sequence_names"][store.labels("sequence")[index]]
        world = walk(6, seed=int(name[1]) * 10 + int(name[-1]))[store.labels("frame")[index]]
        cam = camera(int(store.labels("camera")[index]))
        pixels, points = cam.see(world)
        assert subject[index] == int(name[1])
        np.testing.assert_allclose(store.labels("joints_2d")[index], pixels, atol=1e-3)
        np.testing.assert_allclose(store.labels("joints_3d")[index], points, atol=1e-2)
        universal = points[4] + (points - points[4]) * UNIVERSAL
        np.testing.assert_allclose(store.labels("joints_3d_univ")[index], universal, atol=1e-2)
        np.testing.assert_allclose(store.labels("intrinsics")[index], cam.intrinsics, atol=1e-4)
        np.testing.assert_allclose(store.labels("cam_from_world")[index], cam.cam_from_world, atol=1e-3)
        seen = pixels[[7, 5, 14, 15, 16, 9, 10, 11, 23, 24, 25, 18, 19, 20, 4, 3, 6]]
        low, high = seen.min(axis=0), seen.max(axis=0)
        np.testing.assert_allclose(store.labels("bbox")[index], [*low, *(high - low)], atol=1e-3)


def test_each_image_shows_the_frame_of_its_labels(store):
    frames = store.labels("frame")
    assert [frame_of(store.image(index)) for index in range(len(store))] == list(frames)


def test_masks_carry_only_the_regions_that_may_be_used(store):
    names, sequences = store.attrs["sequence_names"], store.labels("sequence")
    expected = {
        "S1/Seq1": PERSON | CHAIR,
        "S1/Seq2": PERSON | UPPER | CHAIR,
        "S2/Seq2": PERSON | UPPER | LOWER | CHAIR,
        "S7/Seq1": PERSON | UPPER | LOWER | CHAIR,
    }
    for name, bits in expected.items():
        index = int(np.flatnonzero(sequences == names.index(name))[0])
        mask = store.mask(index)
        assert np.bitwise_or.reduce(mask, axis=None) == bits
        assert mask[-5, 5] == CHAIR
        x, y, w, h = store.labels("bbox")[index]
        upper, lower = (mask[int(y + part * h), int(x + w / 2)] for part in (0.2, 0.8))
        assert bool(upper & UPPER) == bool(bits & UPPER)
        assert not upper & LOWER
        assert bool(lower & LOWER) == bool(bits & LOWER)
        assert not lower & UPPER
        assert mask[2, -2] == 0
    assert store.attrs["augmentable"][names.index("S4/Seq2")] == ["chair", "upper"]


def test_cropping_and_shrinking_keep_the_camera_exact(tree, tmp_path):
    plan = mpi_inf_3dhp.plan(tree, framing=Framing(1.5, 40), min_inside=0, limit=40)
    prepare(plan, tmp_path / "small.h5")
    small = PoseStore(tmp_path / "small.h5")
    points, intrinsics = small.labels("joints_3d").astype(np.float64), small.labels("intrinsics").astype(np.float64)
    pixels = np.einsum("nij,npj->npi", intrinsics, points)
    error = np.abs(pixels[..., :2] / pixels[..., 2:] - small.labels("joints_2d")).max()
    assert error < 0.01
    assert (small.labels("bbox")[:, 2:].max(axis=1) <= 41).all()
    for index in (0, 11):
        width, height = small.labels("image_size")[index]
        image = small.image(index)
        assert image.shape == (height, width, 3) == (*small.mask(index).shape, 3)
        # The dot on the pelvis is where the label says.
        x, y = small.labels("joints_2d")[index, 4]
        assert image[round(float(y)), round(float(x)), 0] > image[round(float(y)), round(float(x)), 1] + 20


def test_the_draw_is_seeded_recorded_and_a_subset(tree):
    def drawn(seed, frames=50):
        plan = mpi_inf_3dhp.plan(tree, framing=WHOLE, seed=seed, frames=frames, min_inside=0)
        return {(task.name, int(row)) for task in plan.tasks for row in task.rows}, plan.sampling

    first, sampling = drawn(0)
    assert len(first) == 50
    assert sampling["drawn"] == 50
    assert sampling["seed"] == 0
    assert first == drawn(0)[0]
    assert first != drawn(1)[0]
    everything, record = drawn(0, frames=0)
    assert first < everything
    assert record["candidates"] == len(everything) == record["drawn"]


def test_extracted_frames_are_read_as_well(broken):
    import cv2

    folder = broken / "S1" / "Seq1"
    capture = cv2.VideoCapture(str(folder / "imageSequence" / "video_4.avi"))
    (folder / "imageFrames" / "video_4").mkdir(parents=True)
    for frame in range(6):
        cv2.imwrite(str(folder / "imageFrames" / "video_4" / f"frame_{frame + 1:06d}.jpg"), capture.read()[1])
    (folder / "imageSequence" / "video_4.avi").unlink()
    plan = mpi_inf_3dhp.plan(broken, framing=WHOLE, subjects=(1,), movement=0, min_inside=0)
    prepare(plan, broken / "out.h5")
    store = PoseStore(broken / "out.h5")
    mine = np.flatnonzero((store.labels("camera") == 4) & (store.labels("sequence") == 0))
    assert [frame_of(store.image(index)) for index in mine] == list(range(6))


def test_everything_that_is_missing_is_named_at_once(broken):
    (broken / "S1" / "Seq1" / "FGmasks" / "video_7.avi").unlink()
    (broken / "S6" / "Seq2" / "annot.mat").unlink()
    (broken / "S6" / "Seq1" / "imageSequence" / "video_0.avi").write_bytes(b"")
    with pytest.raises(PoseError, match="--subjects") as error:
        mpi_inf_3dhp.plan(broken, framing=WHOLE)
    message = str(error.value)
    for part in ("S1/Seq1/FGmasks/video_7.avi", "S6/Seq2/annot.mat", "S2 (a subject) is missing"):
        assert part in message
    with pytest.raises(PoseError, match="video_0"):
        mpi_inf_3dhp.plan(broken, framing=WHOLE, subjects=(6,))


def test_a_wrong_root_is_named(tmp_path):
    with pytest.raises(PoseError, match="S1 to S8"):
        mpi_inf_3dhp.plan(tmp_path, framing=WHOLE)
    with pytest.raises(PoseError, match="there is no folder"):
        mpi_inf_3dhp.plan(tmp_path / "nowhere", framing=WHOLE)


def test_a_video_that_ends_early_stops_the_work_unless_it_is_known(broken, monkeypatch):
    gray = [np.full((160, 160, 3), 99, np.uint8)] * 2
    write_video(broken / "S6" / "Seq2" / "imageSequence" / "video_2.avi", gray)
    plan = mpi_inf_3dhp.plan(broken, framing=WHOLE, subjects=(6,))
    assert any("S6/Seq2 video_2" in note and "known defect" in note for note in plan.notes)
    assert all(max(task.rows) < 2 for task in plan.tasks if task.name == "S6_Seq2_video_2")
    write_video(broken / "S6" / "Seq2" / "imageSequence" / "video_4.avi", gray)
    with pytest.raises(PoseError, match=r"S6/Seq2 video_4 .* has 2 of 6 frames"):
        mpi_inf_3dhp.plan(broken, framing=WHOLE, subjects=(6,))
    assert mpi_inf_3dhp.plan(broken, framing=WHOLE, subjects=(6,), allow_short_videos=True).notes


def test_damaged_frames_are_left_out_and_said(broken, capsys):
    sequences = broken / "S1" / "Seq1", broken / "S1" / "Seq2"
    destroy_frame(sequences[0] / "imageSequence" / "video_0.avi", 2)
    destroy_frame(sequences[1] / "FGmasks" / "video_4.avi", 5)
    command = ["prepare", "mpi_inf_3dhp", "--root", str(broken), "--out", str(broken / "out.h5"), "--subjects", "1",
               "--movement", "0", "--min-inside", "0", "--workers", "1"]  # fmt: skip
    assert main(command) == INCOMPLETE == 3
    printed = " ".join(capsys.readouterr().out.split())
    assert "lost in damaged files │ 2" in printed
    store = PoseStore(broken / "out.h5")
    assert len(store) == 2 * 5 * 6 - 2
    assert [sentence.split("/S1/")[1] for sentence in store.attrs["damaged"]] == [
        "Seq1/imageSequence/video_0.avi: 1 frame missing or damaged (2)",
        "Seq2/FGmasks/video_4.avi: 1 frame missing or damaged (5)",
    ]
    for sequence, view, lost in ((0, 0, 2), (1, 4, 5)):
        mine = np.flatnonzero((store.labels("camera") == view) & (store.labels("sequence") == sequence))
        left = [n for n in range(6) if n != lost]
        assert list(store.labels("frame")[mine]) == left
        assert [frame_of(store.image(index)) for index in mine] == left
    assert main([*command, "--allow-damaged"]) == 0


def test_a_cut_video_is_refused_whatever_its_header_says(broken):
    path = broken / "S1" / "Seq1" / "imageSequence" / "video_4.avi"
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2])
    with pytest.raises(PoseError, match=r"S1/Seq1 video_4 .* has [0-3] of 6 frames"):
        mpi_inf_3dhp.plan(broken, framing=WHOLE, subjects=(1,))
    plan = mpi_inf_3dhp.plan(broken, framing=WHOLE, subjects=(1,), movement=0, min_inside=0, allow_short_videos=True)
    assert any("has" in note and "the rest is left out" in note for note in plan.notes)
    assert not prepare(plan, broken / "out.h5").damaged


def test_frames_whose_labels_are_nan_are_left_out_and_counted(broken):
    path = broken / "S1" / "Seq2" / "annot.mat"
    mat = {key: value for key, value in loadmat(path).items() if key[0] != "_"}
    for key, view, frame in (("annot2", 0, 1), ("annot3", 2, 3), ("univ_annot3", 4, 2), ("annot2", 8, 1)):
        mat[key][view, 0][frame, 7] = np.inf if key == "annot3" else np.nan
    savemat(path, mat)
    plan = mpi_inf_3dhp.plan(broken, framing=WHOLE, subjects=(1,), movement=0, min_inside=0)
    found = [note for note in plan.notes if "NaN" in note]
    assert [note.split(":")[0] for note in found] == [f"S1/Seq2 video_{view}" for view in (0, 2, 4, 8)]
    assert all("1 frames left out" in note for note in found)
    prepare(plan, broken / "out.h5")
    store = PoseStore(broken / "out.h5")
    assert len(store) == 2 * 5 * 6 - 4
    for name in ("joints_2d", "joints_3d", "joints_3d_univ", "bbox"):
        assert np.isfinite(store.labels(name)).all()


def test_a_video_of_another_size_than_its_calibration_stops_the_work(broken):
    write_video(broken / "S1" / "Seq1" / "imageSequence" / "video_8.avi", [np.zeros((96, 96, 3), np.uint8)] * 6)
    with pytest.raises(PoseError, match="calibration says"):
        mpi_inf_3dhp.plan(broken, framing=WHOLE, subjects=(1,))


def test_swapped_frames_and_white_flashes_are_left_out(tree, broken, monkeypatch):
    monkeypatch.setitem(mpi_inf_3dhp.DOUBTFUL_FRAMES, (1, 2), range(2, 5))
    white = [np.full((160, 160, 3), 255 if frame == 1 else 60, np.uint8) for frame in range(6)]
    write_video(broken / "S1" / "Seq1" / "imageSequence" / "video_0.avi", white)
    plan = mpi_inf_3dhp.plan(broken, framing=WHOLE, subjects=(1,), movement=0, min_inside=0)
    summary = prepare(plan, broken / "out.h5")
    store = PoseStore(broken / "out.h5")
    second = store.labels("frame")[store.labels("sequence") == 1]
    assert set(second) == {0, 1, 5}
    assert summary.skipped == {"white flash": 1}
    assert any("swapped" in note for note in summary.notes)


@pytest.mark.parametrize("content", [b"", b"not a matlab file at all", None])
def test_an_unreadable_annotation_is_named(broken, content):
    path = broken / "S1" / "Seq1" / "annot.mat"
    path.write_bytes(path.read_bytes()[:5000] if content is None else content)
    with pytest.raises(PoseError, match=r"annot\.mat"):
        mpi_inf_3dhp.plan(broken, framing=WHOLE, subjects=(1,))


def test_a_cut_calibration_is_named(broken):
    path = broken / "S1" / "Seq1" / "camera.calibration"
    path.write_text(path.read_text()[:400])
    with pytest.raises(PoseError, match=r"camera\.calibration"):
        mpi_inf_3dhp.plan(broken, framing=WHOLE, subjects=(1,))
