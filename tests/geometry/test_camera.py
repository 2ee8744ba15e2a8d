"""Camera: projection and back-projection against plain loops, pixel convention, field of view."""

import math

import pytest
import torch

from pose3d.errors import PoseError
from pose3d.geometry import back_project, intrinsics_from_fov, project
from pose3d.geometry.camera import normalise, transform

K = torch.tensor([[1500.0, 0.0, 1017.0], [0.0, 1490.0, 1043.0], [0.0, 0.0, 1.0]], dtype=torch.float64)


def _points(generator: torch.Generator) -> torch.Tensor:
    return torch.randn(4, 17, 3, generator=generator, dtype=torch.float64) * 400 + torch.tensor([0.0, 0.0, 4000.0])


def test_project_equals_a_plain_loop() -> None:
    points = _points(torch.Generator().manual_seed(0))
    pixels = project(points, K)
    for b in range(4):
        for j in range(17):
            x, y, z = points[b, j].tolist()
            assert pixels[b, j].tolist() == pytest.approx([1500 * x / z + 1017, 1490 * y / z + 1043], abs=1e-9)


def test_back_projection_undoes_projection_with_one_camera_for_each_pose() -> None:
    points = _points(torch.Generator().manual_seed(1))
    cameras = K.repeat(4, 1, 1) * torch.tensor([1.0, 1.1, 1.2, 1.3])[:, None, None]
    cameras[:, 2, 2] = 1.0
    restored = back_project(project(points, cameras), points[..., 2], cameras)
    torch.testing.assert_close(restored, points, atol=1e-9, rtol=0)


def test_points_behind_the_camera_have_no_pixel() -> None:
    pixels = project(torch.tensor([[0.0, 0.0, -1.0], [0.0, 0.0, 0.0], [0.0, 0.0, 1.0]]), K.float())
    assert pixels[:2].isnan().all()
    assert pixels[2].tolist() == [1017.0, 1043.0]


def test_field_of_view_reaches_the_outer_edges_of_the_image() -> None:
    intrinsics = intrinsics_from_fov((640, 480), 55.0)
    half = math.tan(math.radians(27.5))
    edges = normalise(torch.tensor([[-0.5, 239.5], [639.5, 239.5]]), intrinsics)
    assert edges[:, 0].tolist() == pytest.approx([-half, half], rel=1e-6)
    assert edges[:, 1].tolist() == [0.0, 0.0]


@pytest.mark.parametrize(("size", "fov"), [((0, 480), 55.0), ((640, 480), 0.0), ((640, 480), 180.0)])
def test_impossible_cameras_are_refused(size: tuple[int, int], fov: float) -> None:
    with pytest.raises(PoseError):
        intrinsics_from_fov(size, fov)


def test_transform_equals_a_plain_loop() -> None:
    generator = torch.Generator().manual_seed(2)
    matrix = torch.eye(4, dtype=torch.float64)
    matrix[:3] = torch.randn(3, 4, generator=generator, dtype=torch.float64)
    points = _points(generator)
    moved = transform(points, matrix)
    for b in range(4):
        for j in range(17):
            expected = [sum(matrix[i, k] * points[b, j, k] for k in range(3)) + matrix[i, 3] for i in range(3)]
            assert moved[b, j].tolist() == pytest.approx([float(e) for e in expected], abs=1e-9)
