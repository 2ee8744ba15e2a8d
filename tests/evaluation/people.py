"""Predictions of made-up people in four postures, for the tests of evaluation."""

import numpy as np

from pose3d.predictions import Predictions

STANDING = np.array(
    [
        [0, -700, 0], [0, -480, 0], [-180, -460, 0], [-200, -180, 0], [-210, 60, 0], [180, -460, 0], [200, -180, 0],
        [210, 60, 0], [-100, 0, 0], [-110, 430, 0], [-115, 830, 0], [100, 0, 0], [110, 430, 0], [115, 830, 0],
        [0, 0, 0], [0, -240, 0], [0, -580, -30],
    ],
    dtype=np.float64,
)  # fmt: skip

SITTING = STANDING.copy()
SITTING[[9, 12]] = [[-110, 20, -430], [110, 20, -430]]
SITTING[[10, 13]] = [[-115, 420, -430], [115, 420, -430]]

SQUATTING = STANDING.copy()
SQUATTING[[9, 12]] = [[-110, -150, -400], [110, -150, -400]]
SQUATTING[[10, 13]] = [[-115, 120, -100], [115, 120, -100]]

LYING = STANDING[:, [0, 2, 1]]  # on the back

POSTURES = (STANDING, SITTING, SQUATTING, LYING)


def turned(pose: np.ndarray, yaw: float) -> np.ndarray:
    """Pose (17, 3) turned about the vertical axis."""
    cos, sin = np.cos(yaw), np.sin(yaw)
    return pose @ np.array([[cos, 0, sin], [0, 1, 0], [-sin, 0, cos]]).T


def make_predictions(noise: float = 60.0, seed: int = 0, frames: int = 96, full: bool = False) -> Predictions:
    """`frames` frames of six sequences, 16 frames apart; the ground truth does not depend on `seed`.

    With `full`, everything that the 2D, global and subject-scaled protocols need besides.
    """
    people = np.random.default_rng(1234)
    target = np.stack([turned(POSTURES[i % 4], people.uniform(0, 6.28)) for i in range(frames)])
    target += people.normal(0, 15, target.shape)
    target -= target[:, 14:15]
    rng = np.random.default_rng(seed)
    preds = target + rng.normal(0, noise, target.shape)
    preds -= preds[:, 14:15]
    sequence = np.arange(frames) * 6 // frames
    predictions = Predictions(
        joints_3d=preds.astype(np.float32),
        target_3d=target.astype(np.float32),
        frame=np.arange(frames) * 16,
        sequence=sequence,
        scene=sequence // 2,
        activity=1 + np.arange(frames) % 5,
        subject=sequence,
        sequence_names=np.array([f"TS{i}" for i in range(1, 7)]),
        scene_names=np.array(["green screen", "studio", "outdoor"]),
        box="ground truth",
    )
    if full:
        joints_2d = people.uniform(0, 500, (frames, 17, 2)).astype(np.float32)
        place = np.tile(np.float32([0, 0, 4000]), (frames, 1))
        predictions.target_2d, predictions.visible = joints_2d, np.ones((frames, 17), bool)
        predictions.joints_2d = joints_2d + rng.normal(0, noise / 10, joints_2d.shape).astype(np.float32)
        predictions.head_size = np.full(frames, 40.0, np.float32)
        predictions.target_translation = place
        predictions.translation = place + rng.normal(0, noise, place.shape).astype(np.float32)
        predictions.target_3d_true = (target * 1.05).astype(np.float32)
        predictions.perspective_rotation = np.stack([turned(np.eye(3), 0.3).T] * frames)
    return predictions
