"""Backgrounds: rooms and surroundings seen by the same camera as the person, and flat images.

A room is the inside of a box with a textured floor, walls and furniture-like boxes. Surroundings are a panorama
projected onto the floor around the person and onto a cylinder beyond it, so that the ground stays under the feet when
the camera moves. Both are ray-cast; distances are in metres, world z up.
"""

from dataclasses import dataclass, field
from functools import cached_property

import cv2
import numpy as np

from pose3d.synth.compiled import compiled
from pose3d.synth.textures import SIZE


@dataclass(frozen=True)
class Room:
    """A box from `low` to `high` (3,) m with six surfaces (floor, ceiling, -x, +x, -y, +y).

    `textures` (6, SIZE, SIZE, 3) uint8, repeated every `repeat` (6,) m; `furniture` (n, 6) boxes low and high in m with
    `colours` (n, 3) in 0..1; `light` (3,) m: position of the lamp used for shading.
    """

    low: np.ndarray
    high: np.ndarray
    textures: np.ndarray
    repeat: np.ndarray
    furniture: np.ndarray = field(default_factory=lambda: np.zeros((0, 6)))
    colours: np.ndarray = field(default_factory=lambda: np.zeros((0, 3)))
    light: np.ndarray = field(default_factory=lambda: np.array([0.0, 0.0, 2.6]))

    @cached_property
    def mean_colours(self) -> np.ndarray:
        """Mean colour (6, 3) of each surface; textures fade to it with distance."""
        return np.array([cv2.mean(texture)[:3] for texture in self.textures], np.float32)


@dataclass(frozen=True)
class Surroundings:
    """A panorama (H, W, 3) uint8 turned by `turn` radians, projected onto the floor out to `radius` m."""

    image: np.ndarray
    turn: float = 0.0
    eye_height: float = 1.6
    radius: float = 9.0


@dataclass(frozen=True)
class Flat:
    """An image (H, W, 3) uint8 that is shown unchanged for every camera: a photo, noise, a painted wall."""

    image: np.ndarray


Place = Room | Surroundings | Flat


def paint(
    place: Place, intrinsics: np.ndarray, cam_from_world: np.ndarray, size: tuple[int, int], clear: float = 0.0
) -> np.ndarray:
    """Render a place as an image (h, w, 3), float32 display values in 0..1.

    `intrinsics` (3, 3) px, `cam_from_world` (4, 4) in metres, `size` (w, h). A room is enlarged to
    contain the camera. Furniture nearer than `clear` metres is left out, because it would hide the person.
    """
    width, height = size
    if isinstance(place, Flat):
        resized = cv2.resize(place.image, (width, height), interpolation=cv2.INTER_AREA)
        return resized.astype(np.float32) / 255
    rays = np.linalg.inv(intrinsics @ cam_from_world[:3, :3])
    eye = -cam_from_world[:3, :3].T @ cam_from_world[:3, 3]
    out = np.empty((height, width, 3), np.float32)
    if isinstance(place, Surroundings):
        _cast_surroundings(out, rays, eye, place.image, place.turn, place.eye_height, place.radius)
    else:
        texels = float(intrinsics[0, 0])
        low, high = np.minimum(place.low, eye - _WALL_GAP_M), np.maximum(place.high, eye + _WALL_GAP_M)
        low[2] = 0
        _cast_room(
            out, rays, eye, low, high, place.textures, place.repeat, place.mean_colours,
            place.furniture, place.colours, place.light, texels, clear,
        )  # fmt: skip
    return out


_WALL_GAP_M = 0.4
"""Between a camera and the wall behind it."""


@compiled
def _cast_surroundings(out, rays, eye, image, turn, eye_height, radius):
    """Intersect each ray with the floor within `radius` or with the cylinder beyond, and sample the panorama there."""
    height, width = out.shape[:2]
    rows, columns = image.shape[:2]
    for v in range(height):
        for u in range(width):
            dx = rays[0, 0] * u + rays[0, 1] * v + rays[0, 2]
            dy = rays[1, 0] * u + rays[1, 1] * v + rays[1, 2]
            dz = rays[2, 0] * u + rays[2, 1] * v + rays[2, 2]
            # the cylinder x^2 + y^2 = radius^2, from inside
            a = dx * dx + dy * dy + 1e-12
            b = eye[0] * dx + eye[1] * dy
            c = eye[0] * eye[0] + eye[1] * eye[1] - radius * radius
            t = (-b + np.sqrt(max(b * b - a * c, 0.0))) / a
            if dz < 0:
                t = min(t, -eye[2] / dz)
            px, py, pz = eye[0] + t * dx, eye[1] + t * dy, eye[2] + t * dz - eye_height
            azimuth = -np.arctan2(py, px) + turn
            elevation = np.arctan2(pz, np.sqrt(px * px + py * py))
            x = azimuth / (2 * np.pi) * columns - 0.5
            y = min(max((0.5 - elevation / np.pi) * rows - 0.5, 0.0), rows - 1.001)
            x0, y0 = int(np.floor(x)), int(y)
            fx, fy = x - np.floor(x), y - y0
            xa, xb = x0 % columns, (x0 + 1) % columns
            for ch in range(3):
                upper = image[y0, xa, ch] * (1 - fx) + image[y0, xb, ch] * fx
                lower = image[y0 + 1, xa, ch] * (1 - fx) + image[y0 + 1, xb, ch] * fx
                out[v, u, ch] = (upper * (1 - fy) + lower * fy) / 255


@compiled
def _enter(eye, ix, iy, iz, box):
    """Distance along a ray at which it enters a box, and the axis of the face that it hits; -1 for a miss.

    `ix`, `iy`, `iz` are the reciprocals of the ray's direction.
    """
    x0, x1 = (box[0] - eye[0]) * ix, (box[3] - eye[0]) * ix
    y0, y1 = (box[1] - eye[1]) * iy, (box[4] - eye[1]) * iy
    z0, z1 = (box[2] - eye[2]) * iz, (box[5] - eye[2]) * iz
    near_x, near_y, near_z = min(x0, x1), min(y0, y1), min(z0, z1)
    near = max(near_x, near_y, near_z)
    if near > min(max(x0, x1), max(y0, y1), max(z0, z1)):
        return -1.0, -1
    return near, 0 if near == near_x else 1 if near == near_y else 2


@compiled
def _cast_room(out, rays, eye, low, high, textures, repeat, means, furniture, colours, light, texels, clear):
    """Intersect each ray with the six surfaces and the furniture."""
    height, width = out.shape[:2]
    for v in range(height):
        for u in range(width):
            dx = rays[0, 0] * u + rays[0, 1] * v + rays[0, 2]
            dy = rays[1, 0] * u + rays[1, 1] * v + rays[1, 2]
            dz = rays[2, 0] * u + rays[2, 1] * v + rays[2, 2]
            ix = 1 / (dx if abs(dx) > 1e-9 else 1e-9)
            iy = 1 / (dy if abs(dy) > 1e-9 else 1e-9)
            iz = 1 / (dz if abs(dz) > 1e-9 else 1e-9)
            tx = ((high[0] if dx > 0 else low[0]) - eye[0]) * ix
            ty = ((high[1] if dy > 0 else low[1]) - eye[1]) * iy
            tz = ((high[2] if dz > 0 else low[2]) - eye[2]) * iz
            t = min(tx, ty, tz)
            if t == tz:
                face, axis = (1 if dz > 0 else 0), 2
            elif t == tx:
                face, axis = (3 if dx > 0 else 2), 0
            else:
                face, axis = (5 if dy > 0 else 4), 1
            piece = -1
            for k in range(furniture.shape[0]):
                entry, side = _enter(eye, ix, iy, iz, furniture[k])
                if clear < entry < t:
                    t, axis, piece = entry, side, k
            px, py, pz = eye[0] + t * dx, eye[1] + t * dy, eye[2] + t * dz
            lx, ly, lz = light[0] - px, light[1] - py, light[2] - pz
            distance = np.sqrt(lx * lx + ly * ly + lz * lz)
            facing = abs(lx if axis == 0 else ly if axis == 1 else lz) / distance
            lit = 0.62 + 0.45 * facing * min(1.0, 9.0 / (distance * distance))
            if piece >= 0:
                for ch in range(3):
                    out[v, u, ch] = colours[piece, ch] * lit * (1.0 if axis == 2 else 0.82 if axis == 0 else 0.7)
                continue
            # ambient occlusion: corners are darker
            gap = min(pz - low[2], high[2] - pz) if axis != 2 else 1.0
            gap = min(gap, min(px - low[0], high[0] - px)) if axis != 0 else gap
            gap = min(gap, min(py - low[1], high[1] - py)) if axis != 1 else gap
            lit *= 1 - 0.3 * np.exp(-3.5 * max(gap, 0.0))
            a = py if axis == 0 else px
            b = py if axis == 2 else -pz
            r = repeat[face]
            x, y = a / r * SIZE, b / r * SIZE
            x0, y0 = int(np.floor(x)), int(np.floor(y))
            fx, fy = x - x0, y - y0
            xa, xb, ya, yb = x0 % SIZE, (x0 + 1) % SIZE, y0 % SIZE, (y0 + 1) % SIZE
            # beyond one texel per pixel the texture fades to its mean colour
            step = t * SIZE / (r * texels) * np.sqrt(dx * dx + dy * dy + dz * dz)
            blur = min(1.0, max(0.0, 0.35 * (step - 1.0)))
            for ch in range(3):
                upper = textures[face, ya, xa, ch] * (1 - fx) + textures[face, ya, xb, ch] * fx
                lower = textures[face, yb, xa, ch] * (1 - fx) + textures[face, yb, xb, ch] * fx
                colour = (upper * (1 - fy) + lower * fy) * (1 - blur) + means[face, ch] * blur
                out[v, u, ch] = min(1.0, colour * lit / 255)
