"""Stage a shot: the posed person, its position, the camera, and the labels that follow from them.

This is exact geometry; the appearance comes from `pose3d.synth.scenes`.
"""

import zlib
from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np

from pose3d.skeleton import MPI_INF_3DHP_17, MPI_INF_3DHP_28, remap
from pose3d.synth import cameras, candid, shapes, stretches
from pose3d.synth.bodies import Bodies, PosedBody, load_bodies, pose_body, universal_scale
from pose3d.synth.cameras import Camera
from pose3d.synth.motion import Clip, sample_clip
from pose3d.synth.worlds import Sequence, Shot, World

PERSON_HEIGHT = (0.60, 0.88)
"""Share of the image that the person's outline spans, along the side that it fills more."""

MAX_ROAM_M = 0.7
"""Largest distance of people from the centre of a camera rig."""

_ON_FEET = (1, 2, 4, 6, 7)
_NEAREST_MM = 500.0
_ATTEMPTS = 30
_RELEVANT = remap(MPI_INF_3DHP_28, MPI_INF_3DHP_17)
_HEAD_TOP, _NECK = MPI_INF_3DHP_28.index("head_top"), MPI_INF_3DHP_28.index("neck")
_PELVIS = MPI_INF_3DHP_28.index("pelvis")
# MPII labels neither spine nor mid-head, and `wild2d` mirrors MPII.
_UNLABELLED_2D = [MPI_INF_3DHP_17.index(name) for name in ("spine", "head")]


@dataclass(frozen=True)
class Stage:
    """A posed person (world, m), the camera that films the shot, and what the person does.

    `scale`: factor to the universal skeleton; `woman`: whether clothes and hair are a woman's.
    """

    posed: PosedBody
    camera: Camera
    clip: Clip
    heading: float
    scale: float
    woman: bool


def generator(seed: int, *key: str | int) -> np.random.Generator:
    """Random generator for one purpose, named by `key`, in the data set `seed`; independent of the order of calls."""
    words = [zlib.crc32(k.encode()) if isinstance(k, str) else k for k in key]
    return np.random.default_rng(np.random.SeedSequence([seed, *words]))


@lru_cache(maxsize=4)
def clip_of(world: World, sequence: int, clip: int, seed: int) -> Clip:
    """The motion of one clip of a sequence."""
    rng = generator(seed, world.key, "clip", sequence, clip)
    shares = world.shares(world.sequences[sequence])
    weights = np.array(list(shares.values()))
    activity = int(rng.choice(list(shares), p=weights / weights.sum()))
    if world.candid:
        return snapshot(activity, rng)
    drawn = sample_clip(activity, world.frames, rng, fps=1 / world.interval)
    reach = np.linalg.norm(drawn.root_xy, axis=1).max()
    return replace(drawn, root_xy=drawn.root_xy * min(1.0, MAX_ROAM_M / max(reach, 1e-6)))


def snapshot(activity: int, rng: np.random.Generator) -> Clip:
    """Draw a clip of one frame: from an activity's clip, or with random limbs (62 % of the standing activities)."""
    if activity in _ON_FEET and rng.random() < 0.62:
        local, air = stretches.sample(rng)
        root = rng.normal(0, 0.25, (1, 2)).astype(np.float32)
        return Clip(local[None].astype(np.float32), root, np.array([air], np.float32), False, activity)
    drawn = sample_clip(activity, 1, rng)
    return replace(drawn, root_xy=np.clip(drawn.root_xy, -MAX_ROAM_M, MAX_ROAM_M))


def figure(sequence: Sequence, *key: str | int, seed: int) -> tuple[Bodies, int]:
    """The bodies to pose and the index of the person's; a new blend for each `key` in sequences that blend bodies."""
    if sequence.blend:
        return shapes.blend(load_bodies(), sequence.blend, generator(seed, *key)), 0
    return load_bodies(), sequence.body


def stage(world: World, shot: Shot, seed: int, resolution: int) -> Stage:
    """Pose the person of a shot and choose a camera window that contains it."""
    sequence = world.sequences[shot.sequence]
    clip = clip_of(world, shot.sequence, shot.clip, seed)
    t = shot.clip_frame
    bodies, body = figure(sequence, world.key, "body", shot.index, seed=seed)
    posed = pose_body(bodies, body, clip.local[t], clip.root_xy[t], float(clip.airborne[t]))
    forward = clip.local[t, 0, :, 1] * -1  # the pelvis's -y axis in the world
    heading = float(np.arctan2(forward[0], -forward[1]))
    rng = generator(seed, world.key, "camera", shot.index)
    rig = world.cameras(sequence)
    size = (resolution * 3 // 2, resolution * 27 // 32) if sequence.scene == 3 else (resolution, resolution)
    outline = posed.vertices[bodies.body_vertices[::4]]  # a quarter of the vertices is enough for the extent
    pelvis = 1000 * posed.joints_28[_PELVIS]
    for _ in range(_ATTEMPTS):
        if world.candid:
            camera = candid.film(1000.0 * outline, pelvis, resolution, rng)
        else:
            camera = _frame(rig[shot.camera] if rig else cameras.wild(rng, pelvis), outline, size, rng)
        if camera is not None:
            return Stage(posed, camera, clip, heading, universal_scale(bodies, body), bool(bodies.woman[body]))
    raise RuntimeError(f"no camera of {world.name} sees the whole person of shot {shot.index}")


def _frame(camera: Camera, vertices: np.ndarray, size: tuple[int, int], rng: np.random.Generator) -> Camera | None:
    """A window of a camera that contains all vertices (V, 3) m; None if the camera is too close."""
    pixels, in_camera = camera.project(1000.0 * vertices)
    if in_camera[:, 2].min() < _NEAREST_MM:
        return None
    low, high = pixels.min(0), pixels.max(0)
    extent = (high - low) / size  # in units of the image's sides
    width = float(extent.max() * size[0]) / rng.uniform(*PERSON_HEIGHT)
    slack = width * np.array([1, size[1] / size[0]]) - (high - low)
    centre = (low + high) / 2 + slack * rng.uniform(-0.35, 0.35, 2)
    return camera.window(centre, width, size)


def labels(world: World, shot: Shot, staged: Stage) -> dict[str, np.ndarray]:
    """All label columns of a shot, as in `pose3d.data.schema`."""
    sequence: Sequence = world.sequences[shot.sequence]
    camera = staged.camera
    pixels, joints = camera.project(1000.0 * staged.posed.joints_28.astype(float))
    size = np.array(camera.size)
    inside: np.ndarray = np.all((pixels > -0.5) & (pixels < size - 0.5), axis=-1)
    relevant = pixels[_RELEVANT]
    low, high = relevant.min(0), relevant.max(0)
    columns: dict[str, np.ndarray] = {
        "bbox": np.concatenate((low, high - low)),
        "head_size": np.array(_head_size(joints, camera.intrinsics[0, 0])),
        "image_size": size,
        "subject": np.array(sequence.subject),
        "sequence": np.array(shot.sequence),
        "activity": np.array(staged.clip.activity),
        "scene": np.array(sequence.scene),
        "camera": np.array(shot.camera),
        "frame": np.array(shot.frame(world)),
    }
    if not world.three_d:
        visible = inside[_RELEVANT]
        visible[_UNLABELLED_2D] = False
        return columns | {"joints_2d": np.where(visible[:, None], relevant, 0), "visible": visible}
    root = joints[_PELVIS]
    return columns | {
        "joints_2d": pixels,
        "visible": inside,
        "joints_3d": joints,
        "joints_3d_univ": root + (joints - root) * staged.scale,
        "intrinsics": camera.intrinsics,
        "cam_from_world": camera.cam_from_world,
    }


def _head_size(joints: np.ndarray, focal: float) -> float:
    """0.6 times the diagonal of the head's box in px, as MPII measures heads (PCKh).

    The box is computed in 3D, so that it does not shrink when someone bows towards the camera: its height is the
    distance from the neck to the top of the head, its width three quarters of that, at the depth of the head.
    """
    length = np.linalg.norm(joints[_HEAD_TOP] - joints[_NECK])
    depth = (joints[_HEAD_TOP, 2] + joints[_NECK, 2]) / 2
    return float(0.6 * length * np.hypot(1, 0.75) * focal / depth)
