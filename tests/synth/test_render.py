import hashlib
import subprocess
import sys

import numpy as np
import pytest

from pose3d.errors import PoseError
from pose3d.skeleton import MPI_INF_3DHP_28
from pose3d.synth.bodies import load_bodies, pose_body
from pose3d.synth.colour import TO_LINEAR, to_display, to_linear
from pose3d.synth.garments import dress
from pose3d.synth.outfit import Outfit
from pose3d.synth.raster import NOTHING, draw, project
from pose3d.synth.render import CHAIR, LOWER, PERSON, UPPER, Light, Material, Mesh, RenderResult, render
from pose3d.synth.rig import CONTROLS

SIZE = (96, 80)
INTRINSICS = np.array([[90.0, 0, 46.3], [0, 95.0, 38.9], [0, 0, 1]])
FACING = np.array([[1.0, 0, 0, 0], [0, 0, -1, 1.0], [0, 1, 0, 3.0], [0, 0, 0, 1]])
"""A camera 1 m above the floor at y = -3 that looks along +y: x right, z up in the picture."""
LIGHT = Light(np.array([0.0, -1, 1]), np.full(3, 0.6), np.full(3, 0.3), np.full(3, 0.1))


def plate(
    centre: tuple[float, float, float], half: float, normal: str = "y", material: Material | None = None, parts: int = 1
) -> Mesh:
    """A square that faces -y (the camera) or +z (the lamp), of parts x parts x 2 triangles."""
    ticks = np.linspace(-half, half, parts + 1)
    a, b = (x.ravel() for x in np.meshgrid(ticks, ticks, indexing="ij"))
    offsets = np.stack([a, np.zeros_like(a), b], 1) if normal == "y" else np.stack([a, b, np.zeros_like(a)], 1)
    corner = np.arange(len(a)).reshape(parts + 1, parts + 1)
    p, q, r, s = corner[:-1, :-1].ravel(), corner[1:, :-1].ravel(), corner[1:, 1:].ravel(), corner[:-1, 1:].ravel()
    faces = np.concatenate([np.stack([p, q, r], 1), np.stack([p, r, s], 1)])
    return Mesh(np.array(centre) + offsets, faces, np.zeros(len(faces), int), (material or Material(),))


def centroid(weights: np.ndarray) -> np.ndarray:
    y, x = np.indices(weights.shape)
    return np.array([(weights * x).sum(), (weights * y).sum()]) / weights.sum()


def person(yaw: float = 0.0, **outfit: object) -> tuple[Mesh, np.ndarray]:
    """A dressed body with its arms a little away from it, and its joints."""
    local = np.tile(np.eye(3), (len(CONTROLS), 1, 1))
    for side, sign in (("l", -1), ("r", 1)):
        c, s = np.cos(0.5), np.sin(0.5) * sign
        local[CONTROLS.index(f"{side}_shoulder")] = ((c, 0, s), (0, 1, 0), (-s, 0, c))
    c, s = np.cos(yaw), np.sin(yaw)
    local[0] = ((c, -s, 0), (s, c, 0), (0, 0, 1))
    bodies = load_bodies()
    posed = pose_body(bodies, 1, local, (0, 0), 0.0)
    return dress(bodies, Outfit(**outfit)).mesh(posed), posed.joints_28  # type: ignore[arg-type]


def test_zbuffer_equals_brute_force():
    rng = np.random.default_rng(0)
    height, width = 23, 31
    points = np.concatenate([rng.uniform(-6, 37, (60, 2)), rng.uniform(0.2, 2, (60, 1))], 1).astype(np.float32)
    points[::17, 2] = 0  # behind the camera
    faces = rng.integers(0, 60, (25, 3)).astype(np.int32)
    one_sided = rng.random(25) < 0.5
    face_id, nearness = draw(points, faces, one_sided, (height, width))
    for y in range(height):
        for x in range(width):
            best, best_face = 0.0, NOTHING
            for f, (a, b, c) in enumerate(points[faces].astype(np.float64)):
                if min(a[2], b[2], c[2]) <= 0:
                    continue
                matrix = np.array([[a[0], b[0], c[0]], [a[1], b[1], c[1]], [1, 1, 1]])
                area = np.linalg.det(matrix)
                if abs(area) < 1e-9 or (area > 0 and one_sided[f]):
                    continue
                w = np.linalg.solve(matrix, (x, y, 1))
                z = w @ (a[2], b[2], c[2])
                if w.min() >= 0 and z > best:
                    best, best_face = z, f
            assert face_id[y, x] == best_face
            assert nearness[y, x] == pytest.approx(best, abs=1e-4)


def test_projection_leaves_out_what_is_too_near():
    projection = (INTRINSICS @ FACING[:3]).astype(np.float32)
    world = np.array([[0.2, 0.0, 1.1], [0, -2.95, 1], [0, -5, 1]], np.float32)
    points = project(world, projection, np.float32(0.1))
    w = INTRINSICS @ (FACING[:3] @ np.append(world[0], 1))
    np.testing.assert_allclose(points[0], [w[0] / w[2], w[1] / w[2], 1 / w[2]], rtol=1e-5)
    np.testing.assert_array_equal(points[1:, 2], 0)


@pytest.mark.parametrize("supersample", [1, 2, 3])
def test_pixel_centres_are_at_integers(supersample):
    """Decision G4: the middle of what is drawn lies where the camera projects the middle of the thing."""
    errors = []
    for x, z in np.random.default_rng(0).uniform((-0.8, 0.5), (0.8, 1.5), (24, 2)):
        result = render([plate((x, 0.0, z), 0.2)], LIGHT, INTRINSICS, FACING, SIZE, supersample)
        expected = INTRINSICS @ (FACING[:3] @ (x, 0, z, 1))
        errors.append(centroid(result.alpha) - expected[:2] / expected[2])
    assert np.abs(errors).max() < 0.6 / supersample  # a rim is found to half a sample
    assert np.abs(np.mean(errors, 0)).max() < 0.15 / supersample
    fine = render([plate((0.1, 0, 1.1), 0.2)], LIGHT, INTRINSICS, FACING, SIZE, 8)
    expected = INTRINSICS @ (FACING[:3] @ (0.1, 0, 1.1, 1))
    np.testing.assert_allclose(centroid(fine.alpha), expected[:2] / expected[2], atol=0.07)
    assert fine.alpha.sum() == pytest.approx((0.4 * 90 / 3) * (0.4 * 95 / 3), rel=0.01)


def test_colour_of_a_lit_plate_is_albedo_times_light():
    color = (0.8, 0.5, 0.2)
    result = render([plate((0, 0, 1.4), 0.5, material=Material(color))], LIGHT, INTRINSICS, FACING, SIZE)
    y, x = np.argwhere(result.alpha == 1).mean(0).astype(int)
    # upright: half of the sky, half of the ground; the lamp is 45 degrees off
    irradiance = 0.5 * (0.3 + 0.1) + 0.6 * np.sqrt(0.5)
    np.testing.assert_allclose(result.rgb[y, x], to_linear(np.array(color)) * irradiance, rtol=0.02)


def test_texture_repeats_every_tile_and_shows_its_colours():
    checks = np.zeros((16, 16, 3), np.uint8)
    checks[:, :8] = (255, 0, 0)
    checks[:, 8:] = (0, 0, 255)
    mesh = plate((0, 0, 1.0), 0.8)
    uv = mesh.vertices[mesh.faces][..., [0, 2]] + 0.8
    textured = Mesh(
        mesh.vertices, mesh.faces, mesh.face_material, (Material(texture=checks, tile_m=0.8),), uv.astype(np.float32)
    )
    result = render([textured], LIGHT, INTRINSICS, FACING, SIZE)
    for x, red in ((-0.6, True), (-0.2, False), (0.2, True), (0.6, False)):
        u = INTRINSICS @ (FACING[:3] @ (x, 0, 1.0, 1))
        r, _, b = result.rgb[round(u[1] / u[2]), round(u[0] / u[2])]
        assert (r > 10 * b) if red else (b > 10 * r)


def test_lamp_casts_shadows_on_things_and_floor():
    light = Light(np.array([0, 0, 1.0]), np.full(3, 0.8), np.full(3, 0.2), np.full(3, 0.1))
    high = np.array([[1.0, 0, 0, 0], [0, -0.6, -0.8, 0.8], [0, 0.8, -0.6, 3.2], [0, 0, 0, 1]])
    table = plate((0, 0, 0.3), 0.6, "z", parts=8)
    board = plate((0, 0, 0.9), 0.2, "z", parts=8)
    both = render([table, board], light, INTRINSICS, high, SIZE)
    alone = render([table], light, INTRINSICS, high, SIZE)

    def pixel(point: tuple[float, float, float]) -> tuple[int, int]:
        u = INTRINSICS @ (high[:3] @ (*point, 1))
        return round(u[1] / u[2]), round(u[0] / u[2])

    in_shadow, beside = pixel((0.0, -0.1, 0.3)), pixel((-0.45, 0.3, 0.3))
    assert both.rgb[in_shadow].sum() < 0.5 * alone.rgb[in_shadow].sum()
    assert both.rgb[beside].sum() > 0.9 * alone.rgb[beside].sum()
    assert alone.floor[pixel((0.0, -0.3, 0.0))] < 0.5
    assert alone.floor[pixel((0.9, -0.3, 0.0))] > 0.97


def test_no_floor_no_shadow():
    """A camera from below the horizon sees floor only beneath it."""
    result = render([plate((0, 0, 1.0), 0.3)], LIGHT, INTRINSICS, FACING, SIZE)
    assert (result.floor[: int(INTRINSICS[1, 2])] == 1).all()


def test_region_flags_are_those_of_the_nearest_surface():
    person_plate = plate((0, 0, 1.0), 0.3, material=Material(region=PERSON | UPPER))
    chair_plate = plate((0.2, 0.5, 1.0), 0.3, material=Material(region=CHAIR))
    region = render([person_plate, chair_plate], LIGHT, INTRINSICS, FACING, SIZE).region
    middle = round(INTRINSICS[1, 2])
    assert region[middle, 46] == PERSON | UPPER
    assert region[middle, 57] == CHAIR
    assert region[2, 2] == 0


def test_backs_of_one_sided_meshes_are_not_needed():
    mesh, _ = person()
    body = Mesh(mesh.vertices, mesh.faces, mesh.face_material, mesh.materials, mesh.uv, mesh.tint, one_sided=False)
    seen = [render([m], LIGHT, INTRINSICS, FACING, SIZE).alpha for m in (mesh, body)]
    assert np.abs(seen[0] - seen[1]).sum() < 0.004 * seen[1].sum()


@pytest.mark.parametrize("yaw", [0.0, 2.2, 4.0])
def test_clothes_cover_where_the_joints_say(yaw):
    mesh, joints = person(yaw, sleeves="long", legs="long", looseness=(0.4, 0.4))
    result = render([mesh], LIGHT, INTRINSICS, FACING, SIZE)

    def region(point: np.ndarray) -> int:
        u = INTRINSICS @ (FACING[:3] @ (*point, 1))
        return int(result.region[round(u[1] / u[2]), round(u[0] / u[2])])

    at = dict(zip(MPI_INF_3DHP_28.names, joints, strict=True))
    assert region(at["spine4"]) == PERSON | UPPER
    for side in "lr":
        assert region((at[f"{side}_shoulder"] + 2 * at[f"{side}_elbow"]) / 3) == PERSON | UPPER
        assert region((at[f"{side}_hip"] + 2 * at[f"{side}_knee"]) / 3) == PERSON | LOWER
        assert region((at[f"{side}_knee"] + at[f"{side}_ankle"]) / 2) == PERSON | LOWER
        assert region(at[f"{side}_hand"]) == PERSON
    assert region((at["head"] + at["head_top"]) / 2) == PERSON
    # nothing of the skin shows between collar and ankles: patches of bare skin are head, hands, feet and shoes
    flags = result.region
    u = INTRINSICS @ (FACING[:3] @ (*at["l_knee"], 1))
    row = round(u[1] / u[2])
    assert not (flags[row - 1 : row + 2] == PERSON).any()


def test_outfits_differ_in_what_they_cover():
    def areas(**outfit: object) -> tuple[int, int]:
        region = render([person(**outfit)[0]], LIGHT, INTRINSICS, FACING, SIZE).region  # type: ignore[arg-type]
        return int((region & UPPER > 0).sum()), int((region & LOWER > 0).sum())

    shirt, shorts = areas(sleeves="short", legs="shorts")
    jersey, trousers = areas(sleeves="long", legs="long")
    assert jersey > 1.15 * shirt
    assert trousers > 1.4 * shorts
    assert areas(top=False)[0] == 0
    assert areas(skirt="long")[1] > areas(skirt="short")[1] > 0


def test_same_bytes_again_and_in_another_process():
    code = (
        "import hashlib, tests.synth.test_render as t;"
        "r = t.render([t.person(0.7)[0]], t.LIGHT, t.INTRINSICS, t.FACING, t.SIZE);"
        "print(hashlib.sha256(r.rgb.tobytes() + r.region.tobytes() + r.floor.tobytes()).hexdigest())"
    )
    mesh, _ = person(0.7)
    digests = set()
    for _ in range(2):
        r = render([mesh], LIGHT, INTRINSICS, FACING, SIZE)
        digests.add(hashlib.sha256(r.rgb.tobytes() + r.region.tobytes() + r.floor.tobytes()).hexdigest())
    other = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    digests.add(other.stdout.strip())
    assert len(digests) == 1


def test_display_values_survive_the_way_to_linear_and_back():
    levels = np.arange(256, dtype=np.uint8)
    np.testing.assert_allclose(to_display(to_linear(levels)) * 255, levels, atol=0.5)
    assert TO_LINEAR[188] == pytest.approx(0.5, abs=0.005)
    blank = np.zeros((1, 256), np.float32)
    result = RenderResult(np.zeros((1, 256, 3), np.float32), blank, blank.astype(np.uint8), blank + 1)
    background = np.repeat(levels[None, :, None], 3, 2)
    np.testing.assert_allclose(result.over(background) * 255, background, atol=0.5)


def test_mistakes_are_told():
    with pytest.raises(PoseError, match="0 meshes"):
        render([], LIGHT, INTRINSICS, FACING, SIZE)
    with pytest.raises(PoseError, match="sleeves"):
        Outfit(sleeves="puffed")
