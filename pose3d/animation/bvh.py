"""BVH (Biovision hierarchy): bones of fixed length, rotations, and the trajectory of the root.

The hierarchy is that of `pose3d.animation.rig`. Each bone has the channels Zrotation Xrotation Yrotation, in degrees,
applied in that order (R = Rz Rx Ry); the root has the three positions before them.
"""

from io import StringIO
from pathlib import Path

import numpy as np

from pose3d.animation.motion import Z_FROM_Y, Motion, Unit
from pose3d.animation.rig import NAMES, PARENTS, fit_rig

ROTATION_ORDER = "ZXY"
_END = 0.3  # length of the end site that BVH requires of bones without a child, as a share of the parent bone's length


def write_bvh(path: Path, motion: Motion, unit: Unit = "mm") -> None:
    """Write a motion with y or z up."""
    from scipy.spatial.transform import Rotation

    upright = motion.held()
    rig = fit_rig(upright.turned("y").joints)
    scale = 1.0 if unit == "mm" else 0.001
    local = rig.local_rotations()
    offsets, root = rig.offsets.copy(), rig.positions[:, 0]
    if motion.up == "z":
        local, offsets, root = _in_z_up(local, offsets, root)
    frames, bones = local.shape[:2]
    angles = Rotation.from_matrix(local.reshape(-1, 3, 3)).as_euler(
        ROTATION_ORDER, degrees=True, suppress_warnings=True
    )
    angles = _continuous(angles.reshape(frames, bones, 3))
    text = StringIO()
    text.write("HIERARCHY\n")
    _write_bone(text, 0, 0, offsets * scale)
    text.write(f"MOTION\nFrames: {frames}\nFrame Time: {1 / motion.fps:.8f}\n")
    table = np.concatenate([(root * scale), angles[:, _order()].reshape(frames, -1)], axis=1)
    np.savetxt(text, table, fmt="%.6f")
    path.write_text(text.getvalue())


def _in_z_up(local: np.ndarray, offsets: np.ndarray, root: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The same skeleton and motion in axes with z up: the rest pose stands upright there too."""
    return Z_FROM_Y @ local @ Z_FROM_Y.T, offsets @ Z_FROM_Y.T, root @ Z_FROM_Y.T


def _order() -> list[int]:
    """Bones in the order in which the hierarchy lists them: depth first."""
    listed: list[int] = []

    def visit(bone: int) -> None:
        listed.append(bone)
        for child, parent in enumerate(PARENTS):
            if parent == bone:
                visit(child)

    visit(0)
    return listed


def _write_bone(text: StringIO, bone: int, depth: int, offsets: np.ndarray) -> None:
    tab = "\t" * depth
    channels = "Zrotation Xrotation Yrotation"
    text.write(f"{tab}{'JOINT' if depth else 'ROOT'} {NAMES[bone]}\n{tab}{{\n")
    text.write(f"{tab}\tOFFSET {' '.join(f'{v:.6f}' for v in offsets[bone])}\n")
    count = 3 if depth else 6
    text.write(f"{tab}\tCHANNELS {count} {'' if depth else 'Xposition Yposition Zposition '}{channels}\n")
    children = [child for child, parent in enumerate(PARENTS) if parent == bone]
    for child in children:
        _write_bone(text, child, depth + 1, offsets)
    if not children:
        end = offsets[bone] * _END
        text.write(f"{tab}\tEnd Site\n{tab}\t{{\n{tab}\t\tOFFSET {' '.join(f'{v:.6f}' for v in end)}\n{tab}\t}}\n")
    text.write(f"{tab}}}\n")


def _continuous(angles: np.ndarray) -> np.ndarray:
    """Angles (T, B, 3) degrees without jumps by whole turns, and on the nearer of the two solutions in each frame."""
    out = angles.copy()
    other = np.stack([out[..., 0] + 180, 180 - out[..., 1], out[..., 2] + 180], axis=-1)
    for t in range(1, len(out)):
        choices = [_near(c[t], out[t - 1]) for c in (angles, other)]
        away = [np.abs(c - out[t - 1]).sum(axis=-1, keepdims=True) for c in choices]
        out[t] = np.where(away[0] <= away[1], choices[0], choices[1])
    return out


def _near(angle: np.ndarray, reference: np.ndarray) -> np.ndarray:
    return angle - 360 * np.round((angle - reference) / 360)
