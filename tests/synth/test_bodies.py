import numpy as np
import pytest
from scipy.spatial import ConvexHull
from scipy.spatial.transform import Rotation, Slerp

from pose3d.skeleton import MPI_INF_3DHP_28
from pose3d.synth import retarget
from pose3d.synth.bodies import UNIVERSAL_HEIGHT_M, load_bodies, pose_body, universal_scale
from pose3d.synth.motion import sample_clip
from pose3d.synth.rig import CONTROLS, PARENTS, mirror, world_rotations
from pose3d.synth.skinning import bounds, skin, vertex_normals

REST = np.tile(np.eye(3), (len(CONTROLS), 1, 1))


def random_pose(seed: int, degrees: float = 50) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return Rotation.from_rotvec(np.radians(degrees) * rng.uniform(-1, 1, (len(CONTROLS), 3)) / 2).as_matrix()


def joint(posed, name: str) -> np.ndarray:
    return posed.joints_28[MPI_INF_3DHP_28.index(name)]


def test_bodies_are_sixteen_women_and_sixteen_men_of_human_size():
    bodies = load_bodies()
    assert len(bodies) == 32
    assert bodies.woman.sum() == 16
    assert bodies.height.min() > 1.49
    assert bodies.height.max() < 1.96
    assert bodies.height[bodies.woman].mean() == pytest.approx(1.63, abs=0.02)
    assert bodies.height[~bodies.woman].mean() == pytest.approx(1.77, abs=0.02)
    skin_z = bodies.vertices[:, bodies.body_vertices, 2]
    np.testing.assert_allclose(np.ptp(skin_z, axis=1), bodies.height, atol=2e-4)
    np.testing.assert_allclose(skin_z.min(1), 0, atol=1e-4)
    assert bodies.vertices.std(0).max() > 0.05  # they differ


def test_faces_weights_and_coordinates_are_sound():
    bodies = load_bodies()
    count = bodies.vertices.shape[1]
    assert all(f.min() >= 0 and f.max() < count for f in bodies.faces.values())
    np.testing.assert_allclose(bodies.weights.sum(1), 1, atol=1e-6)
    assert (np.diff(bodies.weights, axis=1) <= 0).all()  # falling: the skinning loop stops at the first zero
    assert bodies.weight_bones.max() < len(bodies.bones)
    for name, uv in bodies.uv.items():
        assert uv.shape == (*bodies.faces[name].shape, 2)
    for index in (0, 31):  # outside faces outwards: the normals of a closed surface have positive flux
        corners = bodies.vertices[index][bodies.faces["body"]].astype(np.float64)
        volume = np.einsum("fi,fi->f", corners[:, 0], np.cross(corners[:, 1], corners[:, 2])).sum() / 6
        assert 0.03 < volume < 0.2  # cubic metres, too


def test_skinning_equals_plain_loops():
    rng = np.random.default_rng(0)
    vertices = rng.normal(size=(50, 3)).astype(np.float32)
    weights = -np.sort(-rng.dirichlet(np.ones(4), 50), axis=1).astype(np.float32)
    bones = rng.integers(0, 6, (50, 4)).astype(np.int32)
    rotations = Rotation.random(6, random_state=1).as_matrix().astype(np.float32)
    offsets = rng.normal(size=(6, 3)).astype(np.float32)
    expected = np.zeros((50, 3))
    for i in range(50):
        for k in range(4):
            b = bones[i, k]
            expected[i] += weights[i, k] * (rotations[b] @ vertices[i] + offsets[b])
    np.testing.assert_allclose(skin(vertices, weights, bones, rotations, offsets), expected, atol=1e-5)


def test_normals_and_bounds_of_a_sphere():
    rng = np.random.default_rng(0)
    points = rng.normal(size=(400, 3))
    points /= np.linalg.norm(points, axis=1, keepdims=True)
    faces = ConvexHull(points).simplices
    corners = points[faces]
    outward = np.einsum(
        "fi,fi->f", np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]), corners[:, 0]
    )
    faces = np.where(outward[:, None] > 0, faces, faces[:, ::-1]).astype(np.int32)
    normals = vertex_normals(points.astype(np.float32), faces)
    assert np.einsum("vi,vi->v", normals, points).min() > 0.97
    np.testing.assert_array_equal(bounds(points.astype(np.float32)), np.float32([points.min(0), points.max(0)]))


def test_undoing_the_alignment_gives_back_the_resting_mesh():
    bodies = load_bodies()
    for index in (0, 7, 30):
        world = np.swapaxes(bodies.alignment[index], -1, -2)
        local = np.stack([w if p == c else world[p].T @ w for c, (p, w) in enumerate(zip(PARENTS, world, strict=True))])
        posed = pose_body(bodies, index, local, bodies.pivots[index, 0, :2], 0.0)
        np.testing.assert_allclose(posed.vertices, bodies.vertices[index], atol=2e-5)
        np.testing.assert_allclose(posed.bone_heads, bodies.bone_heads[index], atol=1e-4)
        np.testing.assert_allclose(posed.joints_28, bodies.joints_28[index], atol=1e-4)


@pytest.mark.parametrize("index", [0, 3, 18])
def test_rest_pose_stands_upright_with_straight_limbs(index):
    bodies = load_bodies()
    posed = pose_body(bodies, index, REST, (0.3, -0.2), 0.0)
    np.testing.assert_allclose(joint(posed, "pelvis")[:2], (0.3, -0.2), atol=1e-6)
    for side, sign in (("l", 1), ("r", -1)):
        for chain in (("shoulder", "elbow", "wrist"), ("hip", "knee", "ankle")):
            points = np.stack([joint(posed, f"{side}_{j}") for j in chain])
            np.testing.assert_allclose(np.diff(points[:, :2], axis=0), 0, atol=1e-6)
            assert (np.diff(points[:, 2]) < -0.15).all()
            assert ((points[:, 0] - 0.3) * sign > 0.05).all()
        assert joint(posed, f"{side}_toe")[1] < joint(posed, f"{side}_ankle")[1] - 0.1  # forward is -y
    trunk = [joint(posed, j)[2] for j in ("pelvis", "spine", "spine2", "spine3", "spine4", "neck", "head", "head_top")]
    assert (np.diff(trunk) > 0.03).all()
    assert joint(posed, "head_top")[2] == pytest.approx(posed.vertices[bodies.body_vertices, 2].max(), abs=0.01)
    np.testing.assert_allclose(joint(posed, "pelvis"), (joint(posed, "l_hip") + joint(posed, "r_hip")) / 2, atol=1e-9)


def test_limbs_keep_their_lengths_in_every_pose():
    bodies = load_bodies()
    at = MPI_INF_3DHP_28.names
    for index in (1, 12):
        rest = bodies.joints_28[index]
        for seed in range(6):
            posed = pose_body(bodies, index, random_pose(seed, 140), (0, 0), 0.0).joints_28
            for child, parent in enumerate(MPI_INF_3DHP_28.parents_o1):
                before, after = (np.linalg.norm(p[child] - p[parent]) for p in (rest, posed))
                assert after == pytest.approx(before, abs=1e-6), (at[child], at[parent])


def test_skin_follows_the_joints():
    """The mean of the skin around a joint stays near it, whatever the pose."""
    bodies = load_bodies()
    index = 5
    rest, vertices = bodies.joints_28[index], bodies.vertices[index, bodies.body_vertices]
    near = {
        j: np.linalg.norm(vertices - rest[MPI_INF_3DHP_28.index(j)], axis=1) < 0.07
        for j in ("l_elbow", "r_elbow", "l_wrist", "r_wrist", "l_knee", "r_knee", "l_ankle", "r_ankle", "head")
    }
    for seed in range(8):
        posed = pose_body(bodies, index, random_pose(seed, 120), (0, 0), 0.0)
        skin_now = posed.vertices[bodies.body_vertices]
        for name, mask in near.items():
            assert np.linalg.norm(skin_now[mask].mean(0) - joint(posed, name)) < 0.05, name


def test_no_edge_stretches_much_in_real_motion():
    bodies = load_bodies()
    faces = bodies.faces["body"]
    edges = np.concatenate([faces[:, [0, 1]], faces[:, [1, 2]]])
    rng = np.random.default_rng(0)
    for activity in range(1, 8):
        clip = sample_clip(activity, 3, rng)
        for frame in range(3):
            index = int(rng.integers(len(bodies)))
            posed = pose_body(bodies, index, clip.local[frame], clip.root_xy[frame], float(clip.airborne[frame]))
            before, after = (
                np.linalg.norm(v[edges[:, 0]] - v[edges[:, 1]], axis=1)
                for v in (bodies.vertices[index], posed.vertices)
            )
            assert (after - before).max() < 0.1


def test_lowest_skin_touches_the_floor_or_hangs_above_it():
    bodies = load_bodies()
    for seed, airborne in ((0, 0.0), (1, 0.35)):
        posed = pose_body(bodies, 4, random_pose(seed), (1.0, 2.0), airborne)
        assert posed.vertices[bodies.body_vertices, 2].min() == pytest.approx(airborne, abs=1e-6)


def test_turning_the_pelvis_turns_everything():
    bodies = load_bodies()
    local = random_pose(3)
    turn = Rotation.from_euler("z", 70, degrees=True).as_matrix()
    turned = local.copy()
    turned[0] = turn @ local[0]
    a, b = (pose_body(bodies, 9, pose, (0, 0), 0.1) for pose in (local, turned))
    np.testing.assert_allclose(b.joints_28, a.joints_28 @ turn.T, atol=1e-6)
    np.testing.assert_allclose(b.vertices, a.vertices @ turn.T, atol=1e-5)


def test_mirrored_pose_gives_mirrored_joints():
    bodies = load_bodies()
    local = random_pose(5)
    a, b = (pose_body(bodies, 2, pose, (0, 0), 0.0).joints_28 for pose in (local, mirror(local)))
    np.testing.assert_allclose(b[list(MPI_INF_3DHP_28.flip)] * (-1, 1, 1), a, atol=0.006)


def test_bending_the_elbow_lifts_the_hand_forward():
    bodies = load_bodies()
    local = REST.copy()
    local[CONTROLS.index("l_elbow")] = Rotation.from_euler("x", -90, degrees=True).as_matrix()
    posed = pose_body(bodies, 0, local, (0, 0), 0.0)
    arm = joint(posed, "l_wrist") - joint(posed, "l_elbow")
    np.testing.assert_allclose(arm / np.linalg.norm(arm), (0, -1, 0), atol=1e-6)


def test_bones_take_their_share_of_the_turn():
    """Shares against scipy's slerp; twist is spread, bend is not."""
    bodies = load_bodies()
    table = retarget.bone_table(list(bodies.bones))
    local = REST.copy()
    local[CONTROLS.index("head")] = Rotation.from_rotvec((0.3, 0.5, -0.4)).as_matrix()
    local[CONTROLS.index("l_wrist")] = Rotation.from_euler("z", 80, degrees=True).as_matrix()  # about the hanging arm
    _, turned, rotations, _ = retarget.bone_transforms(
        world_rotations(local), bodies.pivots[0], bodies.bone_heads[0], bodies.alignment[0], table
    )
    between = Slerp([0, 1], Rotation.from_matrix(turned[[CONTROLS.index("neck"), CONTROLS.index("head")]]))
    np.testing.assert_allclose(rotations[bodies.bones.index("neck03")], between(0.6).as_matrix(), atol=1e-9)
    elbow = Rotation.from_matrix(turned[CONTROLS.index("l_elbow")])
    for bone, degrees in (("lowerarm01.L", 16), ("lowerarm02.L", 56)):
        twist = Rotation.from_matrix(rotations[bodies.bones.index(bone)]) * elbow.inv()
        np.testing.assert_allclose(twist.as_rotvec(degrees=True), (0, 0, degrees), atol=1e-6)


def test_universal_scale_is_one_constant_per_body():
    bodies = load_bodies()
    scales = [universal_scale(bodies, i) for i in range(len(bodies))]
    np.testing.assert_allclose(np.array(scales) * bodies.height, UNIVERSAL_HEIGHT_M, rtol=1e-6)
