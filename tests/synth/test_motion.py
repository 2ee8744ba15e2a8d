"""Motion: rotations follow from the angles, limits hold, clips are smooth, reproducible and of the right activity."""

import numpy as np
import pytest
from scipy.spatial.transform import Rotation, Slerp

from pose3d.synth import angles
from pose3d.synth.clearance import POINTS, penetration, stick_points
from pose3d.synth.gaits import RUN, WALK, sample_gait
from pose3d.synth.keyposes import FAMILIES, pose
from pose3d.synth.motion import ACTIVITIES, MAX_PENETRATION_M, sample_clip
from pose3d.synth.rig import CONTROLS, mirror


def _points(**parts: object) -> dict[str, np.ndarray]:
    local = angles.to_matrices(angles.to_quaternions(pose(**parts).angles))
    points = stick_points(local)
    return {name: points[i] for name, i in POINTS.items()}


@pytest.mark.parametrize("side", ["l", "r"])
def test_angles_turn_limbs_the_way_they_are_named(side: str) -> None:
    out = 1 if side == "l" else -1
    down = _points(arms=(0, 0), elbows=0, knees=0)
    assert down[f"{side}_wrist"][2] < down[f"{side}_elbow"][2] < down[f"{side}_shoulder"][2]
    forward = _points(arms=(90, 0), elbows=0)
    assert forward[f"{side}_wrist"][1] < -0.4
    np.testing.assert_allclose(forward[f"{side}_wrist"][2], forward[f"{side}_elbow"][2], atol=0.03)
    sideways = _points(arms=(90, 90), elbows=0)
    assert sideways[f"{side}_wrist"][0] * out > 0.6
    bent = _points(arms=(0, 0), elbows=90)
    assert bent[f"{side}_wrist"][1] < bent[f"{side}_elbow"][1] - 0.2  # forearm forward
    knee = _points(knees=90)
    assert knee[f"{side}_ankle"][1] > knee[f"{side}_knee"][1] + 0.3  # shank backward
    thigh = _points(legs=(90, 0))
    assert thigh[f"{side}_knee"][1] < -0.35
    toes = _points(ankles=20)
    assert toes[f"{side}_ankle_tip"][2] > down[f"{side}_ankle_tip"][2] + 0.03


def test_trunk_angles() -> None:
    assert _points(trunk=(40, 0, 0))["head"][1] < -0.15  # bends forward
    assert _points(trunk=(0, 30, 0))["head"][0] > 0.1  # leans to the left
    turned = _points(trunk=(0, 0, 40))
    assert turned["l_shoulder"][1] > turned["r_shoulder"][1] + 0.1  # turning left takes the left shoulder back


def test_quaternions_match_scipy() -> None:
    rng = np.random.default_rng(0)
    drawn = rng.uniform(-60, 60, (len(CONTROLS), 3))
    matrices = angles.to_matrices(angles.to_quaternions(drawn))
    bend, lean, turn = drawn[angles.INDEX["chest"]]
    expected = Rotation.from_euler("ZYX", [turn, lean, bend], degrees=True).as_matrix()
    np.testing.assert_allclose(matrices[angles.INDEX["chest"]], expected, atol=1e-12)
    np.testing.assert_allclose(np.linalg.det(matrices), 1, atol=1e-12)
    a, b = (angles.to_quaternions(rng.uniform(-60, 60, (len(CONTROLS), 3))) for _ in range(2))
    ours = angles.to_matrices(angles.slerp(a, b, np.full(len(CONTROLS), 0.3)))
    for i in range(len(CONTROLS)):
        ends = Rotation.from_quat(np.stack((a[i], b[i])), scalar_first=True)
        np.testing.assert_allclose(ours[i], Slerp([0, 1], ends)(0.3).as_matrix(), atol=1e-9)


def test_mirrored_angles_are_the_mirrored_pose() -> None:
    drawn = angles.clamp(np.random.default_rng(1).uniform(-40, 90, (len(CONTROLS), 3)))
    local = angles.to_matrices(angles.to_quaternions(drawn))
    mirrored = angles.to_matrices(angles.to_quaternions(angles.mirror(drawn)))
    np.testing.assert_allclose(mirrored, mirror(local), atol=1e-12)
    points, reflected = stick_points(local), stick_points(mirrored)
    for name, i in POINTS.items():
        other = POINTS[{"l_": "r_", "r_": "l_"}.get(name[:2], name[:2]) + name[2:]]
        np.testing.assert_allclose(reflected[other], points[i] * (-1, 1, 1), atol=1e-12)


def test_clamp_keeps_joints_from_bending_the_wrong_way() -> None:
    wild = np.random.default_rng(2).uniform(-300, 300, (50, len(CONTROLS), 3))
    clamped = angles.clamp(wild)
    for name in ("l_elbow", "r_elbow", "l_knee", "r_knee"):
        assert clamped[:, angles.INDEX[name], 0].min() >= 0
    backward = angles.clamp(pose(legs=(120, 180)).angles)
    assert backward[angles.INDEX["l_hip"], 0] <= 30
    np.testing.assert_array_equal(angles.clamp(clamped), clamped)


def test_key_poses_are_many_and_clear_of_themselves() -> None:
    assert {f.activity for f in FAMILIES} == set(range(1, len(ACTIVITIES) + 1)) == set(range(1, 8))
    keys = [key for family in FAMILIES for key in family.poses]
    assert len(keys) >= 60
    local = angles.to_matrices(angles.to_quaternions(np.stack([k.angles for k in keys])))
    assert penetration(local).max() < 0.08


def test_penetration_sees_a_forearm_in_the_chest_and_crossed_knees() -> None:
    def depth(**parts: object) -> float:
        return float(penetration(angles.to_matrices(angles.to_quaternions(pose(**parts).angles))))

    assert depth() == 0
    assert depth(arms=(5, 0, -90), elbows=110) > 0.06
    assert depth(l_leg=(20, -40), r_leg=(20, -40)) > 0.03


@pytest.mark.parametrize("activity", range(1, 8))
def test_clips(activity: int) -> None:
    clips = [sample_clip(activity, 30, np.random.default_rng([activity, k])) for k in range(6)]
    again = sample_clip(activity, 30, np.random.default_rng([activity, 0]))
    np.testing.assert_array_equal(clips[0].local, again.local)
    assert np.abs(clips[0].local - clips[1].local).max() > 0.1
    for clip in clips:
        assert clip.local.shape == (30, len(CONTROLS), 3, 3)
        assert (clip.root_xy.shape, clip.airborne.shape) == ((30, 2), (30,))
        identity = clip.local @ clip.local.swapaxes(-1, -2)
        np.testing.assert_allclose(identity, np.broadcast_to(np.eye(3), identity.shape), atol=1e-5)
        assert penetration(clip.local).max() < 2 * MAX_PENETRATION_M
        assert (clip.chair, clip.activity) == (activity == 3, activity)
        # at 25 fps nothing moves faster than a hard hit
        assert np.linalg.norm(np.diff(stick_points(clip.local), axis=0), axis=-1).max() < 0.36
        assert clip.airborne.min() >= 0
        assert activity == 6 or clip.airborne.max() == 0


def test_upright_poses_are_upright_and_floor_poses_low() -> None:
    def head_above_pelvis(activity: int) -> np.ndarray:
        clips = [sample_clip(activity, 1, np.random.default_rng([9, activity, k])) for k in range(40)]
        return np.array([stick_points(c.local)[0, POINTS["head"], 2] for c in clips])

    assert head_above_pelvis(1).min() > 0.4
    assert np.median(head_above_pelvis(5)) < 0.35


def test_headings_are_all_round_and_sides_balanced() -> None:
    clips = [sample_clip(1, 1, np.random.default_rng([7, k])) for k in range(200)]
    forward = np.array([-c.local[0, 0, :2, 1] for c in clips])  # the pelvis's -y in the world
    quadrant = np.histogram(np.arctan2(forward[:, 1], forward[:, 0]), bins=4, range=(-np.pi, np.pi))[0]
    assert quadrant.min() > 25


def test_gaits_advance_and_alternate() -> None:
    for gait, low, high in ((WALK, 0.4, 2.0), (RUN, 1.2, 4.5)):
        drawn, steps = sample_gait(gait, 100, np.random.default_rng(3), 25.0)
        assert low < np.linalg.norm(steps, axis=1).mean() * 25 < high
        left, right = (drawn[:, angles.INDEX[f"{s}_hip"], 0] for s in "lr")
        assert np.corrcoef(left, right)[0, 1] < -0.9
        assert np.corrcoef(left, drawn[:, angles.INDEX["l_shoulder"], 0])[0, 1] < -0.9  # arm against leg
