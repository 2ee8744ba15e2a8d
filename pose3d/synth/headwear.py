"""What people wear on their heads: caps, brimmed hats, beanies, helmets, sunglasses, buns and ponytails.

Rigid meshes in the coordinate frame of the posed head, fitted to its skin.
"""

from dataclasses import dataclass

import numpy as np

from pose3d.synth.bodies import Bodies, PosedBody
from pose3d.synth.render import PERSON, Material, Mesh
from pose3d.synth.textures import plain_cloth

# skin vertices that define the frame (see scripts/bake_bodies: the mesh is the same for all bodies)
_LEFT, _RIGHT, _CROWN = 10882, 4863, 677


@dataclass(frozen=True)
class HeadFrame:
    """Coordinate frame of one posed head.

    `origin` (3,) m between the ears; `axes` (3, 3), rows: to the left, forward, up; `half_width`, `front`, `back`,
    `top`: extent in m of the hairy part of the head along these axes; `eyes` (2, 3): the irises, in the frame.
    """

    origin: np.ndarray
    axes: np.ndarray
    half_width: float
    front: float
    back: float
    top: float
    eyes: np.ndarray

    def place(self, points: np.ndarray) -> np.ndarray:
        """World coordinates of points (n, 3) of the frame."""
        return np.asarray(self.origin + points @ self.axes)


def head_frame(bodies: Bodies, posed: PosedBody) -> HeadFrame:
    """Measure the head of a posed body."""
    v = posed.vertices.astype(np.float64)
    left = v[_LEFT] - v[_RIGHT]
    left /= np.linalg.norm(left)
    origin = (v[_LEFT] + v[_RIGHT]) / 2
    up = v[_CROWN] - origin
    up -= left * (up @ left)
    up /= np.linalg.norm(up)
    axes = np.stack((left, np.cross(left, up), up))
    scalp = (v[bodies.paint["scalp"] > 0.5] - origin) @ axes.T
    iris = (v[bodies.paint["iris"] > 0.5] - origin) @ axes.T
    eyes = np.stack([iris[iris[:, 0] * sign > 0].mean(0) for sign in (1, -1)])
    width = float(np.abs(scalp[:, 0]).max())
    front, back, top = float(scalp[:, 1].max()), float(scalp[:, 1].min()), float(scalp[:, 2].max())
    return HeadFrame(origin, axes, width, front, back, top, eyes)


KINDS = ("cap", "brimmed", "beanie", "helmet")
SHARES = (0.5, 0.22, 0.18, 0.1)


def hat(frame: HeadFrame, number: int, rng: np.random.Generator) -> Mesh:
    """Draw a hat; `number` is that of its cloth texture."""
    kind = str(rng.choice(KINDS, p=SHARES))
    gap = {"cap": 0.015, "brimmed": 0.017, "beanie": 0.013, "helmet": 0.026}[kind]
    middle = (frame.front + frame.back) / 2
    half = np.array([frame.half_width + gap, (frame.front - frame.back) / 2 + gap])
    rim = float(frame.eyes[:, 2].mean()) + {"cap": 0.040, "brimmed": 0.042, "beanie": 0.028, "helmet": 0.036}[kind]
    crown = frame.top + gap + (rng.uniform(0, 0.05) if kind in ("brimmed", "beanie") else 0.004)
    power = rng.uniform(2.0, 4.0) if kind == "brimmed" else rng.uniform(2.0, 2.6)
    vertices, faces = _dome(half, middle, rim, crown, power)
    parts = [(vertices, faces)]
    if kind in ("cap", "helmet"):
        parts.append(_brim(half, middle, rim, rng.uniform(0.055, 0.085) if kind == "cap" else 0.03, 0.62, 0.012))
    elif kind == "brimmed":
        parts.append(_brim(half, middle, rim, rng.uniform(0.05, 0.11), np.pi, rng.uniform(-0.01, 0.02)))
    points = np.concatenate([p for p, _ in parts])
    shift = np.cumsum([0, *(len(p) for p, _ in parts)])
    triangles = np.concatenate([f + s for (_, f), s in zip(parts, shift, strict=False)])
    pitch = np.radians(rng.normal(-2, 4))  # tipped forward or back
    c, s = np.cos(pitch), np.sin(pitch)
    points = (points - (0, middle, rim)) @ np.array([[1, 0, 0], [0, c, s], [0, -s, c]]) + (0, middle, rim)
    backwards = kind == "cap" and rng.random() < 0.08
    if backwards:
        points = points * (-1, -1, 1) + (0, 2 * middle, 0)
    uv = points[triangles][..., :2].astype(np.float32)
    material = Material(region=PERSON, texture=plain_cloth(number), tile_m=0.3, gloss=0.3 if kind == "helmet" else 0.02)
    return Mesh(frame.place(points), triangles, np.zeros(len(triangles), np.int32), (material,), uv)


def _dome(half: np.ndarray, middle: float, rim: float, crown: float, power: float) -> tuple[np.ndarray, np.ndarray]:
    """Upper half of a superellipsoid: points in the head's frame and triangles, outwards."""
    rows, columns = 7, 20
    level = np.linspace(0, 1, rows)[:, None] ** 0.8
    radius = np.maximum(1 - level**power, 0) ** (1 / power)
    around = np.linspace(0, 2 * np.pi, columns, endpoint=False)[None]
    points = np.stack(
        np.broadcast_arrays(
            half[0] * radius * np.sin(around), middle + half[1] * radius * np.cos(around), rim + (crown - rim) * level
        ),
        -1,
    ).reshape(-1, 3)
    return points, _grid(rows, columns, closed=True)


def _brim(
    half: np.ndarray, middle: float, rim: float, depth: float, spread: float, droop: float
) -> tuple[np.ndarray, np.ndarray]:
    """A brim or visor that spans `spread` radians to both sides of the front, `depth` m wide and `droop` m lower
    outside."""
    columns = 18
    around = np.linspace(-spread, spread, columns)
    out = depth * (np.cos(around * np.pi / 2 / spread) ** 0.5 if spread < 3 else np.ones(columns))
    inner = np.stack((half[0] * np.sin(around), middle + half[1] * np.cos(around), np.full(columns, rim)), -1)
    outer = np.stack(
        ((half[0] + out) * np.sin(around), middle + (half[1] + out) * np.cos(around), rim - droop * out / depth), -1
    )
    return np.concatenate((inner, outer)), _grid(2, columns, closed=False)


def _grid(rows: int, columns: int, closed: bool) -> np.ndarray:
    """Triangles of a grid of points, row after row; `closed`: the last column meets the first."""
    i = np.arange(columns if closed else columns - 1)
    j = (i + 1) % columns
    first = np.arange(rows - 1)[:, None] * columns
    a, b, c, d = first + i, first + j, first + columns + j, first + columns + i
    return np.concatenate([np.stack(t, -1).reshape(-1, 3) for t in ((a, c, b), (a, d, c))])


def sunglasses(frame: HeadFrame, rng: np.random.Generator) -> Mesh:
    """Two dark lenses and a bar in front of the eyes."""
    half = np.array([rng.uniform(0.024, 0.031), rng.uniform(0.014, 0.022)])
    corners = np.array([(-1, -0.6), (-0.6, -1), (0.6, -1), (1, -0.6), (1, 0.8), (0.8, 1), (-0.8, 1), (-1, 0.8)]) * half
    points: list[np.ndarray] = []
    faces: list[tuple[int, int, int]] = []
    for eye in frame.eyes:
        first = len(points) * len(corners)
        points.append(np.stack((eye[0] + corners[:, 0], np.full(8, eye[1] + 0.021), eye[2] + corners[:, 1]), -1))
        faces += [(first, first + k + 1, first + k) for k in range(1, 7)]
    left, right = frame.eyes
    bar = np.array([(left[0] + half[0], left[1] + 0.02), (right[0] - half[0], right[1] + 0.02)])
    first = 2 * len(corners)
    for x, y in ((frame.half_width * 1.02, 0.0), (-frame.half_width * 1.02, 0.0)):  # temples, to the ears
        near = bar[0] if x > 0 else bar[1]
        z = left[2] + 0.6 * half[1]
        points.append(np.array([(*near, z), (*near, z - 0.006), (x, y, z - 0.006), (x, y, z)]))
        faces += [(first, first + 1, first + 2), (first, first + 2, first + 3)]
        first += 4
    triangles = np.array(faces)
    shade = float(rng.uniform(0.03, 0.12))
    material = Material((shade, shade, shade), PERSON, gloss=0.5, sharpness=40)
    return Mesh(frame.place(np.concatenate(points)), triangles, np.zeros(len(triangles), np.int32), (material,))


def tied_hair(frame: HeadFrame, colour: tuple[float, float, float], rng: np.random.Generator) -> Mesh:
    """A bun or a ponytail at the back of the head."""
    high = rng.uniform(0.2, 0.95) * frame.top
    size = rng.uniform(0.03, 0.05)
    root = np.array([0, frame.back * (0.95 if high < 0.6 * frame.top else 0.75), high])
    vertices, faces = _dome(np.array([1.0, 1.0]), 0.0, 0.0, 1.0, 2.0)
    lower = vertices * (1, 1, -1)
    vertices, faces = np.concatenate((vertices, lower)), np.concatenate((faces, len(vertices) + faces[:, ::-1]))
    if rng.random() < 0.5:
        points = root + vertices * size - (0, 0.6 * size, 0)
    else:
        length = rng.uniform(0.08, 0.2)
        points = root + vertices * (0.8 * size, 0.6 * size, length) - (0, 0.2 * size, 0.7 * length)
    material = Material(colour, PERSON, gloss=0.06, sharpness=12, wrap=0.1)
    return Mesh(frame.place(points), faces, np.zeros(len(faces), np.int32), (material,))
