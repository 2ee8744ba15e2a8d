"""Keep standing feet in place: shift the root, and bend the legs by inverse kinematics."""

import numpy as np

from pose3d.predict.place.contacts import ANKLES, runs_of
from pose3d.skeleton import MPI_INF_3DHP_17

EASE_S = 0.2
"""Time of the transition between a contact and the leg's own motion, before and after."""

ROOT_EASE_S = 0.1
"""Time in which the root's shift changes from one standing foot to another."""

PASSES = 6

_LEGS = tuple(tuple(MPI_INF_3DHP_17.index(f"{side}_{name}") for name in ("hip", "knee", "ankle")) for side in "rl")
_REACH = 0.9995


def lock_feet(joints: np.ndarray, contact: np.ndarray, fps: float, ankle_height: float | None = None) -> np.ndarray:
    """Joints (T, 17, 3) whose standing ankles do not slip, in a world with y up, mm.

    Args:
        joints: finite everywhere.
        contact: (T, 2) bool, right and left.
        fps: frames a second.
        ankle_height: height of a standing ankle above a level floor at y = 0; None leaves heights unchanged.

    The root moves by the mean shift of the standing feet, interpolated between contacts. Two-bone inverse kinematics,
    which keeps the lengths of thigh and shank and the plane of the knee, corrects the rest.
    """
    anchors, weights = _anchors(joints, contact, fps, ankle_height)
    shift, moved = np.zeros((len(joints), 3)), joints
    for _ in range(PASSES):  # later passes correct what the legs could not reach in the first
        wanted = np.where(contact[..., None], anchors - moved[:, ANKLES], 0.0)
        shift = shift + _root_shift(wanted, contact, fps)
        moved = _stand(joints + shift[:, None], anchors, weights)
    return moved


def _stand(joints: np.ndarray, anchors: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Bend the legs so that the ankles reach their anchors (T, 2, 3), blended by `weights` (T, 2)."""
    standing = joints.copy()
    for side, (hip, knee, ankle) in enumerate(_LEGS):
        weight = weights[:, side, None]
        target = np.where(
            weight > 0, joints[:, ankle] + weight * (anchors[:, side] - joints[:, ankle]), joints[:, ankle]
        )
        standing[:, knee], standing[:, ankle] = bend(joints[:, hip], joints[:, knee], joints[:, ankle], target)
    return standing


def _anchors(
    joints: np.ndarray, contact: np.ndarray, fps: float, ankle_height: float | None
) -> tuple[np.ndarray, np.ndarray]:
    """Target of each ankle (T, 2, 3) and its weight (T, 2): 1 in a contact, eased to 0 around it."""
    count, ease = len(joints), max(1, round(EASE_S * fps))
    anchors, weights = np.zeros((count, 2, 3)), np.zeros((count, 2))
    for side, ankle in enumerate(ANKLES):
        for start, stop in runs_of(contact[:, side]):
            anchor = np.median(joints[start:stop, ankle], axis=0)
            if ankle_height is not None:
                anchor[1] = ankle_height
            for row in range(max(0, start - ease), min(count, stop + ease)):
                away = max(start - row, row - stop + 1, 0)
                weight = 0.5 + 0.5 * np.cos(np.pi * away / (ease + 1))
                if weight > weights[row, side]:
                    anchors[row, side], weights[row, side] = anchor, weight
    return anchors, weights


def _root_shift(wanted: np.ndarray, contact: np.ndarray, fps: float) -> np.ndarray:
    """Shift (T, 3) of the whole body: the mean over standing feet, interpolated between contacts and smoothed."""
    count = contact.sum(axis=1)
    rows = np.flatnonzero(count)
    if not len(rows):
        return np.zeros((len(wanted), 3))
    mean = (wanted * contact[..., None]).sum(axis=1)[rows] / count[rows, None]
    shift = np.stack([np.interp(np.arange(len(wanted)), rows, column) for column in mean.T], axis=-1)
    width = max(1, round(ROOT_EASE_S * fps)) | 1
    padded = np.pad(shift, ((width // 2, width // 2), (0, 0)), mode="edge")
    return np.lib.stride_tricks.sliding_window_view(padded, width, axis=0).mean(axis=-1)


def bend(start: np.ndarray, middle: np.ndarray, end: np.ndarray, target: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Two-bone inverse kinematics: middle and end (T, 3) of limbs whose end moves to the target (T, 3).

    Bone lengths do not change, and the middle stays on its side of the line from start to target. Targets out of reach
    are approached along that line.
    """
    first = np.linalg.norm(middle - start, axis=-1)
    second = np.linalg.norm(end - middle, axis=-1)
    line = target - start
    distance = np.linalg.norm(line, axis=-1)
    axis = line / np.maximum(distance, 1e-9)[:, None]
    reach = np.clip(distance, np.abs(first - second) + 1e-6, _REACH * (first + second))
    side = (middle - start) - ((middle - start) * axis).sum(axis=-1, keepdims=True) * axis
    size = np.linalg.norm(side, axis=-1, keepdims=True)
    side = side / np.maximum(size, 1e-9)
    along = (first**2 - second**2 + reach**2) / (2 * reach)
    across = np.sqrt(np.maximum(first**2 - along**2, 0.0))
    unmoved = np.linalg.norm(target - end, axis=-1) < 1e-9
    new_middle = start + along[:, None] * axis + across[:, None] * side
    new_end = start + reach[:, None] * axis
    return np.where(unmoved[:, None], middle, new_middle), np.where(unmoved[:, None], end, new_end)
