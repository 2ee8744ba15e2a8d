"""Self-penetration of poses, measured on a nominal skeleton of capsules.

The bodies differ in girth, so this is a coarse filter against impossible poses (a forearm inside the chest, one knee
inside the other). It is cheap enough to run on every frame of every clip.
"""

import numpy as np

from pose3d.synth.rig import CONTROLS, PARENTS, world_rotations

# Rest positions in metres of a person of 1.72 m; the left side, mirrored below.
_REST = {
    "pelvis": (0, 0, 0.95),
    "spine": (0, 0.01, 1.05),
    "chest": (0, 0.01, 1.20),
    "neck": (0, 0.02, 1.45),
    "head": (0, 0.0, 1.54),
    "clavicle": (0.03, 0, 1.40),
    "shoulder": (0.175, 0.01, 1.40),
    "elbow": (0.185, 0.01, 1.12),
    "wrist": (0.185, 0.0, 0.87),
    "hip": (0.09, 0, 0.91),
    "knee": (0.09, 0, 0.50),
    "ankle": (0.09, 0.02, 0.08),
}
_TIPS = {"head": (0, -0.02, 1.72), "wrist": (0.185, 0, 0.72), "ankle": (0.09, -0.16, 0.02)}


def _position(table: dict[str, tuple[float, float, float]], control: str) -> np.ndarray:
    side, _, name = control.rpartition("_")
    return np.array(table[name], float) * (-1 if side == "r" else 1, 1, 1)


_HEADS = np.stack([_position(_REST, c) for c in CONTROLS])
_OFFSETS = _HEADS - _HEADS[list(PARENTS)]
_END_OF = [c for c in CONTROLS if c.rpartition("_")[2] in _TIPS]
POINTS = {name: i for i, name in enumerate([*CONTROLS, *(f"{c}_tip" for c in _END_OF)])}
"""Names of the points of `stick_points`: the controls, then the ends of head, hands and feet."""


def stick_points(local: np.ndarray) -> np.ndarray:
    """Points (..., P, 3) in metres of the nominal skeleton, pelvis at the origin, from `local` (..., C, 3, 3)."""
    world = world_rotations(local)
    points = np.zeros((*local.shape[:-3], len(POINTS), 3))
    for i, parent in enumerate(PARENTS):
        if parent != i:
            points[..., i, :] = points[..., parent, :] + world[..., parent, :, :] @ _OFFSETS[i]
    for name in _END_OF:
        i = POINTS[name]
        offset = _position(_TIPS, name) - _HEADS[i]
        points[..., POINTS[f"{name}_tip"], :] = points[..., i, :] + world[..., i, :, :] @ offset
    return points


# Capsules (from, to, radius in m) that limbs must not enter; the torso is two of them side by side, added below.
_TORSO_HALF_WIDTH = 0.075
_PAIRS = (
    # (limb from, limb to, radius, obstacle from, obstacle to, radius)
    *((f"{s}_elbow", f"{s}_wrist_tip", 0.035, "head", "head_tip", 0.085) for s in "lr"),
    *((f"{s}_elbow", f"{s}_wrist_tip", 0.03, f"{t}_hip", f"{t}_knee", 0.065) for s in "lr" for t in "lr"),
    ("l_elbow", "l_wrist_tip", 0.035, "r_elbow", "r_wrist_tip", 0.035),
    ("l_knee", "l_ankle_tip", 0.05, "r_knee", "r_ankle_tip", 0.05),
    ("l_knee", "l_ankle", 0.05, "r_hip", "r_knee", 0.06),
    ("r_knee", "r_ankle", 0.05, "l_hip", "l_knee", 0.06),
)


def _sampled(points: np.ndarray, start: str, end: str, count: int) -> np.ndarray:
    """Points (..., count, 3) along a bone; without its first quarter, since bones that share a joint may touch
    there."""
    a, b = points[..., POINTS[start], :], points[..., POINTS[end], :]
    t = np.linspace(0.25, 1, count)[:, None]
    return a[..., None, :] * (1 - t) + b[..., None, :] * t


def _distance(points: np.ndarray, a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Smallest distance of points (..., n, 3) to the segment a b, each (..., 3)."""
    ab = (b - a)[..., None, :]
    t = np.clip(((points - a[..., None, :]) * ab).sum(-1) / ((ab * ab).sum(-1) + 1e-12), 0, 1)
    nearest = a[..., None, :] + t[..., None] * ab
    return np.linalg.norm(points - nearest, axis=-1).min(-1)


def penetration(local: np.ndarray) -> np.ndarray:
    """Depth (...,) in metres of the deepest penetration of limbs into the trunk, the head or each other; 0 if there
    is none."""
    points = stick_points(local)
    worst = np.zeros(local.shape[:-3])
    for start, end, radius, a, b, obstacle in _PAIRS:
        gap = _distance(_sampled(points, start, end, 5), points[..., POINTS[a], :], points[..., POINTS[b], :])
        worst = np.maximum(worst, radius + obstacle - gap)
    top = (points[..., POINTS["l_clavicle"], :] + points[..., POINTS["r_clavicle"], :]) / 2
    across = points[..., POINTS["l_shoulder"], :] - points[..., POINTS["r_shoulder"], :]
    across = _TORSO_HALF_WIDTH * across / np.linalg.norm(across, axis=-1, keepdims=True)
    for side in "lr":
        limb = _sampled(points, f"{side}_elbow", f"{side}_wrist_tip", 6)
        for sign in (-1, 1):
            gap = _distance(limb, points[..., 0, :] + sign * across, top + sign * across)
            worst = np.maximum(worst, 0.115 - gap)
    return worst
