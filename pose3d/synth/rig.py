"""The control rig, which motion writes and bodies read.

World: z up, metres, floor at z = 0. Body axes: x to the subject's left, -y forward, z up. The rest pose ("N-pose") is
upright with straight arms hanging down, palms to the thighs, straight legs, feet forward.

A pose is `local` (C, 3, 3): the rotation of each control relative to its parent, in the parent's axes, identity being
the rest pose. `world_rotations` chains them; a world rotation turns rest-pose offsets into posed ones.
"""

import numpy as np

_PARENT = {
    "pelvis": "pelvis",
    "spine": "pelvis",
    "chest": "spine",
    "neck": "chest",
    "head": "neck",
    "l_clavicle": "chest",
    "l_shoulder": "l_clavicle",
    "l_elbow": "l_shoulder",
    "l_wrist": "l_elbow",
    "r_clavicle": "chest",
    "r_shoulder": "r_clavicle",
    "r_elbow": "r_shoulder",
    "r_wrist": "r_elbow",
    "l_hip": "pelvis",
    "l_knee": "l_hip",
    "l_ankle": "l_knee",
    "r_hip": "pelvis",
    "r_knee": "r_hip",
    "r_ankle": "r_knee",
}

CONTROLS: tuple[str, ...] = tuple(_PARENT)
"""Names of the controls, parents before children."""

PARENTS: tuple[int, ...] = tuple(CONTROLS.index(p) for p in _PARENT.values())
"""Index of each control's parent; the pelvis is its own."""

FLIP: tuple[int, ...] = tuple(
    CONTROLS.index({"l_": "r_", "r_": "l_"}.get(c[:2], c[:2]) + c[2:] if c[1] == "_" else c) for c in CONTROLS
)
"""The index that each control has in a mirrored pose."""


def world_rotations(local: np.ndarray) -> np.ndarray:
    """Chain local rotations (..., C, 3, 3) down the rig to world rotations of the same shape."""
    world = np.array(local, copy=True)
    for control, parent in enumerate(PARENTS):
        if parent != control:
            world[..., control, :, :] = world[..., parent, :, :] @ local[..., control, :, :]
    return world


def mirror(local: np.ndarray) -> np.ndarray:
    """Mirror a pose: exchange left and right, and reflect the rotations (..., C, 3, 3) in the body's x axis."""
    reflect = np.diag([-1.0, 1.0, 1.0]).astype(local.dtype)
    return reflect @ local[..., FLIP, :, :] @ reflect
