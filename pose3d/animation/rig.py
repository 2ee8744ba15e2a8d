"""The skeleton of exported animations: bones with a rest pose, and their rotations from joint positions.

The rest pose is a T: upright, arms spread, facing +z (x to the person's left, y up). The 17 joints keep their names.
Further bones make fixed lengths possible: `chest` halves the way from spine to neck, and `l_collar` and `r_collar` that
from the neck to each shoulder, because these ways change as the back and the shoulders bend. `lower_back`,
`l_clavicle`, `r_clavicle`, `l_pelvis` and `r_pelvis` start where their parents do and turn on their own. Joint
positions do not determine turns of a bone about its own axis: each bone takes the shortest turn from its parent's
frame, and the pelvis is turned by the hips.
"""

from dataclasses import dataclass

import numpy as np

from pose3d.skeleton import MPI_INF_3DHP_17

BONES: tuple[tuple[str, str | None, tuple[float, float, float]], ...] = (
    ("pelvis", None, (0, 0, 0)),
    ("lower_back", "pelvis", (0, 0, 0)),
    ("spine", "lower_back", (0, 1, 0)),
    ("chest", "spine", (0, 1, 0)),
    ("neck", "chest", (0, 1, 0)),
    ("head", "neck", (0, 1, 0)),
    ("head_top", "head", (0, 1, 0)),
    ("r_clavicle", "neck", (0, 0, 0)),
    ("r_collar", "r_clavicle", (-1, 0, 0)),
    ("r_shoulder", "r_collar", (-1, 0, 0)),
    ("r_elbow", "r_shoulder", (-1, 0, 0)),
    ("r_wrist", "r_elbow", (-1, 0, 0)),
    ("l_clavicle", "neck", (0, 0, 0)),
    ("l_collar", "l_clavicle", (1, 0, 0)),
    ("l_shoulder", "l_collar", (1, 0, 0)),
    ("l_elbow", "l_shoulder", (1, 0, 0)),
    ("l_wrist", "l_elbow", (1, 0, 0)),
    ("r_pelvis", "pelvis", (0, 0, 0)),
    ("r_hip", "r_pelvis", (-1, 0, 0)),
    ("r_knee", "r_hip", (0, -1, 0)),
    ("r_ankle", "r_knee", (0, -1, 0)),
    ("l_pelvis", "pelvis", (0, 0, 0)),
    ("l_hip", "l_pelvis", (1, 0, 0)),
    ("l_knee", "l_hip", (0, -1, 0)),
    ("l_ankle", "l_knee", (0, -1, 0)),
)
"""Name, parent, and direction of the offset from the parent in the rest pose. Parents come first."""

NAMES = tuple(name for name, _, _ in BONES)
PARENTS = tuple(-1 if parent is None else NAMES.index(parent) for _, parent, _ in BONES)
DIRECTIONS = np.array([direction for *_, direction in BONES], float)
JOINTS = tuple(MPI_INF_3DHP_17.names.index(name) if name in MPI_INF_3DHP_17.names else -1 for name in NAMES)
"""Index among the 17 joints; -1 for the further bones."""
CHILD = {PARENTS[i]: i for i in reversed(range(len(NAMES))) if PARENTS[i] > 0}
"""The bone that a bone's rotation aims at its rest direction: its first child."""

_SLACK = 1.01  # the two halves of a way are together so much longer than the longest way


@dataclass(frozen=True)
class Rig:
    """A skeleton and its motion, in the motion's own axes with y up.

    Attributes:
        offsets: (B, 3) mm of each bone from its parent, in the rest pose.
        positions: (T, B, 3) mm.
        rotations: (T, B, 3, 3), from the rest pose to the world.
    """

    offsets: np.ndarray
    positions: np.ndarray
    rotations: np.ndarray

    def local_rotations(self) -> np.ndarray:
        """(T, B, 3, 3) relative to the parent bone."""
        local = self.rotations.copy()
        for bone, parent in enumerate(PARENTS):
            if parent >= 0:
                local[:, bone] = np.swapaxes(self.rotations[:, parent], -1, -2) @ self.rotations[:, bone]
        return local

    def local_positions(self) -> np.ndarray:
        """(T, B, 3) mm in the parent's frame: with these, positions are exact; `offsets` are their fixed lengths."""
        local = self.positions.copy()
        for bone, parent in enumerate(PARENTS):
            if parent >= 0:
                moved = self.positions[:, bone] - self.positions[:, parent]
                local[:, bone] = np.einsum("tba,tb->ta", self.rotations[:, parent], moved)
        return local


def fit_rig(joints: np.ndarray) -> Rig:
    """The rig of joints (T, 17, 3) mm with y up, finite everywhere; lengths are medians over time."""
    positions = _positions(joints)
    lengths = np.zeros(len(NAMES))
    for bone, parent in enumerate(PARENTS):
        if parent >= 0:
            lengths[bone] = np.median(np.linalg.norm(positions[:, bone] - positions[:, parent], axis=-1))
    return Rig(DIRECTIONS * lengths[:, None], positions, _rotations(positions))


def _positions(joints: np.ndarray) -> np.ndarray:
    """(T, B, 3): the 17 joints and the further bones between them."""
    index = MPI_INF_3DHP_17.index
    at = {name: joints[:, index(name)] for name in MPI_INF_3DHP_17.names}
    right = at["r_shoulder"] - at["l_shoulder"]
    upwards = at["neck"] - at["pelvis"]
    at["lower_back"] = at["pelvis"]
    # The back bends backwards, the collar bones start below the neck.
    at["chest"] = _halfway(at["spine"], at["neck"], np.cross(right, upwards))
    for side in "rl":
        at[f"{side}_clavicle"], at[f"{side}_pelvis"] = at["neck"], at["pelvis"]
        at[f"{side}_collar"] = _halfway(at["neck"], at[f"{side}_shoulder"], -upwards)
    return np.stack([at[name] for name in NAMES], axis=1)


def _halfway(start: np.ndarray, end: np.ndarray, towards: np.ndarray) -> np.ndarray:
    """Points (T, 3) at one distance, for all frames, from start and end, on the side of `towards`."""
    line = end - start
    size = np.linalg.norm(line, axis=-1, keepdims=True)
    half = _SLACK * float(size.max()) / 2
    axis = line / np.maximum(size, 1e-9)
    side = towards - (towards * axis).sum(axis=-1, keepdims=True) * axis
    norm = np.linalg.norm(side, axis=-1, keepdims=True)
    spare = np.stack([axis[:, 1], -axis[:, 0], np.zeros(len(axis))], -1)  # any direction across
    side = np.where(norm > 1e-6, side / np.maximum(norm, 1e-9), spare)
    return (start + end) / 2 + np.sqrt(np.maximum(half**2 - (size / 2) ** 2, 0.0)) * side


def _rotations(positions: np.ndarray) -> np.ndarray:
    """(T, B, 3, 3): each bone turns its first child's rest direction onto the child."""
    frames = len(positions)
    rotations = np.tile(np.eye(3), (frames, len(NAMES), 1, 1))
    at = {name: positions[:, i] for i, name in enumerate(NAMES)}
    rotations[:, 0] = _frame(at["l_hip"] - at["r_hip"], at["spine"] - at["pelvis"])
    for bone in range(1, len(NAMES)):
        parent, child = PARENTS[bone], CHILD.get(bone)
        rotations[:, bone] = rotations[:, parent]
        if child is not None:
            rest = rotations[:, parent] @ DIRECTIONS[child]
            aim = positions[:, child] - positions[:, bone]
            rotations[:, bone] = shortest_turn(rest, aim) @ rotations[:, parent]
    return rotations


def _frame(left: np.ndarray, upwards: np.ndarray) -> np.ndarray:
    """(T, 3, 3) whose columns are x along `left`, y near `upwards`, z to the front."""
    x = _unit(left)
    z = _unit(np.cross(x, upwards))
    return np.stack([x, np.cross(z, x), z], axis=-1)


def shortest_turn(source: np.ndarray, target: np.ndarray) -> np.ndarray:
    """(T, 3, 3): the smallest rotations of vectors (T, 3) onto the directions of others (T, 3)."""
    a, b = _unit(source), _unit(target)
    cross, cosine = np.cross(a, b), (a * b).sum(axis=-1)
    skew = np.zeros((len(a), 3, 3))
    for (row, column), k in (((2, 1), 0), ((0, 2), 1), ((1, 0), 2)):
        skew[:, row, column], skew[:, column, row] = cross[:, k], -cross[:, k]
    turn = np.eye(3) + skew + skew @ skew / np.maximum(1 + cosine, 1e-9)[:, None, None]
    # Opposite directions: 180 degrees about any perpendicular axis.
    spare = _unit(np.cross(a, np.where(np.abs(a[:, :1]) < 0.9, [1.0, 0, 0], [0, 1.0, 0])))
    half = 2 * spare[:, :, None] * spare[:, None, :] - np.eye(3)
    return np.where((cosine < -1 + 1e-8)[:, None, None], half, turn)


def _unit(vectors: np.ndarray) -> np.ndarray:
    return vectors / np.maximum(np.linalg.norm(vectors, axis=-1, keepdims=True), 1e-12)
