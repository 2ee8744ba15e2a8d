"""Objects around people: boxes, posts, planks, balls and plants, as textured meshes."""

import numpy as np

from pose3d.synth.render import Material, Mesh
from pose3d.synth.textures import cloth, surface
from pose3d.synth.worlds import Range

KINDS = ("box", "post", "plank", "ball", "plant")
SHARES = (0.34, 0.16, 0.2, 0.14, 0.16)


def prop(at: np.ndarray, size: float, textures: Range, rng: np.random.Generator) -> Mesh:
    """Draw an object about `size` m wide at the point `at` (3,) m; most of them stand on the floor."""
    kind = str(rng.choice(KINDS, p=SHARES))
    if kind == "ball":
        return ball(at, 0.5 * size, _material(textures, rng))
    if kind == "plant":
        return _plant(at, size, rng)
    yaw = rng.uniform(0, np.pi)
    if kind == "plank":  # a table top, a railing, a wall: wide, at the height of the point
        half = np.array([rng.uniform(0.8, 1.6), rng.uniform(0.02, 0.4), 0.5 * size * rng.uniform(0.15, 0.9)])
        low = at[2] - half[2] if rng.random() < 0.6 else 0.0
    elif kind == "post":
        half = np.array([*[0.5 * size * rng.uniform(0.3, 0.6)] * 2, 1.6])
        low = 0.0
    else:
        half = 0.5 * size * rng.uniform(0.6, 1.2, 3)
        low = 0.0 if rng.random() < 0.7 else at[2] - half[2]
    top = max(at[2] + half[2], low + 0.05)
    shift = rng.uniform(-0.3, 0.3, 2) * half[:2] * (kind != "post")
    centre = np.array([at[0] + shift[0], at[1] + shift[1], (low + top) / 2])
    return box(centre, np.array([half[0], half[1], (top - low) / 2]), yaw, _material(textures, rng))


def _material(textures: Range, rng: np.random.Generator) -> Material:
    number = int(rng.integers(*textures))
    texture = surface(number) if rng.random() < 0.6 else cloth(number)
    return Material(
        texture=texture, tile_m=float(rng.uniform(0.2, 0.9)), gloss=float(rng.choice((0.0, 0.06, 0.25))), sharpness=30.0
    )


_SIGNS = np.array([[-1, -1], [1, -1], [1, 1], [-1, 1]], float)


def box(centre: np.ndarray, half: np.ndarray, yaw: float, material: Material) -> Mesh:
    """A box around `centre` (3,) m with half sides `half` (3,) m, turned by `yaw` radians."""
    c, s = np.cos(yaw), np.sin(yaw)
    return turned_box(centre, half, np.array([[c, s, 0], [-s, c, 0], [0, 0, 1]]), material)


def turned_box(centre: np.ndarray, half: np.ndarray, axes: np.ndarray, material: Material) -> Mesh:
    """A box with its sides along the rows of `axes` (3, 3), a right-handed system."""
    corners, uv = [], []
    for axis in range(3):
        a, b = (axis + 1) % 3, (axis + 2) % 3
        for sign in (-1, 1):
            face = np.zeros((4, 3))
            face[:, axis] = sign * half[axis]
            face[:, a], face[:, b] = _SIGNS[:, 0] * half[a], _SIGNS[:, 1] * half[b]
            corners.append(face if sign > 0 else face[::-1])
            flat = corners[-1][:, [a, b] if axis != 0 else [b, a]]
            uv.append(flat)
    vertices = np.concatenate(corners) @ axes + centre
    quads = np.arange(24).reshape(6, 4)
    faces = np.concatenate((quads[:, [0, 1, 2]], quads[:, [0, 2, 3]]))
    return Mesh(vertices, faces, np.zeros(12, np.int32), (material,), np.concatenate(uv)[faces], one_sided=True)


def rod(start: np.ndarray, end: np.ndarray, radius: float, material: Material) -> Mesh:
    """A square rod from `start` to `end`, (3,) m each."""
    along = end - start
    length = float(np.linalg.norm(along))
    along = along / length
    across = np.cross(along, (1.0, 0, 0) if abs(along[0]) < 0.8 else (0, 1.0, 0))
    across /= np.linalg.norm(across)
    axes = np.stack((across, np.cross(along, across), along))
    return turned_box((start + end) / 2, np.array([radius, radius, length / 2]), axes, material)


def ball(centre: np.ndarray, radius: float, material: Material) -> Mesh:
    """A sphere."""
    rows, columns = 10, 16
    polar = np.linspace(0, np.pi, rows + 1)[:, None]
    around = np.linspace(0, 2 * np.pi, columns + 1)[None]
    points = np.stack(
        np.broadcast_arrays(np.sin(polar) * np.cos(around), np.sin(polar) * np.sin(around), np.cos(polar)), -1
    )
    uv = radius * np.stack(np.broadcast_arrays(around, polar), -1).reshape(-1, 2)
    first = (np.arange(rows)[:, None] * (columns + 1) + np.arange(columns)).reshape(-1)
    right, below = first + 1, first + columns + 1
    faces = np.concatenate((np.stack((first, below, below + 1), 1), np.stack((first, below + 1, right), 1)))
    vertices = centre + radius * points.reshape(-1, 3)
    return Mesh(vertices, faces, np.zeros(len(faces), np.int32), (material,), uv[faces], one_sided=True)


def _plant(at: np.ndarray, size: float, rng: np.random.Generator) -> Mesh:
    """Leaves around a point, each of two triangles, on a stem from the floor."""
    count = int(rng.integers(30, 90))
    centre = at + rng.normal(0, 0.28 * size, (count, 3))
    along = rng.normal((0, 0, 0.6), 1, (count, 3))
    along *= size * rng.uniform(0.06, 0.16, (count, 1)) / np.linalg.norm(along, axis=1, keepdims=True)
    across = np.cross(along, rng.normal(0, 1, (count, 3)))
    across *= 0.35 * np.linalg.norm(along, axis=1, keepdims=True) / np.linalg.norm(across, axis=1, keepdims=True)
    leaf = np.stack((centre - along, centre + across, centre + along, centre - across), 1).reshape(-1, 3)
    quads = np.arange(4 * count).reshape(-1, 4)
    faces = np.concatenate((quads[:, [0, 1, 2]], quads[:, [0, 2, 3]]))
    thick = np.array([0.004 * size, 0, 0])
    stem = np.array([at - thick, at + thick, (at[0], at[1], 0.0)])
    green = np.clip(np.array([0.2, 0.36, 0.12]) * rng.uniform(0.5, 1.6) * rng.uniform(0.8, 1.2, 3), 0.02, 0.9)
    red, grn, blue = (float(v) for v in green)
    faces = np.concatenate((faces, len(leaf) + np.array([[0, 1, 2]])))
    vertices = np.concatenate((leaf, stem))
    tint = np.repeat(rng.uniform(0.6, 1.3, (count + 1, 1)), 4, 0)[: len(vertices)] * np.ones(3)
    return Mesh(vertices, faces, np.zeros(len(faces), np.int32), (Material((red, grn, blue), gloss=0.05),), tint=tint)
