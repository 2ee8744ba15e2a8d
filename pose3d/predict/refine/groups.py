"""Joint groups with a common cut-off frequency."""

import numpy as np

from pose3d.errors import PoseError
from pose3d.skeleton import MPI_INF_3DHP_17

GROUPS: dict[str, tuple[str, ...]] = {
    "trunk": ("pelvis", "spine", "neck", "head", "head_top", "r_hip", "l_hip", "r_shoulder", "l_shoulder"),
    "limbs": ("r_elbow", "l_elbow", "r_knee", "l_knee"),
    "ends": ("r_wrist", "l_wrist", "r_ankle", "l_ankle"),
}
"""Joints of a group; further groups are the bearing of the root ("place") and its distance ("depth")."""

CUTOFFS: dict[str, float] = {"trunk": 4.0, "limbs": 5.0, "ends": 6.0, "place": 3.5, "depth": 1.0}
"""Cut-offs in Hz. Human movement is below 6 Hz except in blows and jumps; the networks' noise has all frequencies."""


def group_of_joints() -> list[str]:
    """The group of each of the 17 joints."""
    names = {joint: group for group, joints in GROUPS.items() for joint in joints}
    return [names[name] for name in MPI_INF_3DHP_17.names]


def parse_cutoffs(text: str | None) -> dict[str, float]:
    """Parse cut-offs: "6" sets all groups, "trunk=4,ends=8" sets some and keeps the defaults of the others.

    Raises:
        PoseError: The text has another form, or names an unknown group.
    """
    if not text:
        return dict(CUTOFFS)
    cutoffs = dict(CUTOFFS)
    for part in text.split(","):
        name, equals, value = part.rpartition("=")
        try:
            hertz = float(value)
        except ValueError:
            hertz = np.nan
        if not (np.isfinite(hertz) and hertz > 0) or (equals and name.strip() not in CUTOFFS):
            raise PoseError(f"--cutoff {text} is not understood; give Hz for all, or GROUP=HZ of {', '.join(CUTOFFS)}")
        cutoffs |= dict.fromkeys(CUTOFFS if not equals else [name.strip()], hertz)
    return cutoffs
