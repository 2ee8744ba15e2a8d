"""What hides part of a person in the world `wild3d`: things in front, and other people."""

import numpy as np

from pose3d.skeleton import MPI_INF_3DHP_28
from pose3d.synth.bodies import PosedBody, load_bodies, pose_body
from pose3d.synth.cameras import Camera
from pose3d.synth.garments import dress
from pose3d.synth.props import prop
from pose3d.synth.raster import draw, project
from pose3d.synth.render import NEAR_M, Mesh
from pose3d.synth.staging import Stage, figure, generator, snapshot
from pose3d.synth.wardrobe import draw_outfit, draw_person
from pose3d.synth.worlds import Shot, World

THING_SHARE, PERSON_SHARE = 0.27, 0.16
"""How many pictures get something in front of the person, and how many a second person."""
HIDDEN = (0.07, 0.50)
"""Share of the person that a thing in front hides; another person may hide less."""

_ATTEMPTS = 5
_CLEARANCE_M = 0.22  # between joints of two people

_COARSE = 72  # px: side of the pictures in which hidden shares are measured
_TARGETS = [
    MPI_INF_3DHP_28.index(name)
    for name in (
        "l_ankle", "r_ankle", "l_knee", "r_knee", "l_hip", "r_hip", "pelvis", "spine", "l_wrist", "r_wrist",
        "l_elbow", "r_elbow", "l_shoulder", "r_shoulder", "neck",
    )
]  # fmt: skip


def company(world: World, shot: Shot, staged: Stage, person: Mesh, seed: int) -> list[Mesh]:
    """Draw what else is in a shot: nothing in most, a thing in front, another person, or both."""
    rng = generator(seed, world.name, "company", shot.index)
    sequence = world.sequences[shot.sequence]
    meshes: list[Mesh] = []
    if rng.random() < THING_SHARE:
        for _ in range(_ATTEMPTS):
            at, size = in_front(staged.posed, staged.camera, rng)
            thing = prop(at, size, sequence.look.textures, rng)
            if HIDDEN[0] < hidden_share(person, [thing], staged.camera) < HIDDEN[1]:
                meshes.append(thing)
                break
    if rng.random() < PERSON_SHARE:
        bodies, body = figure(sequence, world.name, "other body", shot.index, seed=seed)
        woman = bool(bodies.woman[body])
        clip = snapshot(int(rng.choice((1, 2, 4, 6, 7))), rng)
        outfit = draw_outfit(draw_person(woman, rng), woman, sequence.look.textures, rng)
        for _ in range(_ATTEMPTS):
            place = beside(staged.posed, staged.camera, rng)
            posed = pose_body(bodies, body, clip.local[0], place, float(clip.airborne[0]))
            between = posed.joints_28[:, None] - staged.posed.joints_28
            if np.linalg.norm(between, axis=-1).min() < _CLEARANCE_M:
                continue
            other = dress(load_bodies(), outfit).mesh(posed)
            if hidden_share(person, [*meshes, other], staged.camera) < HIDDEN[1]:
                meshes.append(other)
                break
    return meshes


def hidden_share(person: Mesh, others: list[Mesh], camera: Camera) -> float:
    """Share 0..1 of the person's picture, within the frame, that `others` hide."""
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
    """A place (3,) m between the camera and one of the person's joints, and the size in m of a thing to put there."""
    rotation = camera.cam_from_world[:3, :3]
    eye = -rotation.T @ camera.cam_from_world[:3, 3] / 1000
    joint = posed.joints_28[_TARGETS[rng.integers(len(_TARGETS))]]
    way = joint - eye
    distance = float(np.linalg.norm(way))
    part = rng.uniform(0.55, 0.92)
    share = float(np.clip(1 - 0.3 / distance, 0.3, 0.95))  # clear of the limb itself
    part = min(part, share)
    return eye + part * way, float(part * rng.uniform(0.2, 0.75))


def beside(posed: PosedBody, camera: Camera, rng: np.random.Generator) -> np.ndarray:
    """Where (2,) m on the floor another person may stand: around the person, not between it and a close camera."""
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
