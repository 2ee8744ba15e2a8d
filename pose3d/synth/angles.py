"""Anatomical angles of the rig's controls, and their conversion to rotations.

A pose is written as three angles per control, in degrees, `(C, 3)`:

=================  =====================================================================
control            angles
=================  =====================================================================
pelvis, spine,     bend forward, lean to the left, turn to the left
chest, neck, head
clavicle           shoulder up, shoulder forward, -
shoulder, hip      raise away from hanging straight down, in the plane (0 forward, 90 outward,
                   180 backward, negative across the body), twist around the limb's axis (outward +)
elbow, knee        flexion (both bend one way only), -, turn of the lower limb
wrist              flexion towards the palm, tilt forward, turn
ankle              toes up, sole outward, toes outward
=================  =====================================================================

Both sides use the same convention: the right side is the mirror image of the left. `shoulder` is relative to the chest:
the clavicle's rotation is removed, so raising the clavicle lifts the shoulder without rotating the arm.
Body axes as in `pose3d.synth.rig`: x to the subject's left, -y forward, z up.
"""

import numpy as np

from pose3d.synth.rig import CONTROLS, FLIP

INDEX = {name: i for i, name in enumerate(CONTROLS)}
TRUNK = slice(0, 5)
_RIGHT = [INDEX[name] for name in CONTROLS if name.startswith("r_")]

# Limits in degrees (low, high) of the three angles; the raise of shoulders and hips depends on the plane, see below.
_LIMITS = {
    "pelvis": ((-180, 180), (-180, 180), (-180, 180)),
    "spine": ((-20, 45), (-20, 20), (-25, 25)),
    "chest": ((-20, 35), (-18, 18), (-30, 30)),
    "neck": ((-25, 30), (-20, 20), (-35, 35)),
    "head": ((-25, 25), (-15, 15), (-35, 35)),
    "clavicle": ((-8, 30), (-15, 25), (0, 0)),
    "shoulder": ((-50, 178), (-60, 200), (-95, 90)),
    "elbow": ((0, 145), (0, 0), (-50, 50)),
    "wrist": ((-60, 65), (-30, 30), (-40, 40)),
    "hip": ((-25, 125), (-40, 200), (-40, 45)),
    "knee": ((0, 150), (0, 0), (-15, 15)),
    "ankle": ((-55, 25), (-15, 15), (-15, 15)),
}
LIMITS = np.array([_LIMITS[n.split("_")[-1]] for n in CONTROLS], float)  # (C, 3, 2)
# (plane, largest raise): an arm or a thigh goes high in front, less far to the side, hardly to the back
_ARM_RAISE = np.array([(-60, 95), (-40, 130), (0, 178), (95, 178), (115, 110), (140, 70), (180, 58), (200, 50)], float)
_LEG_RAISE = np.array([(-40, 60), (-10, 120), (30, 125), (60, 110), (90, 60), (130, 40), (180, 30), (200, 25)], float)


def clamp(angles: np.ndarray) -> np.ndarray:
    """Clamp angles (..., C, 3) in degrees to the joint limits."""
    clamped = np.clip(angles, LIMITS[..., 0], LIMITS[..., 1])
    for side in "lr":
        for name, table in ((f"{side}_shoulder", _ARM_RAISE), (f"{side}_hip", _LEG_RAISE)):
            raise_, plane = clamped[..., INDEX[name], 0], clamped[..., INDEX[name], 1]
            clamped[..., INDEX[name], 0] = np.minimum(raise_, np.interp(plane, table[:, 0], table[:, 1]))
    return clamped


def mirror(angles: np.ndarray) -> np.ndarray:
    """Mirror angles (..., C, 3) left to right."""
    mirrored = angles[..., FLIP, :]
    mirrored[..., TRUNK, 1:] *= -1
    return mirrored


def multiply(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Quaternion product a b of (..., 4), real part first."""
    aw, ax, ay, az = a[..., 0], a[..., 1], a[..., 2], a[..., 3]
    bw, bx, by, bz = b[..., 0], b[..., 1], b[..., 2], b[..., 3]
    return np.stack(
        (
            aw * bw - ax * bx - ay * by - az * bz,
            aw * bx + ax * bw + ay * bz - az * by,
            aw * by - ax * bz + ay * bw + az * bx,
            aw * bz + ax * by - ay * bx + az * bw,
        ),
        -1,
    )


def about(axis: int, degrees: np.ndarray | float) -> np.ndarray:
    """Quaternions (..., 4) of rotations about body axis 0, 1 or 2."""
    half = np.radians(degrees) / 2
    quaternion = np.zeros((*np.shape(half), 4))
    quaternion[..., 0] = np.cos(half)
    quaternion[..., 1 + axis] = np.sin(half)
    return quaternion


def _swing(raise_: np.ndarray, plane: np.ndarray) -> np.ndarray:
    """Rotate a hanging limb by `raise_` degrees towards the horizontal direction `plane`, without twist."""
    half, plane = np.radians(raise_) / 2, np.radians(plane)
    # axis = (0, 0, -1) x (sin plane, -cos plane, 0)
    return np.stack((np.cos(half), -np.sin(half) * np.cos(plane), -np.sin(half) * np.sin(plane), 0 * half), -1)


# The three angles as one rotation: a product of three rotations, each (axis, which angle, sign), left to right.
# Axis 3 is the swing of shoulders and hips; sign 0 means none. The right side is computed as a left one, then mirrored.
_NONE = (0, 0, 0)
_TURNS = {
    **dict.fromkeys(CONTROLS[TRUNK], ((2, 2, 1), (1, 1, 1), (0, 0, 1))),
    "clavicle": ((1, 0, -1), _NONE, (2, 1, -1)),
    "shoulder": ((3, 0, 1), _NONE, (2, 2, 1)),
    "hip": ((3, 0, 1), _NONE, (2, 2, 1)),
    "elbow": ((0, 0, -1), _NONE, (2, 2, 1)),
    "knee": ((0, 0, 1), _NONE, (2, 2, 1)),
    "wrist": ((1, 0, 1), (0, 1, -1), (2, 2, 1)),
    "ankle": ((0, 0, -1), (1, 1, -1), (2, 2, 1)),
}
_TABLE = np.array([_TURNS[name.split("_")[-1]] for name in CONTROLS])  # (C, 3, 3)
_SWUNG = np.flatnonzero(_TABLE[:, 0, 0] == 3)
_CLAVICLES, _SHOULDERS = ([INDEX[f"{s}_{n}"] for s in "lr"] for n in ("clavicle", "shoulder"))


def to_quaternions(angles: np.ndarray) -> np.ndarray:
    """Local rotations of all controls as quaternions (..., C, 4) from angles (..., C, 3) in degrees."""
    controls = np.arange(len(CONTROLS))
    turns = []
    for k in range(3):
        axis, which, sign = _TABLE[:, k].T
        half = np.radians(angles[..., controls, which] * sign) / 2
        turn = np.zeros((*half.shape, 4))
        turn[..., 0] = np.cos(half)
        turn[..., controls, 1 + axis % 3] = np.sin(half)
        turns.append(turn)
    turns[0][..., _SWUNG, :] = _swing(angles[..., _SWUNG, 0], angles[..., _SWUNG, 1])
    out = multiply(multiply(turns[0], turns[1]), turns[2])
    back = out[..., _CLAVICLES, :] * (1, -1, -1, -1)
    out[..., _SHOULDERS, :] = multiply(back, out[..., _SHOULDERS, :])
    out[..., _RIGHT, 2:] *= -1
    return out


def slerp(a: np.ndarray, b: np.ndarray, t: np.ndarray) -> np.ndarray:
    """Constant-speed interpolation of quaternions (..., 4) along the shorter arc; t (...,) in 0..1."""
    cosine = (a * b).sum(-1)
    b = np.where(cosine[..., None] < 0, -b, b)
    angle = np.arccos(np.clip(np.abs(cosine), 0, 1))
    sine = np.sin(angle)
    near = sine < 1e-5
    safe = np.where(near, 1, sine)
    wa = np.where(near, 1 - t, np.sin((1 - t) * angle) / safe)
    wb = np.where(near, t, np.sin(t * angle) / safe)
    out = wa[..., None] * a + wb[..., None] * b
    return out / np.linalg.norm(out, axis=-1, keepdims=True)


def to_matrices(quaternions: np.ndarray) -> np.ndarray:
    """Rotation matrices (..., 3, 3) of unit quaternions (..., 4)."""
    w, x, y, z = np.moveaxis(quaternions, -1, 0)
    rows = (
        (1 - 2 * (y * y + z * z), 2 * (x * y - w * z), 2 * (x * z + w * y)),
        (2 * (x * y + w * z), 1 - 2 * (x * x + z * z), 2 * (y * z - w * x)),
        (2 * (x * z - w * y), 2 * (y * z + w * x), 1 - 2 * (x * x + y * y)),
    )
    return np.stack([np.stack(row, -1) for row in rows], -2)
