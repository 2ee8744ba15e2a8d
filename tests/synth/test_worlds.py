"""The worlds: nothing of the test world is seen in training, cameras stand where they should, labels are exact."""

import itertools

import cv2
import numpy as np
import pytest

from pose3d.errors import PoseError
from pose3d.skeleton import MPI_INF_3DHP_28
from pose3d.synth import cameras
from pose3d.synth.bodies import load_bodies
from pose3d.synth.places import choose
from pose3d.synth.staging import PERSON_HEIGHT, generator, labels, stage
from pose3d.synth.worlds import PRESETS, WORLDS, Look, plan, world

FRAMED = [name for name, described in WORLDS.items() if not described.candid]
OWN_BODIES = [name for name in FRAMED if not WORLDS[name].repeats]


def _bodies(name: str) -> set[int]:
    return {b for s in WORLDS[name].sequences for b in (s.blend or (s.body,))}


def _looks(name: str) -> set[Look]:
    return {s.look for s in WORLDS[name].sequences}


def test_every_body_belongs_to_one_world() -> None:
    for a, b in itertools.combinations(OWN_BODIES, 2):
        assert not _bodies(a) & _bodies(b)
    assert set().union(*map(_bodies, OWN_BODIES)) == set(range(len(load_bodies())))
    validation = {s.body for s in WORLDS["wild2d"].sequences if s.name.startswith("validation")}
    assert len(validation) == 2


def test_looks_of_the_test_world_occur_in_no_training_world() -> None:
    training = set().union(*(_looks(name) for name in WORLDS if not name.startswith("test")))
    for seen, unseen in itertools.product(training, _looks("test")):
        for a, b in ((seen.textures, unseen.textures), (seen.drawn_places, unseen.drawn_places)):
            assert not set(range(*a)) & set(range(*b))
        assert not set(seen.panoramas) & set(unseen.panoramas)


def test_sequences_mirror_the_real_sets() -> None:
    assert [s.subject for s in WORLDS["studio3d"].sequences] == [s for s in range(1, 9) for _ in range(2)]
    assert {s.subject for s in WORLDS["lab3d"].sequences} == {1, 5, 6, 7, 8, 9, 11}
    assert [s.scene for s in WORLDS["test"].sequences] == [1, 1, 2, 2, 3, 3]
    assert all(s.cameras == (0, 2, 4, 7, 8) for s in WORLDS["studio3d"].sequences)
    parts = {s.name: set(s.augmentable) for s in WORLDS["studio3d"].sequences}
    assert parts["S1/Seq2"] == {"chair", "upper"}
    assert parts["S7/Seq1"] == {"background", "chair", "upper", "lower"}
    assert parts["S7/Seq2"] == {"background", "chair"}
    with pytest.raises(PoseError, match=r"no world 'moon'.*wild2d"):
        world("moon")


@pytest.mark.parametrize("name", list(WORLDS))
def test_plan_counts_and_covers(name: str) -> None:
    described = WORLDS[name]
    for num in (7, PRESETS["quick"].get(name, 1000)):
        shots = list(plan(described, num))
        assert [s.index for s in shots] == list(range(num))
    assert {s.sequence for s in shots} == set(range(len(described.sequences)))
    moments = [(s.sequence, s.frame(described), s.camera) for s in shots]
    assert len(set(moments)) == num
    for number, sequence in enumerate(described.sequences):
        used = {s.camera for s in shots if s.sequence == number}
        assert used == set(sequence.cameras or (0,))


def test_each_subject_does_everything_as_often_as_declared() -> None:
    for described in WORLDS.values():
        for subject in {s.subject for s in described.sequences}:
            spent: dict[int, float] = {}
            for sequence in described.sequences:
                if sequence.subject == subject:
                    for activity, share in described.shares(sequence).items():
                        spent[activity] = spent.get(activity, 0) + share
            share = dict(described.share)
            total = sum(share[a] for a in spent)
            assert spent == pytest.approx({a: share[a] / total for a in spent})
        np.testing.assert_allclose(sum(described.weight(i) for i in range(len(described.sequences))), 1)


def test_wild_keeps_a_tenth_for_validation() -> None:
    described = WORLDS["wild2d"]
    held_out = [described.sequences[s.sequence].name.startswith("validation") for s in plan(described, 4200)]
    assert 0.08 < np.mean(held_out) < 0.12


def test_studio_cameras() -> None:
    rig = cameras.studio()
    assert len(rig) == 14
    eyes = np.array([-c.cam_from_world[:3, :3].T @ c.cam_from_world[:3, 3] for c in rig])
    pitch = np.array([np.degrees(np.arcsin(-c.cam_from_world[2, 2])) for c in rig])  # of the optical axis, down +
    chest = list(cameras.CHEST_CAMERAS)
    assert ((eyes[chest, 2] > 900) & (eyes[chest, 2] < 2100)).all()
    assert 10 < np.ptp(pitch[chest]) < 25
    assert (np.abs(pitch[[1, 3, 5, 6, 9]] - 45) < 8).all()
    assert pitch[10] < -5
    assert (pitch[11:] > 70).all()
    azimuth = np.sort(np.arctan2(eyes[chest, 1], eyes[chest, 0]))
    assert np.degrees(np.diff([*azimuth, azimuth[0] + 2 * np.pi])).max() < 90
    for camera in rig:
        rotation = camera.cam_from_world[:3, :3]
        np.testing.assert_allclose(rotation @ rotation.T, np.eye(3), atol=1e-12)
        assert np.linalg.det(rotation) > 0
    for camera in rig[:11]:  # all but the overhead ones
        above, below = camera.project(np.array([[0, 0, 1700.0], [0, 0, 100.0]]))[0]
        assert above[1] < below[1]


def test_window_shows_the_same_rays() -> None:
    """A window is a crop and resize of the whole picture; checked by resampling a rendered ramp."""
    whole = cameras.lab()[0]
    part = whole.window(np.array([480.0, 510.0]), 400.0, (200, 200))
    points = np.random.default_rng(0).uniform(-500, 500, (20, 3)) + np.array([0, 0, 900])
    in_whole, in_part = whole.project(points)[0], part.project(points)[0]
    np.testing.assert_allclose(in_part, (in_whole - (480, 510)) / 2 + 99.5, atol=1e-9)
    ramp = np.broadcast_to(np.arange(1000, dtype=np.float32), (1000, 1000))
    crop = cv2.resize(ramp[310:710, 280:680], (200, 200), interpolation=cv2.INTER_AREA)
    # window centred on pixel 480 (a centre), the crop on the edge between 479 and 480: half a pixel of the whole apart
    np.testing.assert_allclose(crop[0, 100], 280 + (100 + 0.5) * 2 - 0.5)
    column = (crop[0, 100] - 480) / 2 + 99.5
    np.testing.assert_allclose(column, 99.75)


@pytest.mark.parametrize("name", FRAMED)
def test_labels_are_exact(name: str) -> None:
    described = WORLDS[name]
    shots = list(plan(described, 300))[::37]
    for shot in shots:
        staged = stage(described, shot, 5, 256)
        found = labels(described, shot, staged)
        width, height = found["image_size"]
        assert (width, height) == ((384, 216) if found["scene"] == 3 else (256, 256))
        pixels = staged.camera.project(1000.0 * staged.posed.vertices[load_bodies().body_vertices])[0]
        assert (pixels > 0).all()
        assert (pixels < (width - 1, height - 1)).all()
        share = (np.ptp(pixels, axis=0) / (width, height)).max()
        assert PERSON_HEIGHT[0] - 0.03 < share < PERSON_HEIGHT[1] + 0.03
        assert 0.03 * height < found["head_size"] < 0.35 * height
        if not described.three_d:
            assert not {"joints_3d", "cam_from_world", "intrinsics"} & set(found)
            assert found["visible"].sum() == 15
            continue
        projected = found["joints_3d"] @ found["intrinsics"].T
        np.testing.assert_allclose(projected[:, :2] / projected[:, 2:], found["joints_2d"], atol=1e-6)
        root = MPI_INF_3DHP_28.root
        body = described.sequences[shot.sequence].body
        true, universal = (found[k] - found[k][root] for k in ("joints_3d", "joints_3d_univ"))
        np.testing.assert_allclose(universal * load_bodies().height[body] / 1.70, true, rtol=1e-5, atol=1e-3)
        assert found["joints_3d"][:, 2].min() > 500


def test_shots_do_not_depend_on_the_order_they_are_drawn_in() -> None:
    described = WORLDS["studio3d"]
    shots = list(plan(described, 100))
    first = labels(described, shots[40], stage(described, shots[40], 1, 256))
    for shot in shots[:80:9]:
        stage(described, shot, 1, 256)
    again = labels(described, shots[40], stage(described, shots[40], 1, 256))
    other = labels(described, shots[40], stage(described, shots[40], 2, 256))
    for key in first:
        np.testing.assert_array_equal(first[key], again[key])
    assert np.abs(first["joints_2d"] - other["joints_2d"]).max() > 1


def test_wide_shows_the_shots_of_test_off_the_axis() -> None:
    """The same people in the same poses before cameras at the same places, turned by up to 26 degrees."""
    straight, wide = WORLDS["test"], WORLDS["test_wide"]
    angles: dict[str, list[float]] = {"test": [], "test_wide": []}
    for a, b in list(zip(plan(straight, 360), plan(wide, 360), strict=True))[::9]:
        first, second = stage(straight, a, 0, 256), stage(wide, b, 0, 256)
        np.testing.assert_array_equal(first.posed.vertices, second.posed.vertices)
        eyes = [-s.camera.cam_from_world[:3, :3].T @ s.camera.cam_from_world[:3, 3] for s in (first, second)]
        np.testing.assert_allclose(*eyes, atol=1e-6)
        turn = second.camera.cam_from_world[:3, :3]
        np.testing.assert_allclose(turn @ turn.T, np.eye(3), atol=1e-12)
        for name, shot, staged in (("test", a, first), ("test_wide", b, second)):
            root = labels(WORLDS[name], shot, staged)["joints_3d"][MPI_INF_3DHP_28.root]
            angles[name].append(np.degrees(np.arccos(root[2] / np.linalg.norm(root))))
    assert np.max(angles["test"]) < 12
    assert np.min(angles["test_wide"]) > 8
    assert 20 < np.median(angles["test_wide"]) < np.max(angles["test_wide"]) < 34.5


def test_a_camera_turned_to_the_right_sees_the_person_on_the_left() -> None:
    camera = cameras.studio_test()[0]
    ahead = camera.project(np.array([0, 0, 920.0]))[0]
    right, down = (camera.turned(*t).project(np.array([0, 0, 920.0]))[0] for t in ((10, 0), (0, 10)))
    assert right[0] < ahead[0] - 200
    assert down[1] < ahead[1] - 200
    np.testing.assert_allclose(right[1], ahead[1], atol=12)


def test_the_plain_lab_is_the_lab_under_one_light() -> None:
    lab, plain = WORLDS["lab3d"], WORLDS["plainlab3d"]
    lights = {}
    for described in (lab, plain):
        look, takes = described.sequences[0].look, range(len(described.sequences))
        drawn = [choose(look, (), generator(0, described.key, "place", take)) for take in takes]
        assert len({id(place) for place, _ in drawn}) == 1
        lights[described.name] = {tuple(light.direction) for _, light in drawn}
    assert (len(lights["lab3d"]), len(lights["plainlab3d"])) == (len(lab.sequences), 1)
    shot = next(iter(plan(plain, 7)))
    ours, theirs = (labels(w, shot, stage(w, shot, 0, 64)) for w in (plain, lab))
    assert all(np.array_equal(ours[name], theirs[name]) for name in theirs)
