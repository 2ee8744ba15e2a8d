"""The upward direction from lines, feet and posture, each against cameras whose truth is known."""

import numpy as np
import pytest

from pose3d.predict.place.contacts import foot_contacts
from pose3d.predict.place.footing import one_floor
from pose3d.predict.place.plumb import away_from, vertical_lines
from pose3d.predict.place.posture import upright_posture
from pose3d.predict.place.upward import PITCH_STD, ROLL_STD, angles_of, most_likely_up, up_of_camera
from pose3d.synth.cameras import Camera, look_at, pinhole
from tests.predict.motions import camera_at, film, planted_walk, world_motion

LEVEL = up_of_camera(0.0)
SIZE = (1280, 720)


def degrees(a: np.ndarray, b: np.ndarray) -> float:
    return float(np.degrees(np.arccos(np.clip(a @ b, -1, 1))))


def tilted(pitch: float, roll: float, height_m: float = 2.0) -> Camera:
    eye = np.array([0.0, -6000.0, 1000 * height_m])
    ahead = np.array([0.0, 1.0, -np.tan(np.radians(pitch))])
    return Camera(pinhole(1100.0, SIZE), look_at(eye, eye + 1000 * ahead, roll), SIZE)


def clutter(rng: np.random.Generator, count: int) -> np.ndarray:
    """Lines of all directions."""
    middle, angle = rng.uniform(0, SIZE, (count, 2)), rng.uniform(0, np.pi, count)
    half = rng.uniform(15, 60, (count, 1)) * np.stack([np.cos(angle), np.sin(angle)], axis=-1)
    return np.concatenate([middle - half, middle + half], axis=1)


def posts(camera: Camera, rng: np.random.Generator, count: int) -> np.ndarray:
    """Vertical edges in the world, with half a pixel of noise."""
    foot = np.stack([rng.uniform(-4000, 4000, count), rng.uniform(2000, 9000, count), rng.uniform(0, 1500, count)], -1)
    head = foot + np.array([0.0, 0.0, 1.0]) * rng.uniform(500, 1800, (count, 1))
    ends = [camera.project(points)[0] + rng.normal(0, 0.5, (count, 2)) for points in (foot, head)]
    return np.concatenate(ends, axis=1)


def test_angles_and_directions_belong_together():
    pitch, roll = np.radians([-40.0, 0, 25, 60]), np.radians([3.0, -12, 0, 5])
    np.testing.assert_allclose(angles_of(up_of_camera(pitch, roll)), [pitch, roll], atol=1e-12)
    camera = tilted(20, 4)
    assert degrees(up_of_camera(np.radians(20), np.radians(4)), camera.cam_from_world[:3, 2]) < 1e-5


def test_without_evidence_cameras_are_level():
    found = most_likely_up([])
    assert degrees(found.up, LEVEL) < 0.5
    assert np.hypot(PITCH_STD, ROLL_STD) < found.std < 1.4 * np.hypot(PITCH_STD, ROLL_STD)  # Student's t is wider


@pytest.mark.parametrize(("pitch", "roll"), [(0, 0), (-25, 3), (-10, -5), (15, 5), (20, -2), (30, 0)])
def test_lines_of_the_background(pitch, roll):
    rng = np.random.default_rng(0)
    camera = tilted(pitch, roll)
    lines = np.concatenate([posts(camera, rng, 40), clutter(rng, 60)])
    found = most_likely_up([vertical_lines(lines, camera.intrinsics)])
    assert degrees(found.up, camera.cam_from_world[:3, 2]) < 1
    assert np.degrees(found.std) < 2


def test_lines_that_meet_in_the_picture_are_not_vertical():
    """The seams of a floor, or a corridor: they point to where the camera looks, not up."""
    rng = np.random.default_rng(0)
    far, angle = rng.uniform(60, 300, (2, 60)), rng.uniform(0, 2 * np.pi, 60)
    ray = np.stack([np.cos(angle), np.sin(angle)], axis=-1)
    middle = (np.array(SIZE) - 1) / 2
    lines = np.concatenate([middle + far[:1].T * ray, middle + (far[:1].T + 80) * ray], axis=1)
    found = most_likely_up([vertical_lines(lines, camera_at().intrinsics)])
    assert degrees(found.up, LEVEL) < 2 * np.degrees(found.std)


def test_clutter_says_nothing():
    assert vertical_lines(np.zeros((0, 4)), camera_at().intrinsics) is None
    rng = np.random.default_rng(1)
    found = [most_likely_up([vertical_lines(clutter(rng, 100), camera_at().intrinsics)]) for _ in range(10)]
    assert np.median([np.degrees(each.std) for each in found]) > 8


def test_lines_of_the_person_do_not_count():
    boxes = np.tile([100.0, 100, 50, 200], (40, 1))
    boxes[20:] = np.nan
    lines = np.array([[110.0, 120, 112, 250], [300, 0, 300, 100]])
    np.testing.assert_array_equal(away_from(lines, boxes), lines[1:])
    np.testing.assert_array_equal(away_from(lines, boxes[20:]), lines)


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("camera", [camera_at(1.6, 7), camera_at(3.5, 6, roll=2)])
def test_feet_of_somebody_who_walks(seed, camera):
    filmed = film(planted_walk(200, seed=2 + seed), camera)
    rng = np.random.default_rng(seed)
    joints = filmed.joints_cam.copy()
    distance = np.repeat(rng.normal(0, 0.02, 20), 10)  # slow errors of the distance
    joints *= 1 + distance[:, None, None]
    time = np.arange(200) / 25
    contact = foot_contacts(filmed.joints_cam, time, 1800.0, filmed.up)
    evidence = one_floor(joints, contact, time, LEVEL, 1800.0)
    found = most_likely_up([evidence])
    assert degrees(found.up, filmed.up) < 2.5 * np.degrees(found.std)
    assert np.degrees(found.std) < 10


def test_feet_on_one_spot_say_nothing():
    joints = film(world_motion(7), camera_at()).joints_cam
    still = np.repeat(joints[:1], 150, axis=0)
    assert one_floor(still, np.zeros((150, 2), bool), np.arange(150) / 25, LEVEL, 1800.0) is None


def test_posture_of_somebody_who_stands():
    time = np.arange(150) / 25
    for camera in (camera_at(1.6, 7), camera_at(2.6, 6), camera_at(1.6, 7, roll=2)):
        filmed = film(world_motion(7), camera)
        found = most_likely_up([upright_posture(filmed.joints_cam, time, LEVEL)])
        assert degrees(found.up, filmed.up) < np.degrees(found.std) < 8
    lying = filmed.joints_cam @ np.array([[1.0, 0, 0], [0, 0, -1], [0, 1, 0]])
    assert upright_posture(lying, time, LEVEL) is None


def test_evidence_is_weighed_by_what_it_knows():
    camera = camera_at(2.6, 6)
    filmed = film(world_motion(7), camera)
    posture = upright_posture(filmed.joints_cam, np.arange(150) / 25, LEVEL)
    lines = vertical_lines(posts(camera, np.random.default_rng(0), 20), camera.intrinsics)
    alone, both = most_likely_up([lines]), most_likely_up([lines, posture])
    assert degrees(alone.up, both.up) < 0.5
    assert both.std <= alone.std * 1.05
