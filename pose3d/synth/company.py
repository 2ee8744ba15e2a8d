"""What a picture of the world `wild3d` shows beside the person: headwear, carried objects, occluders, other people."""

import numpy as np

from pose3d.skeleton import MPI_INF_3DHP_28
from pose3d.synth.bodies import PosedBody, load_bodies, pose_body
from pose3d.synth.cameras import Camera
from pose3d.synth.carried import backpack, in_hand, platform
from pose3d.synth.garments import dress
from pose3d.synth.headwear import hat, head_frame, sunglasses, tied_hair
from pose3d.synth.props import prop
from pose3d.synth.raster import draw, project
from pose3d.synth.render import NEAR_M, Mesh
from pose3d.synth.staging import Stage, figure, generator, snapshot
from pose3d.synth.wardrobe import Person, draw_casual, draw_person
from pose3d.synth.worlds import Range, Shot, World

THING_SHARE, PERSON_SHARE = 0.27, 0.16
"""Shares of pictures with an object in front of the person, and with a second person."""
HAT_SHARE, PLATFORM_SHARE, SURROUNDED_SHARE = 0.24, 0.16, 0.3
"""Shares of people who wear a hat, stand on a mat or platform, and have objects beside or behind them."""
HIDDEN = (0.07, 0.50)
"""Share of the person that an object in front may hide; the upper limit holds for other people, too."""

_ATTEMPTS = 5
_CLEARANCE_M = 0.22  # between joints of two people

_COARSE = 72  # px: resolution at which occlusion is measured
_TARGETS = [
    MPI_INF_3DHP_28.index(name)
    for name in (
        "l_ankle", "r_ankle", "l_knee", "r_knee", "l_hip", "r_hip", "pelvis", "spine", "l_wrist", "r_wrist",
        "l_elbow", "r_elbow", "l_shoulder", "r_shoulder", "neck",
    )
]  # fmt: skip


def company(world: World, shot: Shot, staged: Stage, person: Mesh, seed: int) -> list[Mesh]:
    """Draw the other contents of a shot: a platform, objects around, an object in front, another person."""
    rng = generator(seed, world.key, "company", shot.index)
    sequence = world.sequences[shot.sequence]
    textures = sequence.look.textures
    meshes: list[Mesh] = []
    if not staged.clip.chair and rng.random() < PLATFORM_SHARE:
        meshes += platform(staged.posed, textures, rng)
    if rng.random() < SURROUNDED_SHARE:
        meshes += [prop(*around(staged.posed, staged.camera, rng), textures, rng) for _ in range(rng.integers(1, 4))]
    if meshes and hidden_share(person, meshes, staged.camera) > HIDDEN[1]:
        meshes = []
    if rng.random() < THING_SHARE:
        for _ in range(_ATTEMPTS):
            at, size = in_front(staged.posed, staged.camera, rng)
            thing = prop(at, size, textures, rng)
            if HIDDEN[0] < hidden_share(person, [thing], staged.camera) < HIDDEN[1]:
                meshes.append(thing)
                break
    if rng.random() < PERSON_SHARE:
        bodies, body = figure(sequence, world.key, "other body", shot.index, seed=seed)
        woman = bool(bodies.woman[body])
        clip = snapshot(int(rng.choice((1, 2, 4, 6, 7))), rng)
        who, hatted = draw_person(woman, rng), wears_hat(rng)
        dressing = dress(load_bodies(), draw_casual(who, woman, textures, rng, hatted))
        for _ in range(_ATTEMPTS):
            place = beside(staged.posed, staged.camera, rng)
            posed = pose_body(bodies, body, clip.local[0], place, float(clip.airborne[0]))
            between = posed.joints_28[:, None] - staged.posed.joints_28
            if np.linalg.norm(between, axis=-1).min() < _CLEARANCE_M:
                continue
            other = dressing.mesh(posed)
            if hidden_share(person, [*meshes, other], staged.camera) < HIDDEN[1]:
                meshes += [other, *worn(posed, who, hatted, textures, rng)]
                break
    return meshes


def wears_hat(rng: np.random.Generator) -> bool:
    """Draw whether a person wears a hat."""
    return bool(rng.random() < HAT_SHARE)


def worn(posed: PosedBody, who: Person, hatted: bool, textures: Range, rng: np.random.Generator) -> list[Mesh]:
    """Draw headwear, backpack and carried object of a person."""
    frame = head_frame(load_bodies(), posed)
    meshes = []
    if hatted:
        meshes.append(hat(frame, int(rng.integers(*textures)), rng))
    elif who.hair in ("short", "bob", "long") and rng.random() < (0.15 if who.hair == "short" else 0.3):
        meshes.append(tied_hair(frame, who.hair_color, rng))
    if rng.random() < 0.12:
        meshes.append(sunglasses(frame, rng))
    if rng.random() < 0.07:
        meshes.append(backpack(posed, textures, rng))
    if rng.random() < 0.13:
        meshes.append(in_hand(posed, textures, rng))
    return meshes


def hidden_share(person: Mesh, others: list[Mesh], camera: Camera) -> float:
    """Share (0..1) of the person's pixels, within the image, that `others` occlude."""
    in_metres = camera.cam_from_world[:3].copy()
    in_metres[:, 3] /= 1000
    scale = _COARSE / camera.size[0]
    shrink = np.array([[scale, 0, (scale - 1) / 2], [0, scale, (scale - 1) / 2], [0, 0, 1]])
    projection = (shrink @ camera.intrinsics @ in_metres).astype(np.float32)
    shape = (round(camera.size[1] * scale), _COARSE)

    def nearness(mesh: Mesh) -> np.ndarray:
        points = project(np.ascontiguousarray(mesh.vertices, np.float32), projection, np.float32(NEAR_M))
        faces = np.ascontiguousarray(mesh.faces, np.int32)
        return np.asarray(draw(points, faces, np.zeros(len(faces), bool), shape)[1])

    own = nearness(person)
    front = np.max([nearness(mesh) for mesh in others], axis=0) if others else np.zeros(shape, np.float32)
    return float((front > own)[own > 0].mean()) if (own > 0).any() else 1.0


def in_front(posed: PosedBody, camera: Camera, rng: np.random.Generator) -> tuple[np.ndarray, float]:
    """Draw a position (3,) m between the camera and one of the person's joints, and the size in m of an object
    there."""
    rotation = camera.cam_from_world[:3, :3]
    eye = -rotation.T @ camera.cam_from_world[:3, 3] / 1000
    joint = posed.joints_28[_TARGETS[rng.integers(len(_TARGETS))]]
    way = joint - eye
    distance = float(np.linalg.norm(way))
    part = rng.uniform(0.55, 0.92)
    share = float(np.clip(1 - 0.3 / distance, 0.3, 0.95))  # keep 0.3 m away from the limb itself
    part = min(part, share)
    return eye + part * way, float(part * rng.uniform(0.2, 0.75))


def around(posed: PosedBody, camera: Camera, rng: np.random.Generator) -> tuple[np.ndarray, float]:
    """Draw a position (3,) m beside or behind the person as seen by the camera, and the size in m of an object
    there."""
    rotation = camera.cam_from_world[:3, :3]
    eye = -rotation.T @ camera.cam_from_world[:3, 3] / 1000
    pelvis = posed.joints_28[MPI_INF_3DHP_28.index("pelvis")]
    angle = np.arctan2(*(eye - pelvis)[1::-1]) + rng.choice((-1, 1)) * np.radians(rng.uniform(75, 180))
    distance = rng.uniform(0.9, 2.2)
    place = pelvis + distance * np.array([np.cos(angle), np.sin(angle), 0])
    place[2] = rng.uniform(0.15, 1.7)
    return place, float(rng.uniform(0.2, 0.9))


def beside(posed: PosedBody, camera: Camera, rng: np.random.Generator) -> np.ndarray:
    """Draw where (2,) m on the floor another person stands: around the first one, rarely in front."""
    rotation = camera.cam_from_world[:3, :3]
    eye = -rotation.T @ camera.cam_from_world[:3, 3] / 1000
    pelvis = posed.joints_28[MPI_INF_3DHP_28.index("pelvis")]
    towards = np.arctan2(*(eye - pelvis)[1::-1])
    side = rng.choice((-1, 1)) * np.radians(rng.uniform(55, 180))
    if rng.random() < 0.3:
        side = rng.choice((-1, 1)) * np.radians(rng.uniform(15, 55))  # in front, to one side
    distance = rng.uniform(0.45, 1.6) if abs(side) < np.radians(120) else rng.uniform(0.5, 4.0)
    angle = towards + side
    return pelvis[:2] + distance * np.array([np.cos(angle), np.sin(angle)])
