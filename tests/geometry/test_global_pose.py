"""Closed-form translation against numerical minimisation of eq. (2); perspective rotation against a turned camera."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import minimize

from pose3d.geometry import perspective_rotation, project, weak_perspective_translation
from pose3d.geometry.global_pose import centroid

FEW = settings(max_examples=25, deadline=None, derandomize=True)
K = torch.tensor([[1500.0, 0.0, 1017.0], [0.0, 1470.0, 1043.0], [0.0, 0.0, 1.0]], dtype=torch.float64)


def _pose(seed: int, batch: int = 2, depth_spread: float = 1.0) -> torch.Tensor:
    pose = torch.randn(batch, 17, 3, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)
    pose = pose * torch.tensor([200.0, 500.0, 200.0 * depth_spread], dtype=torch.float64)
    return pose - pose[:, 14:15]


def _energy(t: np.ndarray, pose: np.ndarray, joints_2d: np.ndarray) -> float:
    """Supplement eq. (2), joint by joint; t in metres to suit the minimiser."""
    x, y, z = t * 1000
    total = 0.0
    for p, k in zip(pose, joints_2d, strict=True):
        total += (k[0] - 1017.0 - 1500.0 / z * (x + p[0])) ** 2 + (k[1] - 1043.0 - 1470.0 / z * (y + p[1])) ** 2
    return total


def test_exact_form_is_the_minimum_of_equation_2() -> None:
    pose = _pose(0)
    noise = torch.randn(2, 17, 2, generator=torch.Generator().manual_seed(1), dtype=torch.float64) * 8
    joints_2d = project(pose + torch.tensor([300.0, -200.0, 4000.0]), K) + noise
    exact = weak_perspective_translation(pose, joints_2d, K, exact=True)
    paper = weak_perspective_translation(pose, joints_2d, K)
    for b in range(2):
        arguments = (pose[b].numpy(), joints_2d[b].numpy())
        found = minimize(_energy, [0.0, 0.0, 3.0], args=arguments, method="Nelder-Mead", options={"xatol": 1e-9})
        np.testing.assert_allclose(exact[b].numpy() / 1000, found.x, atol=1e-4)
        assert _energy(exact[b].numpy() / 1000, *arguments) < _energy(paper[b].numpy() / 1000, *arguments)


def test_the_papers_form_equals_equation_1_in_a_plain_loop() -> None:
    focal = 1200.0
    intrinsics = torch.tensor([[focal, 0, 500], [0, focal, 400], [0, 0, 1]], dtype=torch.float64)
    pose = _pose(2, batch=1)
    joints_2d = project(pose + torch.tensor([-500.0, 100.0, 5000.0]), intrinsics)
    p, k = pose[0, :, :2].numpy(), joints_2d[0].numpy() - [500, 400]
    p_mean, k_mean = p.sum(0) / 17, k.sum(0) / 17
    ratio = np.sqrt(sum(np.sum((q - p_mean) ** 2) for q in p)) / np.sqrt(sum(np.sum((q - k_mean) ** 2) for q in k))
    expected = ratio * np.array([*k_mean, focal]) - np.array([*p_mean, 0.0])
    np.testing.assert_allclose(weak_perspective_translation(pose, joints_2d, intrinsics)[0], expected, rtol=1e-12)


@FEW
@given(
    seed=st.integers(0, 10_000), x=st.floats(-2000, 2000), y=st.floats(-1000, 1000), z=st.floats(1500, 20_000),
    exact=st.booleans(),
)  # fmt: skip
def test_a_flat_pose_is_placed_exactly(seed: int, x: float, y: float, z: float, exact: bool) -> None:
    pose, place = _pose(seed, depth_spread=0.0), torch.tensor([x, y, z], dtype=torch.float64)
    found = weak_perspective_translation(pose, project(pose + place, K), K, exact=exact)
    torch.testing.assert_close(found, place.expand(2, 3), rtol=1e-9, atol=1e-6)


@pytest.mark.parametrize("exact", [False, True])
def test_a_typical_pose_is_placed_within_a_few_percent_of_its_distance(exact: bool) -> None:
    pose, place = _pose(3, batch=64, depth_spread=0.5), torch.tensor([400.0, 100.0, 4500.0], dtype=torch.float64)
    found = weak_perspective_translation(pose, project(pose + place, K), K, exact=exact)
    assert (found - place).norm(dim=-1).median() < 0.03 * 4500
    assert (found - place).norm(dim=-1).max() < 0.10 * 4500


@FEW
@given(seed=st.integers(0, 10_000), factor=st.floats(0.2, 5.0), exact=st.booleans())
def test_twice_the_pose_stands_twice_as_far(seed: int, factor: float, exact: bool) -> None:
    pose = _pose(seed)
    joints_2d = project(pose + torch.tensor([100.0, 50.0, 4000.0]), K)
    near = weak_perspective_translation(pose, joints_2d, K, exact=exact)
    far = weak_perspective_translation(pose * factor, joints_2d, K, exact=exact)
    torch.testing.assert_close(far, near * factor)


def test_hidden_joints_do_not_matter_even_when_they_are_nan() -> None:
    pose = _pose(4)
    joints_2d = project(pose + torch.tensor([0.0, 0.0, 4000.0]), K)
    visible = torch.ones(2, 17, dtype=torch.bool)
    visible[:, [3, 9]] = False
    kept = [j for j in range(17) if j not in (3, 9)]
    broken = joints_2d.clone()
    broken[:, [3, 9]] = torch.nan
    found = weak_perspective_translation(pose, broken, K, visible=visible)
    torch.testing.assert_close(found, weak_perspective_translation(pose[:, kept], joints_2d[:, kept], K))
    torch.testing.assert_close(centroid(broken, visible), joints_2d[:, kept].mean(dim=1))


def test_no_depth_is_nan_not_a_guess() -> None:
    pose = _pose(5)
    one_point = torch.full((2, 17, 2), 600.0, dtype=torch.float64)
    assert weak_perspective_translation(pose, one_point, K).isnan().all()
    upside_down = project(pose * torch.tensor([-1.0, -1.0, 1.0]) + torch.tensor([0.0, 0.0, 4000.0]), K)
    assert weak_perspective_translation(pose, upside_down, K, exact=True).isnan().all()


def test_yaw_turns_the_optical_axis_to_the_horizontal_part_of_the_ray() -> None:
    centre = torch.tensor([[1800.0, 300.0], [200.0, 1700.0], [1017.0, 1043.0]], dtype=torch.float64)
    rotation = perspective_rotation(centre, K)
    axis = rotation @ torch.tensor([0.0, 0.0, 1.0], dtype=torch.float64)
    for r, found, (u, _) in zip(rotation, axis, centre.tolist(), strict=True):
        angle = np.arctan2(u - 1017.0, 1500.0)
        assert found.tolist() == pytest.approx([np.sin(angle), 0.0, np.cos(angle)], abs=1e-12)
        assert r[:, 1].tolist() == [0.0, 1.0, 0.0]


@FEW
@given(u=st.floats(-4000, 6000), v=st.floats(-4000, 6000), yaw_only=st.booleans())
def test_the_rotation_is_proper_and_looks_at_the_centre(u: float, v: float, yaw_only: bool) -> None:
    rotation = perspective_rotation(torch.tensor([u, v], dtype=torch.float64), K, yaw_only=yaw_only)
    torch.testing.assert_close(rotation @ rotation.T, torch.eye(3, dtype=torch.float64))
    assert float(torch.linalg.det(rotation)) == pytest.approx(1.0)
    pixel = project(rotation[None, :, 2] * 1000, K)[0]
    assert pixel.tolist() == pytest.approx([u, 1043.0 if yaw_only else v], abs=1e-6)


def test_it_undoes_a_camera_that_was_turned_towards_the_person() -> None:
    """A person seen by a camera turned by yaw: the pose in that camera's axes, turned by R, is the pose in ours."""
    person = _pose(6, batch=1)[0] + torch.tensor([1800.0, 0.0, 3000.0], dtype=torch.float64)
    yaw = np.arctan2(1800.0, 3000.0)
    virtual_from_cam = torch.tensor(
        [[np.cos(yaw), 0, -np.sin(yaw)], [0, 1, 0], [np.sin(yaw), 0, np.cos(yaw)]], dtype=torch.float64
    )
    seen = person @ virtual_from_cam.T
    assert seen[14, 0].item() == pytest.approx(0.0, abs=1e-9)  # the root lies on the virtual camera's axis
    rotation = perspective_rotation(project(person[14:15], K)[0], K)
    torch.testing.assert_close((seen - seen[14]) @ rotation.T, person - person[14])
