"""Scale, distance, up, floor and feet of motions with known truth."""

from dataclasses import replace

import numpy as np
import pytest

from pose3d.errors import PoseError
from pose3d.predict.place import PlaceOptions, place
from pose3d.predict.place.contacts import ANKLES, foot_contacts
from pose3d.predict.place.depth import root_translation, translation_std
from pose3d.predict.place.distance import with_distance
from pose3d.predict.place.foot_lock import bend
from pose3d.predict.place.ground import up_of_camera
from pose3d.predict.place.height import CHAIN_PER_HEIGHT, height_scale, stature
from pose3d.predict.place.place import apply, with_height
from pose3d.predict.refine import RefineOptions, refine
from pose3d.skeleton import MPI_INF_3DHP_17
from pose3d.synth.bodies import load_bodies
from tests.predict.motions import BODY, RELEVANT, camera_at, film, mpjpe, planted_walk, world_motion

ROOT = MPI_INF_3DHP_17.root
STANDING = 7


def degrees(a: np.ndarray, b: np.ndarray) -> float:
    return float(np.degrees(np.arccos(np.clip(a @ b, -1, 1))))


def in_world(predictions) -> np.ndarray:
    joints = predictions.joints_3d.astype(float) + predictions.translation.astype(float)[:, None]
    return apply(predictions.world_from_camera, joints)


def test_the_stature_of_every_body():
    bodies = load_bodies()
    heights = np.array([stature(1000 * bodies.joints_28[i : i + 1, RELEVANT]) for i in range(len(bodies))])
    np.testing.assert_allclose(heights, 1000 * bodies.height, rtol=0.01)
    assert 0.9 < CHAIN_PER_HEIGHT < 1


def test_height_sets_size_and_distance():
    filmed = film(world_motion(2), camera_at(distance_m=6), noise_mm=10, noise_px=2, scale=0.8)
    truth = filmed.joints_cam[:, ROOT]
    height = float(load_bodies().height[BODY])
    placed = with_height(with_distance(refine(filmed.predictions), options=RefineOptions()), height)
    distance = np.linalg.norm(placed.translation, axis=1) / np.linalg.norm(truth, axis=1)
    assert np.abs(distance - 1).max() < 0.05
    assert np.median(np.linalg.norm(filmed.predictions.translation, axis=1) / np.linalg.norm(truth, axis=1)) < 0.85
    for wrong in (0.2, 175.0):
        with pytest.raises(PoseError, match=r"--height .* is not a human height"):
            height_scale(placed.joints_3d, wrong)


def test_the_perspective_form_is_exact():
    filmed = film(world_motion(2, 20), camera_at(distance_m=2.5))
    truth = filmed.joints_cam
    pose, root = truth - truth[:, ROOT][:, None], truth[:, ROOT]
    p = filmed.predictions
    got = {
        mode: root_translation(pose, p.joints_2d, p.intrinsics, mode)
        for mode in ("closed_form", "exact", "perspective")
    }
    errors = {mode: np.linalg.norm(t - root, axis=1).max() for mode, t in got.items()}
    assert errors["perspective"] < 1.0
    assert errors["closed_form"] > 20  # weak perspective, near the camera
    hidden = p.joints_2d.copy()
    hidden[:, :5] = np.nan
    again = root_translation(pose, hidden, p.intrinsics, "perspective")
    np.testing.assert_allclose(again, root, atol=2)


def test_error_bars_hold_what_they_promise():
    world = world_motion(STANDING, 1)
    camera = camera_at(distance_m=6)
    shots = [film(world, camera, noise_px=4, seed=seed) for seed in range(300)]
    truth = shots[0].joints_cam[0]
    pose = np.repeat((truth - truth[ROOT])[None], 300, axis=0)
    joints_2d = np.concatenate([s.predictions.joints_2d for s in shots]).astype(float)
    intrinsics = np.repeat(camera.intrinsics[None], 300, axis=0)
    found = root_translation(pose, joints_2d, intrinsics, "perspective")
    claimed = translation_std(found, pose, joints_2d, intrinsics, height_std=0.0)
    np.testing.assert_allclose(np.median(claimed, axis=0), found.std(axis=0), rtol=0.3, atol=3)
    wider = translation_std(found, pose, joints_2d, intrinsics)
    np.testing.assert_allclose(np.median(wider[:, 2] / found[:, 2]), 0.065, atol=0.01)


@pytest.mark.parametrize("camera", [camera_at(1.6, 7), camera_at(2.6, 6), camera_at(0.6, 6), camera_at(1.6, 7, roll=2)])
def test_up_and_floor_of_somebody_who_stands(camera):
    filmed = film(world_motion(STANDING), camera, noise_mm=5, noise_px=1)
    placed = place(refine(filmed.predictions))
    assert degrees(placed.ground.up, filmed.up) < min(4, placed.ground.up_std_deg)
    assert placed.ground.source in ("upright posture", "the feet and upright posture")
    feet = in_world(placed.predictions)[:, ANKLES, 1].min(axis=1)
    assert np.median(feet) == pytest.approx(0.0485 * placed.height_mm, abs=20)
    assert placed.predictions.contact.mean() > 0.6


def test_the_background_tells_up():
    camera = camera_at(0.6, 6, roll=3)
    filmed = film(world_motion(STANDING), camera, noise_mm=5, noise_px=1)
    foot = np.stack([np.linspace(-3000, 3000, 12), np.full(12, 3000.0), np.zeros(12)], axis=-1)
    lines = np.concatenate([camera.project(foot)[0], camera.project(foot + np.array([0, 0, 1500.0]))[0]], axis=1)
    placed = place(replace(refine(filmed.predictions), background_lines=lines))
    assert degrees(placed.ground.up, filmed.up) < 0.7
    assert placed.ground.up_std_deg < 1.5
    assert "lines of the background" in placed.ground.source


def test_a_known_pitch_is_taken():
    camera = camera_at(3.5, 4.0)
    filmed = film(world_motion(5), camera, noise_mm=5)
    pitch = float(np.degrees(np.arctan2(3.5 - 0.9, 4.0)))
    placed = place(filmed.predictions, PlaceOptions(camera_pitch_deg=pitch))
    assert degrees(placed.ground.up, filmed.up) < 0.1
    assert degrees(up_of_camera(np.pi / 2), np.array([0, 0, -1.0])) < 1e-6


def test_standing_feet_do_not_slip():
    filmed = film(world_motion(2), camera_at(1.6, 6), noise_mm=8, noise_px=1.5)
    steady = refine(filmed.predictions)
    loose = place(steady, PlaceOptions(lock_feet=False)).predictions
    locked = place(steady).predictions
    stands = locked.contact[1:] & locked.contact[:-1]
    assert stands.mean() > 0.2

    def slips(predictions):
        return np.linalg.norm(np.diff(in_world(predictions)[:, ANKLES], axis=0), axis=-1)[stands]

    assert slips(locked).mean() < 2
    assert np.quantile(slips(locked), 0.95) < 10
    assert slips(locked).mean() < 0.5 * slips(loose).mean()
    # Legs keep their bones, and nobody is moved far.
    for joint in ("r_knee", "r_ankle", "l_knee", "l_ankle"):
        j, parent = MPI_INF_3DHP_17.index(joint), MPI_INF_3DHP_17.parents_o1[MPI_INF_3DHP_17.index(joint)]
        a, b = (np.linalg.norm(p.joints_3d[:, j] - p.joints_3d[:, parent], axis=-1) for p in (locked, loose))
        np.testing.assert_allclose(a, b, atol=0.5)
    truth = filmed.joints_cam - filmed.joints_cam[:, ROOT][:, None]
    assert mpjpe(locked.joints_3d, truth) < mpjpe(loose.joints_3d, truth) + 6


def test_contacts_of_a_walk_take_turns():
    walk = planted_walk(seed=2)
    contact = foot_contacts(walk, np.arange(150) / 25, 1800.0, np.array([0, 0, 1.0]))
    assert contact.any(axis=1).sum() > 20
    assert not contact.all(axis=1).any()
    lifted = walk.copy()
    lifted[:, ANKLES[0]] = lifted[0, ANKLES[0]] + (0, 0, 500)  # held still in the air
    assert not foot_contacts(lifted, np.arange(150) / 25, 1800.0, np.array([0, 0, 1.0]))[:, 0].any()


def test_two_bones_reach():
    start, middle, end = (np.array([p], float) for p in ((0, 0, 0), (10, 0, 400), (0, 0, 800)))
    first, second = np.linalg.norm(middle - start), np.linalg.norm(end - middle)
    target = np.array([[200.0, 50, 600]])
    knee, ankle = bend(start, middle, end, target)
    np.testing.assert_allclose(ankle, target, atol=1e-6)
    assert np.linalg.norm(knee - start) == pytest.approx(first)
    assert np.linalg.norm(ankle - knee) == pytest.approx(second)
    _, far = bend(start, middle, end, np.array([[0.0, 0, 5000]]))
    assert far[0, 2] == pytest.approx(0.9995 * (first + second))
