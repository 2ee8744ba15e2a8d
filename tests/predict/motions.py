"""Motions of the embedded data set with exact labels, and simulated predictions of them."""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from pose3d.predict.place.depth import root_translation
from pose3d.predictions import Predictions
from pose3d.skeleton import MPI_INF_3DHP_17, MPI_INF_3DHP_28, remap
from pose3d.synth.bodies import load_bodies, pose_body
from pose3d.synth.cameras import Camera, look_at, pinhole
from pose3d.synth.motion import sample_clip

FPS = 25.0
BODY = 3
RELEVANT = remap(MPI_INF_3DHP_28, MPI_INF_3DHP_17)
WALKING = 1


@lru_cache(maxsize=8)
def world_motion(activity: int = WALKING, frames: int = 150, seed: int = 0, body: int = BODY) -> np.ndarray:
    """(T, 17, 3) mm, z up, floor at 0; the same array each time."""
    clip = sample_clip(activity, frames, np.random.default_rng(seed), fps=FPS)
    bodies = load_bodies()
    posed = [pose_body(bodies, body, clip.local[t], clip.root_xy[t], float(clip.airborne[t])) for t in range(frames)]
    return 1000 * np.stack([p.joints_28[RELEVANT] for p in posed]).astype(np.float64)


def planted_walk(frames: int = 150, seed: int = 0, body: int = BODY) -> np.ndarray:
    """A walk (T, 17, 3) mm, z up, whose standing foot, the lower one, does not slip; the data set's own feet do."""
    joints = world_motion(WALKING, frames, seed, body).copy()
    ankles = joints[:, [MPI_INF_3DHP_17.index(name) for name in ("r_ankle", "l_ankle")]]
    steps = np.diff(ankles[..., :2], axis=0)
    standing = ankles[..., 2].argmin(axis=1)
    shift = np.zeros((frames, 2))
    shift[1:] = -np.cumsum([steps[t, standing[t]] for t in range(frames - 1)], axis=0)
    joints[..., :2] += shift[:, None]
    joints[..., :2] -= joints[:, MPI_INF_3DHP_17.root, :2].mean(axis=0)
    return joints


def camera_at(height_m: float = 1.6, distance_m: float = 5.0, target_m: float = 0.9, roll: float = 0.0) -> Camera:
    """A camera of 1280 x 720 px that looks at the middle of the scene."""
    size = (1280, 720)
    eye = 1000 * np.array([0.0, -distance_m, height_m])
    return Camera(pinhole(1100.0, size), look_at(eye, np.array([0, 0, 1000 * target_m]), roll), size)


@dataclass(frozen=True)
class Filmed:
    """True and predicted motion."""

    joints_cam: np.ndarray
    """(T, 17, 3) mm."""
    up: np.ndarray
    """(3,) in camera axes."""
    predictions: Predictions


def film(
    world: np.ndarray, camera: Camera, noise_mm: float = 0.0, noise_px: float = 0.0, seed: int = 0, scale: float = 1.0
) -> Filmed:
    """Predictions of a motion: true poses times `scale` and K, with white noise; T by the paper's formula."""
    rng = np.random.default_rng(seed)
    pixels, joints = camera.project(world)
    root = joints[:, MPI_INF_3DHP_17.root]
    pose = (joints - root[:, None]) * scale + rng.normal(0, noise_mm, joints.shape)
    pose -= pose[:, MPI_INF_3DHP_17.root][:, None]
    joints_2d = pixels + rng.normal(0, noise_px, pixels.shape)
    count = len(world)
    intrinsics = np.repeat(camera.intrinsics[None], count, axis=0)
    low, high = joints_2d.min(1), joints_2d.max(1)
    predictions = Predictions(
        joints_3d=pose.astype(np.float32),
        joints_2d=joints_2d.astype(np.float32),
        translation=root_translation(pose, joints_2d, intrinsics).astype(np.float32),
        confidence=np.ones((count, 17), np.float32),
        bbox=np.concatenate([low, high - low], axis=1).astype(np.float32),
        frame=np.arange(count),
        time=np.arange(count) / FPS,
        sequence=np.zeros(count, int),
        intrinsics=intrinsics.astype(np.float32),
        valid=np.ones(count, bool),
    )
    return Filmed(joints, camera.cam_from_world[:3, 2], predictions)


def mpjpe(preds: np.ndarray, target: np.ndarray) -> float:
    """Mean distance of joints, mm."""
    return float(np.linalg.norm(preds - target, axis=-1).mean())


def acceleration_error(preds: np.ndarray, target: np.ndarray) -> float:
    """Mean distance of second differences, mm a frame squared."""
    return mpjpe(np.diff(preds, 2, axis=0), np.diff(target, 2, axis=0))
