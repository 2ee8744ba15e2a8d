import numpy as np
import pytest

from pose3d.synth.cutting import Shell, place_cuts


def grid(n: int = 7) -> tuple[np.ndarray, np.ndarray]:
    """A square of triangles in the plane: vertices (V, 3) and faces (F, 3)."""
    ticks = np.linspace(0, 1, n)
    vertices = np.stack([*(x.ravel() for x in np.meshgrid(ticks, ticks, indexing="ij")), np.zeros(n * n)], 1)
    corner = np.arange(n * n).reshape(n, n)
    p, q, r, s = corner[:-1, :-1].ravel(), corner[1:, :-1].ravel(), corner[1:, 1:].ravel(), corner[:-1, 1:].ravel()
    return vertices, np.concatenate([np.stack([p, q, r], 1), np.stack([p, r, s], 1)])


def placed(shell: Shell, vertices: np.ndarray) -> np.ndarray:
    out = np.concatenate([vertices, np.zeros((len(shell.edges), 3))])
    place_cuts(out, len(vertices), shell.edges, shell.share)
    return out


def signed_areas(points: np.ndarray, faces: np.ndarray) -> np.ndarray:
    a, b, c = (points[faces[:, k]] for k in range(3))
    return np.cross(b - a, c - a)[:, 2] / 2


@pytest.mark.parametrize("level", [0.21, 0.5, 0.77])
def test_two_sides_of_a_cut_make_up_the_whole(level):
    vertices, faces = grid()
    values = np.stack([vertices[:, 0] + 0.3 * vertices[:, 1], vertices[:, 1]], 1)
    parts = [Shell.whole(faces, values).cut(0, level + 1e-9, keep) for keep in ("below", "above")]
    areas = []
    for shell, sign in zip(parts, (1, -1), strict=True):
        points = placed(shell, vertices)
        height = points[:, 0] + 0.3 * points[:, 1]
        assert (sign * (height[shell.faces] - level) < 1e-6).all()
        np.testing.assert_allclose(shell.values[:, 0], height, atol=1e-6)
        area = signed_areas(points, shell.faces)
        assert (area > -1e-9).all()  # no face is turned over
        areas.append(area.sum())
    assert sum(areas) == pytest.approx(1.0, abs=1e-6)


def test_cuts_follow_cuts_and_texture_stays_in_place():
    vertices, faces = grid()
    uv = vertices[faces][..., :2].astype(np.float32)
    shell = Shell.whole(faces, vertices[:, :2], uv)
    shell = shell.cut(0, 0.31, "above").cut(1, 0.62, "below").cut(0, 0.9, "below")
    points = placed(shell, vertices)
    assert signed_areas(points, shell.faces).sum() == pytest.approx((0.9 - 0.31) * 0.62, abs=1e-6)
    np.testing.assert_allclose(shell.uv, points[shell.faces][..., :2], atol=1e-6)


def test_cut_edges_stay_closed():
    """Neighbouring faces share the vertex on the edge between them."""
    vertices, faces = grid()
    shell = Shell.whole(faces, vertices[:, :1]).cut(0, 0.4, "below")
    assert len(np.unique(shell.edges, axis=0)) == len(shell.edges)
    pairs = np.sort(np.concatenate([shell.faces[:, [i, (i + 1) % 3]] for i in range(3)]), axis=1)
    _, counts = np.unique(pairs, axis=0, return_counts=True)
    assert counts.max() == 2
    assert (counts == 1).sum() < 4 * 7  # only the rim is open
