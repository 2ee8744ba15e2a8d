"""Walking, running and crawling as sums of a few sines of one phase."""

from dataclasses import dataclass

import numpy as np

from pose3d.synth.angles import INDEX
from pose3d.synth.rig import CONTROLS


@dataclass(frozen=True)
class Gait:
    """Amplitudes in degrees; `speed` m/s and `cadence` Hz (of whole cycles) are ranges."""

    speed: tuple[float, float]
    cadence: tuple[float, float]
    hip: float
    hip_mean: float
    knee: float
    knee_min: float
    arm: float
    arm_mean: float
    elbow: float
    pitch: float
    pelvis_turn: float = 6.0


WALK = Gait((0.7, 1.6), (0.75, 1.1), 24, 6, 52, 6, 22, 2, 18, 2)
RUN = Gait((2.0, 3.4), (1.1, 1.35), 38, 15, 74, 18, 40, 0, 88, 10, 9)
CRAWL = Gait((0.3, 0.7), (0.5, 0.9), 18, 82, 8, 84, 20, 84, 8, 86, 3)


def sample_gait(gait: Gait, num_frames: int, rng: np.random.Generator, fps: float) -> tuple[np.ndarray, np.ndarray]:
    """Angles (T, C, 3) in degrees and displacement per frame (T, 2) in metres, starting towards -y."""
    strength = rng.uniform(0.65, 1.2)
    phase = 2 * np.pi * (rng.random() + rng.uniform(*gait.cadence) * np.arange(num_frames) / fps)
    crawl = gait is CRAWL
    angles = np.zeros((num_frames, len(CONTROLS), 3))

    def put(control: str, k: int, value: np.ndarray | float) -> None:
        angles[:, INDEX[control], k] = value

    swing = np.sin(phase)
    pitch = gait.pitch + rng.normal(0, 2)
    put("pelvis", 0, pitch)
    put("pelvis", 1, 2.5 * np.cos(phase))
    put("chest", 2, -1.5 * gait.pelvis_turn * strength * swing)
    put("neck", 0, -25 if crawl else rng.normal(2, 5))
    put("head", 0, -15 if crawl else rng.normal(4, 6))
    put("head", 2, rng.normal(0, 12))
    elbow = gait.elbow * rng.uniform(0.6, 1.3)
    for side, sign in (("l", 1.0), ("r", -1.0)):
        forward = gait.hip_mean + gait.hip * strength * sign * swing
        # the knee bends most while the thigh swings forward, a little before it passes the vertical
        lift = np.maximum(0, np.cos(phase + (0 if sign > 0 else np.pi) + 0.35)) ** 2
        knee = gait.knee_min + gait.knee * strength * lift
        put(f"{side}_hip", 0, forward + (0 if crawl else 0.35 * pitch))
        put(f"{side}_hip", 2, 4 + rng.normal(0, 3))
        put(f"{side}_knee", 0, knee)
        toe_off = np.maximum(0, np.cos(phase + (0 if sign > 0 else np.pi) + 1.35)) ** 3
        put(f"{side}_ankle", 0, -38 if crawl else 8 * sign * swing - 16 * toe_off * strength)
        arm = gait.arm_mean - gait.arm * strength * sign * swing
        put(f"{side}_shoulder", 0, arm)
        put(f"{side}_shoulder", 1, 8)
        put(f"{side}_shoulder", 2, 0 if crawl else -8)
        put(f"{side}_elbow", 0, elbow + (0 if crawl else 0.5 * np.maximum(0, arm)))
    put("pelvis", 2, gait.pelvis_turn * strength * swing * -0.7)

    turn = np.cumsum(np.full(num_frames, rng.normal(0, 14) / fps))  # a slow bend of the path, degrees
    angles[:, INDEX["pelvis"], 2] += turn
    step = rng.uniform(*gait.speed) * strength / fps
    heading = np.radians(turn)
    return angles, step * np.stack((np.sin(heading), -np.cos(heading)), -1)
