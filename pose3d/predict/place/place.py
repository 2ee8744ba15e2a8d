"""Scale, distance, floor and contacts of the predictions of one video whose camera does not move."""

from dataclasses import dataclass, replace

import numpy as np

from pose3d.predict.place.contacts import foot_contacts
from pose3d.predict.place.depth import HEIGHT_STD, KNOWN_HEIGHT_STD, Depth, translation_std
from pose3d.predict.place.foot_lock import lock_feet
from pose3d.predict.place.ground import ANKLE_HEIGHT, Ground, estimate_ground, world_from_camera
from pose3d.predict.place.height import height_scale, stature
from pose3d.predict.place.plumb import away_from, vertical_lines
from pose3d.predict.place.upward import Evidence
from pose3d.predict.refine.refine import frame_rate, times_of
from pose3d.predict.refine.segments import segments
from pose3d.predictions import Predictions
from pose3d.skeleton import MPI_INF_3DHP_17

SURE = 0.3
"""Mean confidence of the joints below which a frame tells nothing about the upward direction."""


@dataclass(frozen=True)
class PlaceOptions:
    """What is known about person and camera."""

    height_m: float | None = None
    """Of the person; None leaves the universal skeleton's size."""
    depth: Depth | None = None
    """None: perspective, where 2D joints and camera are known."""
    camera_pitch_deg: float | None = None
    """How far the camera looks down; None: from feet, posture and the background."""
    fps: float | None = None
    lock_feet: bool = True


@dataclass(frozen=True)
class Placed:
    """Predictions with `world_from_camera`, `contact` and `translation_std`, and what they rest on."""

    predictions: Predictions
    ground: Ground
    height_mm: float


def with_height(predictions: Predictions, height_m: float | None) -> Predictions:
    """With the person's size; after refining, which takes the noise out of the bones' lengths."""
    if height_m is None:
        return predictions
    joints_3d = predictions.require("joints_3d", "--height")
    translation = predictions.require("translation", "--height")
    good = np.isfinite(joints_3d).all(axis=(1, 2))
    confidence = None if predictions.confidence is None else predictions.confidence[good]
    scale = height_scale(joints_3d[good].astype(np.float64), height_m, confidence)
    return replace(
        predictions,
        joints_3d=(joints_3d * scale).astype(np.float32),
        translation=(translation * scale).astype(np.float32),
    )


def place(predictions: Predictions, options: PlaceOptions | None = None) -> Placed:
    """Find the floor and the foot contacts, and keep standing feet where they are.

    `joints_3d` and `translation` stay in camera axes; `world_from_camera` takes their sum to the world.
    """
    options = options or PlaceOptions()
    joints_3d = predictions.require("joints_3d", "placing").astype(np.float64)
    translation = predictions.require("translation", "placing").astype(np.float64)
    joints = joints_3d + translation[:, None]
    good = np.asarray(np.isfinite(joints).all(axis=(1, 2)))
    time = times_of(predictions, options.fps)
    height = stature(joints_3d[good], None if predictions.confidence is None else predictions.confidence[good])
    parts = segments(time, good, joints_3d, predictions.joints_2d)
    ground, contact = _ground_and_contacts(predictions, joints, time, parts, height, options)
    first = joints[np.flatnonzero(good)[0], MPI_INF_3DHP_17.root]
    world = world_from_camera(ground, first)
    if options.lock_feet:
        for part in parts:
            if np.isfinite(joints[part]).all():
                in_world = apply(world, joints[part])
                locked = lock_feet(in_world, contact[part], frame_rate(time[part]), ANKLE_HEIGHT * height)
                joints[part] = apply(np.linalg.inv(world), locked)
    root = joints[:, MPI_INF_3DHP_17.root]
    placed = replace(
        predictions,
        joints_3d=(joints - root[:, None]).astype(np.float32),
        translation=root.astype(np.float32),
        translation_std=_errors(predictions, joints, HEIGHT_STD if options.height_m is None else KNOWN_HEIGHT_STD),
        contact=contact,
        world_from_camera=world,
    )
    return Placed(placed, ground, height)


def _ground_and_contacts(
    predictions: Predictions,
    joints: np.ndarray,
    time: np.ndarray,
    parts: list[slice],
    height: float,
    options: PlaceOptions,
) -> tuple[Ground, np.ndarray]:
    """Contacts first without, then with the upward direction that they lead to."""
    background, std = _background(predictions), _errors(predictions, joints, 0.0)
    distance_std = None if std is None else std[:, 2]
    sure = joints
    if predictions.confidence is not None:
        sure = np.where(predictions.confidence.mean(axis=1)[:, None, None] >= SURE, joints, np.nan)
    up, ground = None, None
    for _ in range(2):
        contact = np.zeros((len(joints), 2), bool)
        for part in parts:
            contact[part] = foot_contacts(joints[part], time[part], height, up)
        pitch = options.camera_pitch_deg
        ground = estimate_ground(joints, contact, time, height, pitch, background, sure, distance_std)
        up = ground.up
    assert ground is not None
    return ground, contact


def _background(predictions: Predictions) -> Evidence | None:
    lines, boxes, intrinsics = predictions.background_lines, predictions.bbox, predictions.intrinsics
    if lines is None or boxes is None or intrinsics is None:
        return None
    known = intrinsics[np.isfinite(intrinsics).all(axis=(1, 2))]
    return vertical_lines(away_from(lines, boxes).astype(np.float64), known[0].astype(np.float64))


def _errors(predictions: Predictions, joints: np.ndarray, height_std: float) -> np.ndarray | None:
    if predictions.joints_2d is None or predictions.intrinsics is None:
        return None
    root = joints[:, MPI_INF_3DHP_17.root]
    camera = predictions.intrinsics.astype(np.float64)
    std = translation_std(root, joints - root[:, None], predictions.joints_2d.astype(np.float64), camera, height_std)
    return std.astype(np.float32)


def apply(matrix: np.ndarray, points: np.ndarray) -> np.ndarray:
    """A rigid motion (4, 4) of points (..., 3)."""
    return points @ matrix[:3, :3].T + matrix[:3, 3]
