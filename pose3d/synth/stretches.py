"""Random poses of the world `wild3d`: stretched limbs, one-legged balance, leaps, squats, hands on the body.

The key poses of `pose3d.synth.keyposes` cluster around everyday motion; these poses cover the space between. Each is
clamped to the joint limits, checked for self-penetration, and tilted until it is balanced.
"""

import numpy as np

from pose3d.synth.angles import INDEX, TRUNK, about, clamp, to_matrices, to_quaternions
from pose3d.synth.clearance import POINTS, penetration, stick_points
from pose3d.synth.rig import CONTROLS

MAX_PENETRATION_M = 0.045

_ATTEMPTS = 12
_MAX_TILT_DEG = 25.0
# share of the body's mass at each point of the stick figure; the neck is part of the head's
_MASS = {"head": 0.08, "chest": 0.30, "pelvis": 0.18, "spine": 0.08}
_MASS |= {f"{s}_{j}": m for s in "lr" for j, m in (("elbow", 0.03), ("wrist", 0.025), ("knee", 0.09), ("ankle", 0.035))}
_MASSES = np.array([_MASS.get(name, 0.0) for name in POINTS])

# Angles that bring a hand to the body: (raise, plane, turn) of the shoulder, elbow flexion.
_TOUCHES = (
    ((48, 115, -60), 95),  # hip
    ((28, 35, -62), 108),  # other elbow, folded arms
    ((55, 55, -5), 140),  # ear
    ((38, 15, -30), 138),  # chin
    ((26, 20, -65), 100),  # belly
    ((128, 85, 45), 138),  # back of the head
    ((48, 5, -12), 122),  # chest
    ((28, 170, -50), 62),  # small of the back
    ((40, 8, -10), 20),  # thigh, bent forward
    ((70, 5, -75), 125),  # other shoulder
)


def sample(rng: np.random.Generator) -> tuple[np.ndarray, float]:
    """Draw a pose: local rotations (C, 3, 3) and the height in m of its lowest point above the floor."""
    best: tuple[float, np.ndarray, float] | None = None
    for _ in range(_ATTEMPTS):
        angles, air = _draw(rng)
        local = to_matrices(to_quaternions(clamp(angles)))
        depth = float(penetration(local[None])[0])
        if best is None or depth < best[0]:
            best = depth, local, air
        if depth < MAX_PENETRATION_M:
            break
    assert best is not None
    _, local, air = best
    if air == 0:
        local = balanced(local)
    turn = about(2, rng.uniform(-180, 180))
    local[0] = to_matrices(turn) @ local[0]
    return local, air


def _draw(rng: np.random.Generator) -> tuple[np.ndarray, float]:
    """Angles (C, 3) in degrees, not yet clamped, and height above the floor."""
    angles = np.zeros((len(CONTROLS), 3))
    angles[TRUNK] = rng.normal(0, 1, (5, 3)) * ((9, 7, 0), (10, 7, 9), (10, 7, 10), (7, 6, 12), (7, 6, 12))
    bowed = rng.random() < 0.2
    if bowed:
        angles[INDEX["pelvis"], 0] += rng.uniform(15, 75)
        angles[INDEX["spine"], 0] += rng.uniform(0, 35)
    for side in "lr":
        _arm(angles, side, rng, touching=rng.random() < 0.25)
    kind = rng.choice(("both", "one", "leap", "squat"), p=(0.4, 0.37, 0.08, 0.15))
    air = 0.0
    if kind == "both":
        for side in "lr":
            _leg(angles, side, rng, raise_=abs(rng.normal(0, 22)), straight=rng.random() < 0.65)
    elif kind == "squat":
        depth = rng.uniform(40, 115)
        for side in "lr":
            _leg(angles, side, rng, raise_=depth + rng.normal(0, 12), straight=False)
            angles[INDEX[f"{side}_hip"], 1] = rng.uniform(-5, 60)
            angles[INDEX[f"{side}_knee"], 0] = depth * rng.uniform(0.8, 1.3)
            angles[INDEX[f"{side}_ankle"], 0] = 20
        angles[INDEX["pelvis"], 0] += rng.uniform(0, 35)
    else:
        first, second = ("l", "r") if rng.random() < 0.5 else ("r", "l")
        lifted = rng.uniform(15, 115)
        _leg(angles, second, rng, raise_=lifted, straight=rng.random() < 0.55)
        behind = angles[INDEX[f"{second}_hip"], 1] > 110
        if kind == "leap":
            _leg(angles, first, rng, raise_=rng.uniform(0, 80), straight=rng.random() < 0.5)
            air = rng.uniform(0.03, 0.45)
        else:
            _leg(angles, first, rng, raise_=abs(rng.normal(0, 9)), straight=rng.random() < 0.7)
            if behind:  # a leg is raised backwards only with the trunk bent forward
                bend = rng.uniform(0, 70)
                angles[INDEX["pelvis"], 0] += bend
                angles[INDEX[f"{first}_hip"]] = (bend, 0, 0)
                angles[INDEX["neck"], 0] -= 0.3 * bend
            elif angles[INDEX[f"{second}_hip"], 1] > 50:  # and sideways with the trunk leaning away
                lean = rng.uniform(0, 40) * (-1 if second == "l" else 1)
                angles[INDEX["pelvis"], 1] += lean
    return angles, air


def _arm(angles: np.ndarray, side: str, rng: np.random.Generator, touching: bool) -> None:
    shoulder, elbow = INDEX[f"{side}_shoulder"], INDEX[f"{side}_elbow"]
    if touching:
        swing, flexion = _TOUCHES[rng.integers(len(_TOUCHES))]
        angles[shoulder] = np.array(swing) + rng.normal(0, 6, 3)
        angles[elbow, 0] = flexion + rng.normal(0, 6)
    else:
        angles[shoulder] = rng.triangular(0, 90, 178), rng.uniform(-35, 150), rng.uniform(-60, 75)
        straight = rng.random() < 0.55
        angles[elbow, 0] = abs(rng.normal(0, 12)) if straight else rng.uniform(15, 140)
    angles[elbow, 2] = rng.normal(0, 18)
    angles[INDEX[f"{side}_wrist"]] = rng.normal(0, 1, 3) * (22, 12, 15)
    raised = angles[shoulder, 0]
    angles[INDEX[f"{side}_clavicle"]] = np.clip(0.22 * (raised - 60), 0, 25) + rng.normal(0, 3), rng.normal(0, 5), 0


def _leg(angles: np.ndarray, side: str, rng: np.random.Generator, raise_: float, straight: bool) -> None:
    plane = rng.choice((0.0, 90.0, 170.0), p=(0.4, 0.35, 0.25)) + rng.normal(0, 25)
    angles[INDEX[f"{side}_hip"]] = raise_, plane, rng.normal(8, 14)
    angles[INDEX[f"{side}_knee"], 0] = abs(rng.normal(0, 8)) if straight else rng.uniform(8, 125)
    angles[INDEX[f"{side}_ankle"]] = rng.normal(0, 1, 3) * (16, 6, 6)


def balanced(local: np.ndarray) -> np.ndarray:
    """Tilt a pose (C, 3, 3) by up to 25 degrees so that its centre of mass lies above the supporting feet."""
    out = local.copy()
    turned = 0.0
    for _ in range(3):
        points = stick_points(out)
        feet = np.array([points[[POINTS[f"{s}_ankle"], POINTS[f"{s}_ankle_tip"]]].mean(0) for s in "lr"])
        low = feet[feet[:, 2] < feet[:, 2].min() + 0.06]
        offset = (_MASSES[:, None] * points).sum(0) / _MASSES.sum() - low.mean(0)
        tilt = np.degrees(np.arctan2(np.hypot(offset[0], offset[1]), offset[2]))
        step = min(tilt, _MAX_TILT_DEG - turned)
        if offset[2] < 0.2 or step < 0.5:
            break
        axis = np.array([offset[1], -offset[0], 0]) / np.hypot(offset[0], offset[1])  # z x offset, reversed
        half = np.radians(-step) / 2
        rotation = to_matrices(np.array([np.cos(half), *(-axis * np.sin(half))]))
        out[0] = rotation @ out[0]
        turned += step
    return out
