"""MPII on fabricated official files."""

import json

import numpy as np
import pytest
from scipy.io import savemat

from pose3d.app import main
from pose3d.data.check import check_store
from pose3d.data.doctor import check_tree
from pose3d.data.published import MPIILSPDataModule
from pose3d.data.sources import mpii
from pose3d.data.sources.framing import Framing
from pose3d.data.sources.prepare import prepare
from pose3d.data.store import PoseStore
from pose3d.errors import PoseError
from tests.data.sources.picture_trees import PELVIS, WHOLE, picture, points, row, struct, structs

# MPII's index of each of the first 14 joints.
MPII_14 = [9, 8, 12, 11, 10, 13, 14, 15, 2, 1, 0, 3, 4, 5]


@pytest.fixture
def mpii_tree(tmp_path):
    """Image 0: a single person; 1: two close people, no single; 2: no annorect; 3: test image; 4: one without points,
    one with five joints missing and no head box."""
    rng = np.random.default_rng(0)
    joints = rng.uniform([40, 20], [160, 100], (6, 16, 2)).round(2)
    head = {"x1": 50, "y1": 20, "x2": 80, "y2": 60}

    def rect(index, skip=(), **more):
        fields = {**head, "scale": 1.5, "objpos": struct(x=100, y=60)} | more
        return struct(annopoints=points(joints[index], skip), **fields)

    none = np.zeros((0, 0))
    partial = {"x1": none, "y1": none, "x2": none, "y2": none, "scale": none}
    rects = [
        rect(0),
        structs([rect(1), rect(2)]),
        none,
        rect(3),
        structs([struct(annopoints=none, **partial, objpos=none), rect(5, skip=(0, 1, 6, 8, 11), **partial)]),
    ]
    names = [f"{number:09d}.jpg" for number in range(5)]
    for number, name in enumerate(names):
        picture(tmp_path / "images" / name, 40 * number + 20)
    release = struct(
        annolist=structs([struct(image=struct(name=name), annorect=r) for name, r in zip(names, rects, strict=True)]),
        img_train=np.array([[1, 1, 1, 0, 1]], np.uint8),
        single_person=row([np.array([[1]]), none, none, np.array([[1]]), np.array([[1], [2]])]).T,
    )
    savemat(tmp_path / mpii.MAT_NAME, {"RELEASE": release})
    return tmp_path, joints


def test_mpii_mat_gives_single_people_from_zero_with_the_official_head_size(mpii_tree):
    root, joints = mpii_tree
    prepare(mpii.plan(root, framing=WHOLE), root / "out.h5")
    store = PoseStore(root / "out.h5")
    assert list(store.labels("frame")) == [0, 4]
    np.testing.assert_allclose(store.labels("joints_2d")[0, :14], joints[0][MPII_14] - 1, atol=1e-4)
    np.testing.assert_allclose(store.labels("joints_2d")[0, PELVIS], joints[0][6] - 1, atol=1e-4)
    assert list(store.labels("visible")[0]) == [1] * 15 + [0, 0]
    assert store.labels("head_size")[0] == pytest.approx(0.6 * 50)
    unlabelled = {index for index, joint in enumerate([*MPII_14, 6]) if joint in (0, 1, 6, 8, 11)} | {15, 16}
    assert set(np.flatnonzero(store.labels("visible")[1] == 0)) == unlabelled
    low, high = (
        getattr(np.delete(joints[5] - 1, [0, 1, 6, 7, 8, 11], axis=0), name)(axis=0) for name in ("min", "max")
    )
    np.testing.assert_allclose(store.labels("bbox")[1], [*low, *(high - low)], atol=1e-3)
    assert store.labels("head_size")[1] > 0
    assert abs(int(store.image(1).mean()) - 180) <= 1
    everyone = mpii.plan(root, framing=WHOLE, all_people=True)
    assert everyone.num_samples == 4


def thorax_only(root, kind):
    """Two people in one image; of the second, only MPII's thorax is labelled, which is none of the 17 joints."""
    joints = np.random.default_rng(0).uniform(40, 100, (16, 2))
    picture(root / "images" / "a.jpg", 90)
    if kind == "json":
        people = [{"image": "a.jpg", "joints": joints.tolist(), "joints_vis": vis, "center": [90, 60], "scale": 1.0}
                  for vis in ([1] * 16, [int(joint == 7) for joint in range(16)])]  # fmt: skip
        (root / "annot").mkdir()
        (root / "annot" / "train.json").write_text(json.dumps(people))
        return
    others = [joint for joint in range(16) if joint != 7]
    rects = [struct(x1=50, y1=20, x2=80, y2=60, scale=1.0, annopoints=points(joints, skip)) for skip in ((), others)]
    release = struct(
        annolist=struct(image=struct(name="a.jpg"), annorect=structs(rects)),
        img_train=np.array([[1]], np.uint8),
        single_person=row([np.array([[1], [2]])]).T,
    )
    savemat(root / mpii.MAT_NAME, {"RELEASE": release})


@pytest.mark.parametrize("kind", ["json", "mat"])
def test_a_person_of_whom_only_the_thorax_is_labelled_is_left_out(tmp_path, kind):
    thorax_only(tmp_path, kind)
    summary = prepare(mpii.plan(tmp_path, framing=Framing()), tmp_path / "out.h5")
    assert summary.num_samples == 1
    assert summary.notes[-1] == "1 people are left out, none of the 17 joints is labelled"
    findings = [str(finding) for finding in check_tree(tmp_path)]
    assert not [finding for finding in findings if finding.startswith("error")]
    assert any("none of the 17 joints" in finding for finding in findings)


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_joints_that_are_no_numbers_count_as_not_labelled(tmp_path, value):
    thorax_only(tmp_path, "json")
    path = tmp_path / "annot" / "train.json"
    people = json.loads(path.read_text())
    people[0]["joints"][9] = [value, 50.0]  # head top
    path.write_text(json.dumps(people))
    summary = prepare(mpii.plan(tmp_path, framing=Framing()), tmp_path / "out.h5")
    assert "1 labelled joints are left out, their coordinates are NaN or infinite" in summary.notes
    store = PoseStore(tmp_path / "out.h5")
    assert store.labels("visible")[0, 0] == 0
    assert np.isfinite(store.labels("joints_2d")).all()


def test_people_whose_labels_lie_outside_their_picture_are_left_out_and_counted(tmp_path, capsys):
    thorax_only(tmp_path, "json")
    path = tmp_path / "annot" / "train.json"
    whole = json.loads(path.read_text())[0]
    away = whole | {"joints": (np.array(whole["joints"]) + 5000).tolist()}
    path.write_text(json.dumps([whole, away]))
    assert main(["prepare", "mpii", "--root", str(tmp_path), "--out", str(tmp_path / "out.h5"), "--workers", "1"]) == 0
    assert "skipped 1: the labels lie outside the picture" in capsys.readouterr().out
    store = PoseStore(tmp_path / "out.h5")
    assert len(store) == 1
    assert [str(finding) for finding in check_store(tmp_path / "out.h5")] == []


def test_images_that_cannot_be_read_are_left_out_and_said(tmp_path, capsys):
    thorax_only(tmp_path, "json")
    path = tmp_path / "annot" / "train.json"
    whole = json.loads(path.read_text())[0]
    names = ["a.jpg", "size.jpg", "cut.jpg", "empty.jpg", "b.jpg", "dangling.jpg"]
    path.write_text(json.dumps([whole | {"image": name} for name in names]))
    content = (tmp_path / "images" / "a.jpg").read_bytes()
    place = content.index(b"\xff\xc0") + 5
    (tmp_path / "images" / "size.jpg").write_bytes(content[:place] + b"\xff\xdc\xff\xdc" + content[place + 4 :])
    (tmp_path / "images" / "cut.jpg").write_bytes(content[:-40])
    (tmp_path / "images" / "empty.jpg").write_bytes(b"")
    (tmp_path / "images" / "b.jpg").mkdir()
    (tmp_path / "images" / "dangling.jpg").symlink_to("nowhere.jpg")
    command = ["prepare", "mpii", "--root", str(tmp_path), "--out", str(tmp_path / "out.h5"), "--workers", "1"]
    assert main(command) == 2
    assert "2 images are missing" in capsys.readouterr().err
    assert main([*command, "--allow-missing"]) == 3
    printed = capsys.readouterr().out
    assert all(name in printed for name in ("size.jpg", "cut.jpg", "empty.jpg"))
    assert len(PoseStore(tmp_path / "out.h5")) == 1


def test_mpii_crops_move_labels_and_head_size_with_the_pixels(mpii_tree):
    root, _ = mpii_tree
    prepare(mpii.plan(root, framing=WHOLE), root / "whole.h5")
    prepare(mpii.plan(root, framing=Framing(1.2, 30)), root / "small.h5")
    whole, small = PoseStore(root / "whole.h5"), PoseStore(root / "small.h5")
    scale = small.labels("bbox")[0, 2:] / whole.labels("bbox")[0, 2:]
    assert scale.max() < 0.6
    assert small.labels("head_size")[0] / whole.labels("head_size")[0] == pytest.approx(np.sqrt(scale.prod()), rel=1e-4)
    assert small.image(0).shape[1::-1] == tuple(small.labels("image_size")[0])


def test_mpii_json_is_read_like_hrnet_and_the_validation_split_takes_its_head_boxes(mpii_tree):
    root, joints = mpii_tree
    (root / "annot").mkdir()
    visible = [1] * 16
    visible[3] = 0
    shared = {"center": [99.0, 60.0], "scale": 1.2, "joints_vis": visible}
    entries = [{"image": f"{n:09d}.jpg", "joints": joints[n].tolist(), **shared} for n in (0, 3)]
    (root / "annot" / "valid.json").write_text(json.dumps(entries))
    boxes = np.zeros((2, 2, 2))
    boxes[1, :, 1] = 30, 40
    boxes[1, :, 0] = 6, 8
    savemat(root / "annot" / "gt_valid.mat", {"headboxes_src": boxes})
    prepare(mpii.plan(root, framing=WHOLE, split="valid"), root / "valid.h5")
    store = PoseStore(root / "valid.h5")
    assert store.attrs["notes"] == []
    np.testing.assert_allclose(store.labels("head_size"), [6.0, 30.0], rtol=1e-6)
    seen = store.labels("visible")[0].astype(bool)
    assert not seen[MPII_14.index(3)]
    assert seen.sum() == 14
    np.testing.assert_allclose(store.labels("joints_2d")[1, 0], joints[3][9] - 1, atol=1e-4)


def test_mpii_says_that_head_boxes_are_missing(mpii_tree):
    root, joints = mpii_tree
    (root / "annot").mkdir()
    people = [{"image": "000000000.jpg", "joints": joints[0].tolist(), "joints_vis": [1] * 16}]
    (root / "annot" / "valid.json").write_text(json.dumps(people))
    assert mpii.plan(root, framing=WHOLE, split="valid").notes[0].startswith("no head boxes, annot/gt_valid.mat is mis")


def test_mpii_validation_people_of_the_mat_do_not_train(mpii_tree):
    root, joints = mpii_tree
    prepare(mpii.plan(root, framing=WHOLE), root / "mixed.h5")
    mixed = PoseStore(root / "mixed.h5").attrs
    assert mixed["sampling"]["validation"] == mpii.MIXED
    assert "the validation people are among the training people" in " ".join(mixed["notes"])

    (root / "annot").mkdir()
    people = [{"image": "000000004.jpg", "joints": joints[5].tolist(), "joints_vis": [1] * 16}]
    (root / "annot" / "valid.json").write_text(json.dumps(people))
    for options, left in (({}, [0]), ({"all_people": True}, [0, 1, 1]), ({"split": "trainval"}, [0, 4])):
        prepare(mpii.plan(root, framing=WHOLE, **options), root / "out.h5")
        assert list(PoseStore(root / "out.h5").labels("frame")) == left
    plan = mpii.plan(root, framing=WHOLE)
    assert plan.sampling["validation"] == mpii.SEPARATE
    assert "1 people are left out, annot/valid.json has their images for validation" in plan.notes


def test_stage_1_does_not_score_people_it_is_trained_on(mpii_tree):
    root, joints = mpii_tree
    stores = {"stores": str(root / "stores"), "image_size": 64, "batch_size": 1, "num_workers": 0}
    prepare(mpii.plan(root, framing=WHOLE), root / "stores" / "mpii" / "train.h5")
    MPIILSPDataModule(**stores).setup("fit")
    (root / "annot").mkdir()
    people = [{"image": "000000004.jpg", "joints": joints[5].tolist(), "joints_vis": [1] * 16}]
    (root / "annot" / "valid.json").write_text(json.dumps(people))
    prepare(mpii.plan(root, framing=WHOLE, split="valid"), root / "stores" / "mpii" / "val.h5")
    for stage in ("fit", "test"):
        with pytest.raises(PoseError, match=r"prepared without annot/valid.json, so the people of .*val.h5 are in it"):
            MPIILSPDataModule(**stores).setup(stage)
    prepare(mpii.plan(root, framing=WHOLE), root / "stores" / "mpii" / "train.h5")
    MPIILSPDataModule(**stores).setup("fit")


def test_mpii_says_what_is_missing(mpii_tree, tmp_path):
    root, _ = mpii_tree
    with pytest.raises(PoseError, match=r"annot/valid\.json lists it"):
        mpii.plan(root, framing=WHOLE, split="valid")
    (root / "images" / "000000004.jpg").unlink()
    with pytest.raises(PoseError, match=r"1 images are missing.*000000004"):
        mpii.plan(root, framing=WHOLE)
    (root / mpii.MAT_NAME).unlink()
    with pytest.raises(PoseError, match="neither"):
        mpii.plan(root, framing=WHOLE)
    (root / "annot").mkdir()
    (root / "annot" / "train.json").write_text('[{"image": "x.jpg"}]')
    with pytest.raises(PoseError, match="HRNet-style"):
        mpii.plan(root, framing=WHOLE)
