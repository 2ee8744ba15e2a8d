"""Render meshes: perspective z-buffer, supersampling, shadows, textures, region flags.

Runs on any machine without a graphics stack; the same scene gives the same bytes in every process. World z up, metres;
camera x right, y down, z forward; pixel centres at integers (decision G4).
"""

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from pose3d.errors import PoseError
from pose3d.synth import shading, shadows
from pose3d.synth.colour import TO_LINEAR, to_display, to_linear
from pose3d.synth.raster import draw, project, project_parallel
from pose3d.synth.skinning import bounds, vertex_normals

PERSON, UPPER, LOWER, CHAIR = 1, 2, 4, 8
"""Region flags of `Material.region` and `RenderResult.region`: garments carry PERSON | UPPER or PERSON | LOWER."""

NEAR_M = 0.1
"""Triangles with a corner nearer to the camera than this are left out."""

_SHADOW_SIZE = 320
_SHADOW_BIAS_M = 0.012
_SKY_BIAS_M = 0.07
_SKY_DIRECTIONS = np.array(
    [(0, 0, 1)]
    + [(np.cos(a) * 0.7, np.sin(a) * 0.7, 0.714) for a in np.arange(4) * np.pi / 2 + 0.3]
    + [(np.cos(a), np.sin(a), 0) for a in np.arange(4) * np.pi / 2 + 0.3 + np.pi / 4],
    np.float32,
)
_CONTACT_CELL_M, _CONTACT_CELLS = 0.045, 72


@dataclass(frozen=True)
class Material:
    """Appearance of a surface.

    `color` display values 0..1, multiplied with the `texture` (S, S, 3) uint8 display values if there is one, which
    repeats every `tile_m` metres of the mesh' uv. `gloss` 0..1 strength of the highlight, `sharpness` its exponent;
    `wrap` 0..1 softens the shading as in skin (wrapped diffuse light); `folds` 0..1 strength of the folds of cloth
    (they need uv). `region` flags.
    """

    color: tuple[float, float, float] = (1.0, 1.0, 1.0)
    region: int = 0
    texture: np.ndarray | None = None
    tile_m: float = 0.3
    gloss: float = 0.0
    sharpness: float = 20.0
    wrap: float = 0.0
    folds: float = 0.0


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
    extent = bounds(scene.vertices).astype(np.float64)
    shadow_map, light_projection = _nearness_map(scene, extent, table[shading.LAMP], _SHADOW_SIZE)
    visibility = _sky_visibility(scene, extent)

    rgb = np.zeros((height, width, 3), np.float32)
    alpha = np.zeros((height, width), np.float32)
    region = np.zeros((height, width), np.uint8)
    seen = points[points[:, 2] > 0]
    if len(seen):
        low, high = bounds(seen)[:, :2] / supersample
        box = np.array([*np.clip(np.floor(low), 0, image_size), *np.clip(np.ceil(high) + 1, 0, image_size)]).astype(int)
        metres_per_pixel = float(1 / seen[:, 2].mean(dtype=np.float64) / intrinsics[0, 0])
        materials, regions, textures = _material_tables(scene.materials, metres_per_pixel)
        shading.shade(
            face_id, points, scene.vertices, scene.normals, scene.tint, visibility, scene.faces, scene.face_material,
            scene.uv, materials, regions, textures, table, eye.astype(np.float32), shadow_map, light_projection,
            np.float32(_SHADOW_BIAS_M), supersample, box, rgb, alpha, region,
        )  # fmt: skip

    cell = np.float32(_CONTACT_CELL_M)
    corner = (extent[:, :2].mean(0) - _CONTACT_CELL_M * _CONTACT_CELLS / 2).astype(np.float32)
    grid = shadows.contact_grid(scene.vertices, corner, cell, _CONTACT_CELLS)
    rays = np.linalg.inv(intrinsics @ cam_from_world[:3, :3]).astype(np.float32)
    shade_map = cv2.blur((shadow_map > 0).astype(np.float32), (5, 5))
    key = np.float32(table[shading.KEY].sum() * max(table[shading.LAMP, 2], 0))
    sky = np.float32(table[shading.SKY].sum() + 1e-6)
    floor = shadows.floor_light(
        rays, eye.astype(np.float32), key, sky, shade_map, light_projection, grid, corner, cell, (height, width)
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
    """Concatenate meshes and shift their indices."""
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
    # one memory layout: the loops are compiled again for each other one
    joined = [
        np.ascontiguousarray(np.concatenate(x)) for x in (vertices, normals, tint, faces, face_material, uv, one_sided)
    ]
    return _Scene(materials, *joined)


def _light_table(light: Light) -> np.ndarray:
    """Rows of `shading`: unit direction to the lamp, key, sky, ground, (4, 3) float32."""
    direction = np.asarray(light.direction, np.float64)
    return np.array([direction / np.linalg.norm(direction), light.key, light.sky, light.ground], np.float32)


def _nearness_map(scene: _Scene, extent: np.ndarray, direction: np.ndarray, size: int) -> tuple[np.ndarray, np.ndarray]:
    """Nearness (size, size) of the scene to a far light in a `direction` (3,), 0 where there is nothing, and the
    parallel projection (3, 4) from world points to column, row and nearness. `extent` (2, 3): bounds of the scene."""
    centre, radius = extent.mean(0), float(np.linalg.norm(extent[1] - extent[0]) / 2) + 0.05
    direction = direction.astype(np.float64)
    across = np.cross(direction, (1.0, 0, 0) if abs(direction[0]) < 0.8 else (0, 1.0, 0))
    across /= np.linalg.norm(across)
    axes = np.stack([across, np.cross(direction, across), direction])
    scale = np.array([1, 1, 0]) * (size - 1) / (2 * radius) + np.array([0, 0, 1])
    linear = scale[:, None] * axes
    offset = np.array([(size - 1) / 2, (size - 1) / 2, 2 * radius]) - linear @ centre
    projection = np.concatenate([linear, offset[:, None]], 1).astype(np.float32)
    points = project_parallel(scene.vertices, projection)
    # back faces of closed shells can be skipped here as well: the front hides them
    _, nearness = draw(points, scene.faces, scene.one_sided, (size, size))
    return nearness, projection


def _sky_visibility(scene: _Scene, extent: np.ndarray) -> np.ndarray:
    """Share (V,) of the sky that is visible from each vertex."""
    centre, radius = extent.mean(0).astype(np.float32), np.float32(np.linalg.norm(extent[1] - extent[0]) / 2 + 0.05)
    return shadows.sky_visibility(
        scene.vertices, scene.normals, _SKY_DIRECTIONS, centre, radius, np.float32(_SKY_BIAS_M)
    )


def _material_tables(materials: list[Material], metres_per_pixel: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Numbers (M, columns) float32 and flags (M,) of the materials, and their texels (T, 3) in linear light.

    Textures are shrunk until a texel is no smaller than a pixel, so that fine patterns blur instead of sparkle.
    """
    table = np.zeros((len(materials), shading.MATERIAL_COLUMNS), np.float32)
    texels = [np.ones((1, 3), np.float32)]
    used = 1
    for row, m in zip(table, materials, strict=True):
        row[:3] = to_linear(np.asarray(m.color, np.float32))
        row[3:8] = m.gloss, m.sharpness, m.wrap, m.folds, m.tile_m
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
