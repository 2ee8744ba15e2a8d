"""Synthetic motion: key poses blended over time, and procedural walks, runs and crawls.

A clip stays within one family of key poses. Each visit to a key pose changes its angles at random within the joint
limits, so that no two clips are alike; half of the clips are mirrored, and the heading is random.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from pose3d.synth import gaits
from pose3d.synth.angles import INDEX, TRUNK, about, clamp, mirror, multiply, slerp, to_matrices, to_quaternions
from pose3d.synth.clearance import penetration
from pose3d.synth.keyposes import FAMILIES, Family, KeyPose
from pose3d.synth.rig import CONTROLS, FLIP

ACTIVITIES = (
    "Standing/Walking", "Exercising", "Sitting", "Reaching/Crouching", "On The Floor", "Sports", "Miscellaneous",
)  # fmt: skip
"""Names of activities 1..7 in the order of MPI-INF-3DHP (activity id minus 1)."""

MAX_PENETRATION_M = 0.055
"""Largest accepted self-penetration (soft tissue gives way); clips that exceed it are drawn again."""

MAX_SPEED_RAD_S = 7.0
"""Largest mean angular speed of a joint during a blend; its peak speed is 1.5 times as high."""

_ATTEMPTS = 8
_ARM_CONTROLS = [i for i, c in enumerate(CONTROLS) if c.split("_")[-1] in ("clavicle", "shoulder", "elbow", "wrist")]
_GAIT_SHARE = {1: 0.58, 5: 0.08}  # of clips of standing/walking and on the floor that are procedural
_BORROW_ARMS = 0.4

# Standard deviation in degrees of the random change of each angle.
_SPREAD = {
    "pelvis": (4, 4, 4), "spine": (4, 3, 4), "chest": (4, 3, 5), "neck": (5, 4, 8), "head": (5, 4, 9),
    "clavicle": (3, 3, 0), "shoulder": (10, 12, 10), "elbow": (13, 0, 8), "wrist": (14, 8, 12),
    "hip": (7, 7, 6), "knee": (8, 0, 3), "ankle": (5, 3, 4),
}  # fmt: skip
_STD = np.array([_SPREAD[c.split("_")[-1]] for c in CONTROLS], float)


@dataclass(frozen=True)
class Clip:
    """T frames of motion.

    `local` (T, C, 3, 3) rotations of the rig's controls, `root_xy` (T, 2) m on the floor, `airborne` (T,) m between the
    floor and the lowest point of the body; `chair` when the person sits on one; `activity` 1..7.
    """

    local: np.ndarray
    root_xy: np.ndarray
    airborne: np.ndarray
    chair: bool
    activity: int


def sample_clip(activity: int, num_frames: int, rng: np.random.Generator, fps: float = 25.0) -> Clip:
    """Draw `num_frames` of motion of one activity (1..7) at `fps`; the same generator state gives the same clip."""
    best: tuple[float, Clip] | None = None
    for _ in range(_ATTEMPTS):
        clip = _draw(activity, num_frames, rng, fps)
        depth = float(penetration(clip.local).max())
        if best is None or depth < best[0]:
            best = depth, clip
        if depth < MAX_PENETRATION_M:
            break
    assert best is not None
    return best[1]


def _draw(activity: int, num_frames: int, rng: np.random.Generator, fps: float) -> Clip:
    """One attempt at a clip."""
    if rng.random() < _GAIT_SHARE.get(activity, 0):
        quaternions, steps = _gait(activity, num_frames, rng, fps)
        airborne, chair = np.zeros(num_frames), False
    else:
        family = _choose([f for f in FAMILIES if f.activity == activity], rng)
        quaternions, airborne = _blend(family, num_frames, rng, fps)
        steps, chair = np.zeros((num_frames, 2)), family.chair
    if rng.random() < 0.5:
        quaternions = _mirror_world(quaternions)
        steps = steps * (-1, 1)
    heading = rng.uniform(-180, 180)
    quaternions[:, 0] = multiply(about(2, heading), quaternions[:, 0])
    c, s = np.cos(np.radians(heading)), np.sin(np.radians(heading))
    path = np.cumsum(steps, 0) @ np.array([[c, s], [-s, c]])
    root = path - path.mean(0) + rng.normal(0, 0.25, 2)
    return Clip(
        to_matrices(quaternions).astype(np.float32),
        root.astype(np.float32),
        airborne.astype(np.float32),
        chair,
        activity,
    )


def _choose(families: Sequence[Family], rng: np.random.Generator) -> Family:
    weights = np.array([f.weight for f in families])
    return families[rng.choice(len(families), p=weights / weights.sum())]


def _mirror_world(quaternions: np.ndarray) -> np.ndarray:
    """Mirror quaternions (..., C, 4): exchange left and right controls and reflect rotations in x."""
    return quaternions[..., FLIP, :] * (1, 1, -1, -1)


def _blend(family: Family, num_frames: int, rng: np.random.Generator, fps: float) -> tuple[np.ndarray, np.ndarray]:
    """Quaternions (T, C, 4) and height above the floor (T,) of a walk through a family's key poses."""
    index = int(rng.integers(len(family.poses)))
    first = _vary(family, index, rng)
    keys, quaternions = [first], [to_quaternions(first.angles)]
    starts, ends = [0.0], [rng.uniform(0, 0.4) * family.pace]  # each pose is held from start to end, then blended
    offset = rng.uniform(0, 1.2) * family.pace
    times = offset + np.arange(num_frames) / fps
    while starts[-1] <= times[-1]:
        index = _next(family, index, rng)
        keys.append(_vary(family, index, rng))
        quaternions.append(to_quaternions(keys[-1].angles))
        cosine = np.abs((quaternions[-2] * quaternions[-1]).sum(-1)).min()
        shortest = 2 * np.arccos(min(cosine, 1.0)) / MAX_SPEED_RAD_S
        starts.append(ends[-1] + max(shortest, rng.uniform(0.45, 1.1) * family.pace))
        ends.append(starts[-1] + rng.uniform(0, 0.35) * family.pace)
    poses = np.stack(quaternions)
    segment = np.clip(np.searchsorted(starts, times, "right") - 1, 0, len(keys) - 2)
    begin, end = np.array(ends)[segment], np.array(starts)[segment + 1]
    t = np.clip((times - begin) / (end - begin), 0, 1)
    ease = t * t * (3 - 2 * t)
    blended = slerp(poses[segment], poses[segment + 1], np.broadcast_to(ease[:, None], (num_frames, len(CONTROLS))))
    air = np.array([k.air for k in keys])
    return blended, air[segment] * (1 - ease) + air[segment + 1] * ease


def _next(family: Family, index: int, rng: np.random.Generator) -> int:
    """The pose after `index`: the following one of a cycle, any other one elsewhere."""
    step = 1 if family.cycle else int(rng.integers(1, len(family.poses)))
    return (index + step) % len(family.poses)


def _vary(family: Family, index: int, rng: np.random.Generator) -> KeyPose:
    """A key pose with other arms (where the family allows it) and randomly changed angles within the limits."""
    key = family.poses[index]
    angles = key.angles.copy()
    if family.free_arms and rng.random() < _BORROW_ARMS:
        donors = [f for f in FAMILIES if f.free_arms or f.activity == 2]
        donor = donors[rng.integers(len(donors))]
        arms = donor.poses[rng.integers(len(donor.poses))].angles
        arms = mirror(arms) if rng.random() < 0.5 else arms
        angles[_ARM_CONTROLS] = arms[_ARM_CONTROLS]
    return replace(key, angles=_perturb(angles, rng, family.spread))


def _perturb(angles: np.ndarray, rng: np.random.Generator, scale: float = 1.0) -> np.ndarray:
    """Add noise to angles (C, 3), less of it to straight elbows and knees, so that straight limbs stay common."""
    noise = rng.normal(size=angles.shape) * _STD * scale
    straight = angles < 15
    for side in "lr":
        for name in (f"{side}_elbow", f"{side}_knee"):
            i = INDEX[name]
            noise[i, 0] *= 0.6 if straight[i, 0] else 1
    noise[TRUNK, 0] += rng.normal() * 2
    return clamp(angles + noise)


def _gait(activity: int, num_frames: int, rng: np.random.Generator, fps: float) -> tuple[np.ndarray, np.ndarray]:
    """Quaternions (T, C, 4) and steps (T, 2) in m, heading -y, of a walk, run or crawl."""
    kind = gaits.CRAWL if activity == 5 else gaits.RUN if rng.random() < 0.18 else gaits.WALK
    angles, steps = gaits.sample_gait(kind, num_frames, rng, fps)
    offset = _perturb(angles.mean(0), rng, 0.5) - angles.mean(0)
    if kind is gaits.WALK and rng.random() < 0.35:
        arms = _vary(_choose([f for f in FAMILIES if f.free_arms], rng), 0, rng).angles
        angles[:, _ARM_CONTROLS] = arms[_ARM_CONTROLS]
    return to_quaternions(clamp(angles + offset)), steps
