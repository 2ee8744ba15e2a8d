"""Pictures of meshes: perspective z-buffer, supersampling, shadows, textures, region flags.

Runs on any machine without a graphics stack and gives the same bytes everywhere. World z up, metres; camera x right, y
down, z forward; pixel centres at integers (decision G4).
"""

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from pose3d.errors import PoseError
from pose3d.synth import shading
from pose3d.synth.colour import TO_LINEAR, to_display, to_linear
from pose3d.synth.raster import draw, project
from pose3d.synth.skinning import vertex_normals

PERSON, UPPER, LOWER, CHAIR = 1, 2, 4, 8
"""Region flags of `Material.region` and `RenderResult.region`: garments carry PERSON | UPPER or PERSON | LOWER."""

NEAR_M = 0.1
"""Triangles with a corner nearer to the camera than this are left out."""

_SHADOW_SIZE = 320
_SHADOW_BIAS_M = 0.012
_CONTACT_CELL_M, _CONTACT_CELLS = 0.045, 72


@dataclass(frozen=True)
class Material:
    """What a surface looks like.

    `color` display values 0..1, multiplied with the `texture` (S, S, 3) uint8 display values if there is one, which
    repeats every `tile_m` metres of the mesh' uv. `gloss` 0..1 strength of the highlight, `sharpness` its exponent;
    `wrap` 0..1 lets light creep around the surface as it does in skin. `region` flags.
    """

    color: tuple[float, float, float] = (1.0, 1.0, 1.0)
    region: int = 0
    texture: np.ndarray | None = None
    tile_m: float = 0.3
    gloss: float = 0.0
    sharpness: float = 20.0
    wrap: float = 0.0


@dataclass(frozen=True)
class Mesh:
    """Triangles with a material each.

    `vertices` (V, 3) world m; `faces` (F, 3), corners counter-clockwise from outside; `face_material` (F,) index into
    `materials`; `uv` (F, 3, 2) m per corner for textures; `tint` (V, 3) linear factors on the colour; `one_sided` bool
    or (F,): faces that need not be drawn from behind (of closed shells).
    """

    vertices: np.ndarray
    faces: np.ndarray
    face_material: np.ndarray
    materials: Sequence[Material]
    uv: np.ndarray | None = None
    tint: np.ndarray | None = None
    one_sided: bool | np.ndarray = False


@dataclass(frozen=True)
class Light:
    """Linear light: `direction` (3,) to the lamp (world), `key` its colour (3,), `sky` and `ground` (3,) ambient light.

    A white surface that faces the lamp shows key + about the mean of sky and ground; 1 is display white.
    """

    direction: np.ndarray
    key: np.ndarray
    sky: np.ndarray
    ground: np.ndarray


@dataclass(frozen=True)
class RenderResult:
    """`rgb` (H, W, 3) float32 linear light times coverage, `alpha` (H, W) float32 coverage 0..1, `region` (H, W) uint8
    flags, `floor` (H, W) float32: light left on the floor z = 0 by shadows, 1 elsewhere."""

    rgb: np.ndarray
    alpha: np.ndarray
    region: np.ndarray
    floor: np.ndarray

    def over(self, background: np.ndarray, shadows: bool = True) -> np.ndarray:
        """The picture in front of a `background` (H, W, 3) of display values (uint8, or float 0..1), as float32 0..1.

        With `shadows` the background is darkened where the meshes take light from the floor.
        """
        behind = to_linear(background)
        if shadows:
            behind = behind * self.floor[..., None]
        return to_display(self.rgb + behind * (1 - self.alpha[..., None]))


def render(
    meshes: Sequence[Mesh],
    light: Light,
    intrinsics: np.ndarray,
    cam_from_world: np.ndarray,
    image_size: tuple[int, int],
    supersample: int = 2,
) -> RenderResult:
    """Draw meshes as seen by a camera: `intrinsics` (3, 3) px, `cam_from_world` (4, 4) m, `image_size` (w, h) px."""
    width, height = image_size
    if not meshes or supersample < 1 or width < 1 or height < 1:
        raise PoseError(f"cannot render {len(meshes)} meshes at {width}x{height} px with {supersample} samples a side")
    scene = _merge(meshes)
    samples = np.array([[supersample, 0, (supersample - 1) / 2], [0, supersample, (supersample - 1) / 2], [0, 0, 1.0]])
    projection = (samples @ intrinsics @ cam_from_world[:3]).astype(np.float32)
    points = project(scene.vertices, projection, np.float32(NEAR_M))
    face_id, _ = draw(points, scene.faces, scene.one_sided, (height * supersample, width * supersample))

    eye = -cam_from_world[:3, :3].T @ cam_from_world[:3, 3]
    table = _light_table(light)
    light_projection = _light_projection(scene.vertices, table[shading.LAMP])
    shadow_map = _shadow_map(scene, light_projection)

    rgb = np.zeros((height, width, 3), np.float32)
    alpha = np.zeros((height, width), np.float32)
    region = np.zeros((height, width), np.uint8)
    visible = points[points[:, 2] > 0]
    if len(visible):
        low = np.floor(visible[:, :2].min(0) / supersample).astype(int)
        high = np.ceil(visible[:, :2].max(0) / supersample).astype(int) + 1
        box = np.array([*np.clip(low, 0, image_size), *np.clip(high, 0, image_size)])
        metres_per_pixel = float(1 / np.median(visible[:, 2]) / intrinsics[0, 0])
        materials, regions, textures = _material_tables(scene.materials, metres_per_pixel)
        shading.shade(
            face_id, points, scene.vertices, scene.normals, scene.tint, scene.faces, scene.face_material, scene.uv,
            materials, regions, textures, table, eye.astype(np.float32), shadow_map, light_projection,
            np.float32(_SHADOW_BIAS_M), supersample, box, rgb, alpha, region,
        )  # fmt: skip

    cell = np.float32(_CONTACT_CELL_M)
    middle = (scene.vertices[:, :2].min(0) + scene.vertices[:, :2].max(0)) / 2
    corner = (middle - _CONTACT_CELL_M * _CONTACT_CELLS / 2).astype(np.float32)
    grid = shading.contact_grid(scene.vertices, corner, cell, _CONTACT_CELLS)
    rays = np.linalg.inv(intrinsics @ cam_from_world[:3, :3]).astype(np.float32)
    floor = shading.floor_light(
        rays, eye.astype(np.float32), table, shadow_map, light_projection, grid, corner, cell, (height, width)
    )
    return RenderResult(rgb, alpha, region, floor)


@dataclass(frozen=True)
class _Scene:
    """All meshes as one, with plain arrays for the compiled loops."""

    materials: list[Material]
    vertices: np.ndarray
    normals: np.ndarray
    tint: np.ndarray
    faces: np.ndarray
    face_material: np.ndarray
    uv: np.ndarray
    one_sided: np.ndarray


def _merge(meshes: Sequence[Mesh]) -> _Scene:
    """Concatenate meshes; indices move on by what came before."""
    vertices, normals, tint, faces, face_material, uv, one_sided = ([] for _ in range(7))
    materials: list[Material] = []
    count = 0
    for mesh in meshes:
        v = np.ascontiguousarray(mesh.vertices, np.float32)
        f = np.ascontiguousarray(mesh.faces, np.int32)
        vertices.append(v)
        normals.append(vertex_normals(v, f))
        tint.append(np.ones_like(v) if mesh.tint is None else np.asarray(mesh.tint, np.float32))
        faces.append(f + np.int32(count))
        face_material.append(np.asarray(mesh.face_material, np.int32) + np.int32(len(materials)))
        uv.append(np.zeros((len(f), 3, 2), np.float32) if mesh.uv is None else np.asarray(mesh.uv, np.float32))
        one_sided.append(np.broadcast_to(np.asarray(mesh.one_sided, bool), len(f)))
        materials += mesh.materials
        count += len(v)
    joined = [np.concatenate(x) for x in (vertices, normals, tint, faces, face_material, uv, one_sided)]
    return _Scene(materials, *joined)


def _light_table(light: Light) -> np.ndarray:
    """Rows of `shading`: unit direction to the lamp, key, sky, ground, (4, 3) float32."""
    direction = np.asarray(light.direction, np.float64)
    return np.array([direction / np.linalg.norm(direction), light.key, light.sky, light.ground], np.float32)


def _light_projection(vertices: np.ndarray, direction: np.ndarray) -> np.ndarray:
    """Parallel projection (3, 4) float32 to columns, rows and nearness of a shadow map that holds all vertices."""
    low, high = vertices.min(0).astype(np.float64), vertices.max(0).astype(np.float64)
    centre, radius = (low + high) / 2, float(np.linalg.norm(high - low) / 2) + 0.05
    away = np.array([1.0, 0, 0]) if abs(direction[0]) < 0.8 else np.array([0, 1.0, 0])
    across = np.cross(direction, away)
    across /= np.linalg.norm(across)
    axes = np.stack([across, np.cross(direction, across), direction.astype(np.float64)])
    scale = np.array([1, 1, 0]) * (_SHADOW_SIZE - 1) / (2 * radius) + np.array([0, 0, 1])
    linear = scale[:, None] * axes
    offset = np.array([(_SHADOW_SIZE - 1) / 2, (_SHADOW_SIZE - 1) / 2, 2 * radius]) - linear @ centre
    return np.concatenate([linear, offset[:, None]], 1).astype(np.float32)


def _shadow_map(scene: _Scene, light_projection: np.ndarray) -> np.ndarray:
    """Nearness to the lamp (S, S); faces that need no drawing from behind need none here either."""
    points = scene.vertices @ light_projection[:, :3].T + light_projection[:, 3]
    _, nearness = draw(points, scene.faces, scene.one_sided, (_SHADOW_SIZE, _SHADOW_SIZE))
    return nearness


def _material_tables(materials: list[Material], metres_per_pixel: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Numbers (M, columns) float32 and flags (M,) of the materials, and their texels (T, 3) in linear light.

    Textures are shrunk until a texel is no smaller than a pixel, so that fine patterns blur instead of sparkle.
    """
    table = np.zeros((len(materials), shading.MATERIAL_COLUMNS), np.float32)
    texels = [np.ones((1, 3), np.float32)]
    used = 1
    for row, m in zip(table, materials, strict=True):
        row[:3] = to_linear(np.asarray(m.color, np.float32))
        row[3:7] = m.gloss, m.sharpness, m.wrap, m.tile_m
        if m.texture is not None:
            side = m.texture.shape[0]
            wanted = max(1, m.tile_m / metres_per_pixel)
            while side > 4 and side > 1.4 * wanted:
                side //= 2
            shrunk = cv2.resize(m.texture, (side, side), interpolation=cv2.INTER_AREA)
            texels.append(TO_LINEAR[shrunk].reshape(-1, 3))
            row[shading.TEXTURE], row[shading.SIDE] = used, side
            used += side * side
    regions = np.array([m.region for m in materials], np.int32)
    return table, regions, np.concatenate(texels)
