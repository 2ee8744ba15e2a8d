"""Draw one shot: dress the person, light the place, render, and encode image, mask and labels.

Every random choice is seeded by (seed, world, purpose, index), so a shot does not depend on the process that draws it
or on the order.
"""

from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Protocol

import cv2
import numpy as np

from pose3d.skeleton import MPI_INF_3DHP_28
from pose3d.synth.backgrounds import Flat, Place, paint
from pose3d.synth.bodies import load_bodies
from pose3d.synth.chair import chair
from pose3d.synth.company import company, wears_hat, worn
from pose3d.synth.garments import Dressing, dress
from pose3d.synth.places import choose
from pose3d.synth.render import CHAIR, Light, Material, Mesh, render
from pose3d.synth.sensor import photograph
from pose3d.synth.staging import Stage, generator, labels, stage
from pose3d.synth.wardrobe import Person, draw_casual, draw_outfit, draw_person
from pose3d.synth.worlds import Shot, World, world

JPEG_QUALITY = 92
_PNG = [cv2.IMWRITE_PNG_COMPRESSION, 3]
_HIPS = [MPI_INF_3DHP_28.index("l_hip"), MPI_INF_3DHP_28.index("r_hip")]


class Settings(Protocol):
    """The settings of a job (`generate.Job`) that a shot depends on."""

    @property
    def world(self) -> str: ...
    @property
    def seed(self) -> int: ...
    @property
    def resolution(self) -> int: ...
    @property
    def photos(self) -> tuple[Path, ...]: ...


@dataclass(frozen=True)
class Sample:
    """An encoded JPEG, an encoded PNG of region flags (worlds with masks), and the label columns."""

    image: bytes
    mask: bytes | None
    labels: dict[str, np.ndarray]


def draw(job: Settings, shot: Shot) -> Sample:
    """Draw one shot with all its labels."""
    described = world(job.world)
    staged = stage(described, shot, job.seed, job.resolution)
    picture, region = depict(described, shot, staged, job.seed, job.photos)
    jpeg = cv2.imencode(".jpg", picture[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY])[1]
    mask = cv2.imencode(".png", region, _PNG)[1].tobytes() if described.masks else None
    return Sample(jpeg.tobytes(), mask, labels(described, shot, staged))


def depict(
    described: World, shot: Shot, staged: Stage, seed: int, photos: tuple[Path, ...] = ()
) -> tuple[np.ndarray, np.ndarray]:
    """Render what the camera of `staged` sees: the image (H, W, 3) uint8 RGB and the region flags (H, W) uint8."""
    look = described.sequences[shot.sequence].look
    # outfit and place belong to a sequence, or to each picture in worlds of single pictures
    take = shot.sequence if described.one_outfit else shot.index
    place, light = choose(look, photos, generator(seed, described.key, "place", take))
    meshes = [_dressing(described, shot.sequence, take, staged.woman, seed).mesh(staged.posed)]
    if staged.clip.chair:
        meshes.append(_chair(staged, generator(seed, described.key, "chair", shot.sequence, shot.clip)))
    if described.candid:
        rng = generator(seed, described.key, "worn", shot.index)
        who, hatted = _person(described, take, staged.woman, seed)
        meshes += worn(staged.posed, who, hatted, look.textures, rng)
        meshes += company(described, shot, staged, meshes[0], seed)
        light = _harsher(light, rng)
    return _picture(
        staged, place, light, meshes, generator(seed, described.key, "picture", shot.index), described.candid
    )


@lru_cache(maxsize=2)
def _dressing(described: World, sequence: int, take: int, woman: bool, seed: int) -> Dressing:
    """The dressed person of a take, ready to be posed; consecutive shots of one sequence share it."""
    bodies = load_bodies()
    declared = described.sequences[sequence]
    # in the wild, one body shape serves for many people
    person, hatted = _person(described, declared.body if described.one_outfit else take, woman, seed)
    rng = generator(seed, described.key, "outfit", take)
    if described.candid:
        outfit = draw_casual(person, woman, declared.look.textures, rng, hatted)
    else:
        outfit = draw_outfit(person, woman, declared.look.textures, rng, declared.plain, declared.tight)
    return dress(bodies, outfit)


def _person(described: World, who: int, woman: bool, seed: int) -> tuple[Person, bool]:
    """A person of a world by number, and whether it wears a hat (in candid worlds only)."""
    person = draw_person(woman, generator(seed, described.key, "person", who))
    return person, described.candid and wears_hat(generator(seed, described.key, "hat", who))


def _harsher(light: Light, rng: np.random.Generator) -> Light:
    """Change the ratio of direct to ambient light, from an overcast sky to a low sun or a flash."""
    key, sky = np.exp(rng.normal((0.05, -0.1), 0.35))
    return replace(light, key=light.key * key, sky=light.sky * sky, ground=light.ground * sky)


def _chair(staged: Stage, rng: np.random.Generator) -> Mesh:
    """A chair whose seat touches the lowest skin around the hips."""
    hips = staged.posed.joints_28[_HIPS].mean(0)
    skin = staged.posed.vertices[load_bodies().body_vertices]
    near = np.linalg.norm(skin[:, :2] - hips[:2], axis=1) < 0.15
    seat = float(skin[near & (skin[:, 2] > hips[2] - 0.3), 2].min())
    vertices, faces = chair(hips, max(seat, 0.15), staged.heading, rng)
    shade = rng.uniform(0.05, 0.8) * (1 + rng.normal(0, 0.2, 3))
    red, green, blue = (float(c) for c in np.clip(shade, 0.02, 0.95))
    material = Material((red, green, blue), CHAIR, gloss=0.1)
    return Mesh(vertices, faces, np.zeros(len(faces), np.int32), (material,))


def _picture(
    staged: Stage, place: Place, light: Light, meshes: list[Mesh], rng: np.random.Generator, candid: bool
) -> tuple[np.ndarray, np.ndarray]:
    """Render the meshes in the place and apply the camera: image (H, W, 3) uint8 and region flags (H, W) uint8."""
    camera = staged.camera
    in_metres = camera.cam_from_world.copy()
    in_metres[:3, 3] /= 1000
    result = render(meshes, light, camera.intrinsics, in_metres, camera.size)
    depth = in_metres[2, :3] @ staged.posed.joints_28[_HIPS].mean(0) + in_metres[2, 3]
    behind = paint(place, camera.intrinsics, in_metres, camera.size, clear=float(depth))
    picture = result.over(behind, shadows=not isinstance(place, Flat))  # a flat picture has no floor
    if candid:
        return photograph(picture, rng), result.region
    sharpness = rng.uniform(0, 0.7)
    if sharpness > 0.35:
        picture = cv2.GaussianBlur(picture, (3, 3), sharpness)
    exposure, grain = rng.uniform(0.9, 1.25), rng.uniform(0, 0.05)
    noise = np.frombuffer(rng.bytes(picture.size), np.uint8).reshape(picture.shape).astype(np.float32) / 255 - 0.5
    picture = picture * np.float32(exposure) + noise * np.float32(grain)
    return np.rint(np.clip(picture, 0, 1) * 255).astype(np.uint8), result.region
