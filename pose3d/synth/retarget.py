"""From the rotations of the 19 controls to the bones of a body.

Every control rotates about one pivot, and every pivot is fixed in the parent control, so limbs keep their lengths
exactly. The body has more bones than the rig. Bones between two controls take a share of the rotation between them (a
back that bends in five places, twist spread along upper arms, forearms and thighs) but stay on their rigid segment.

The rest pose of the bodies has spread arms; `rest_alignment` rotates each limb from there into the rig's N-pose.
"""

import numpy as np

from pose3d.synth.compiled import compiled
from pose3d.synth.rig import CONTROLS, PARENTS

_SIDES = (("l", "L"), ("r", "R"))

# Sources of rotation beyond the controls: a limb's turn without its twist, and a forearm with the hand's twist.
_EXTRA = tuple(f"{s}_{name}" for name in ("swung_shoulder", "swung_hip", "turned_elbow") for s in "lr")
_SOURCES = CONTROLS + _EXTRA

# bone: (source, other source, share of the other, control on whose segment the bone sits)
_BONES: dict[str, tuple[str, str, float, str]] = {
    "root": ("pelvis", "pelvis", 0, "pelvis"),
    "spine05": ("pelvis", "spine", 0.3, "pelvis"),
    "spine04": ("pelvis", "spine", 0.7, "pelvis"),
    "spine03": ("spine", "chest", 0.15, "spine"),
    "spine02": ("spine", "chest", 0.6, "spine"),
    "spine01": ("chest", "chest", 0, "chest"),
    "neck01": ("chest", "neck", 0.6, "neck"),
    "neck02": ("neck", "head", 0.2, "neck"),
    "neck03": ("neck", "head", 0.6, "neck"),
    "head": ("head", "head", 0, "head"),
}
for _s, _S in _SIDES:
    _BONES |= {
        f"clavicle.{_S}": (f"{_s}_clavicle", f"{_s}_clavicle", 0, f"{_s}_clavicle"),
        f"shoulder01.{_S}": (f"{_s}_clavicle", f"{_s}_swung_shoulder", 0.35, f"{_s}_shoulder"),
        f"upperarm01.{_S}": (f"{_s}_swung_shoulder", f"{_s}_shoulder", 0.4, f"{_s}_shoulder"),
        f"upperarm02.{_S}": (f"{_s}_swung_shoulder", f"{_s}_shoulder", 0.9, f"{_s}_shoulder"),
        f"lowerarm01.{_S}": (f"{_s}_elbow", f"{_s}_turned_elbow", 0.2, f"{_s}_elbow"),
        f"lowerarm02.{_S}": (f"{_s}_elbow", f"{_s}_turned_elbow", 0.7, f"{_s}_elbow"),
        f"wrist.{_S}": (f"{_s}_wrist", f"{_s}_wrist", 0, f"{_s}_wrist"),
        f"upperleg01.{_S}": (f"{_s}_swung_hip", f"{_s}_hip", 0.4, f"{_s}_hip"),
        f"upperleg02.{_S}": (f"{_s}_swung_hip", f"{_s}_hip", 0.9, f"{_s}_hip"),
        f"lowerleg01.{_S}": (f"{_s}_knee", f"{_s}_knee", 0, f"{_s}_knee"),
        f"lowerleg02.{_S}": (f"{_s}_knee", f"{_s}_knee", 0, f"{_s}_knee"),
        f"foot.{_S}": (f"{_s}_ankle", f"{_s}_ankle", 0, f"{_s}_ankle"),
    }

_PIVOT_BONE = {"spine": "spine03", "chest": "spine01", "head": "head"} | {
    f"{s}_{control}": f"{bone}.{S}"
    for s, S in _SIDES
    for control, bone in (
        ("clavicle", "clavicle"), ("shoulder", "upperarm01"), ("elbow", "lowerarm01"), ("wrist", "wrist"),
        ("hip", "upperleg01"), ("knee", "lowerleg01"), ("ankle", "foot"),
    )
}  # fmt: skip

_COLLAR_DROP_DEG = 8.0  # the bodies rest with arms spread and shoulders a little raised; hanging arms let them down
_LIMBS = {"shoulder": "elbow", "elbow": "wrist", "hip": "knee", "knee": "ankle"}


def control_pivots(bones: list[str], heads: np.ndarray) -> np.ndarray:
    """Rest positions (..., C, 3) m about which the controls turn, from the heads (..., K, 3) of the named bones.

    The pelvis turns about the middle of the hips, the neck about its base (between collar bones and neck01).
    """
    at = {bone: heads[..., i, :] for i, bone in enumerate(bones)}
    collar = (at["clavicle.L"] + at["clavicle.R"]) / 2
    special = {
        "pelvis": (at["upperleg01.L"] + at["upperleg01.R"]) / 2,
        "neck": (collar + at["neck01"]) / 2,
    }
    return np.stack([special[c] if c in special else at[_PIVOT_BONE[c]] for c in CONTROLS], axis=-2)


def rest_alignment(pivots: np.ndarray) -> np.ndarray:
    """Rotations (C, 3, 3) that turn each control's part of the body from its own rest pose (C, 3) into the N-pose."""
    out = np.tile(np.eye(3), (len(CONTROLS), 1, 1))
    for side, sign in (("l", 1), ("r", -1)):
        angle = np.radians(sign * _COLLAR_DROP_DEG)
        c, s = np.cos(angle), np.sin(angle)
        out[CONTROLS.index(f"{side}_clavicle")] = ((c, 0, s), (0, 1, 0), (-s, 0, c))
        for limb, end in _LIMBS.items():
            start = CONTROLS.index(f"{side}_{limb}")
            out[start] = _turn_down(pivots[CONTROLS.index(f"{side}_{end}")] - pivots[start])
        out[CONTROLS.index(f"{side}_wrist")] = out[CONTROLS.index(f"{side}_elbow")]
    return out


def _turn_down(direction: np.ndarray) -> np.ndarray:
    """The shortest rotation that takes a direction to straight down."""
    x, y, z = direction / np.linalg.norm(direction)
    v = np.array([-y, x, 0.0])  # direction x down
    k = np.array([[0, -v[2], v[1]], [v[2], 0, -v[0]], [-v[1], v[0], 0]])
    return np.eye(3) + k + k @ k / (1 - z)


def bone_table(bones: list[str]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Per bone: the two sources of its rotation (K, 2), the share of the second (K,), the control it sits on (K,)."""
    rows = [_BONES[b] for b in bones]
    sources = np.array([(_SOURCES.index(a), _SOURCES.index(b)) for a, b, _, _ in rows])
    return sources, np.array([r[2] for r in rows]), np.array([CONTROLS.index(r[3]) for r in rows])


_INDEX = {c: i for i, c in enumerate(CONTROLS)}
_TWISTED = np.array(
    [(_INDEX[f"{s}_clavicle"], _INDEX[f"{s}_shoulder"], _INDEX[f"{s}_elbow"]) for s in "lr"]
    + [(_INDEX["pelvis"], _INDEX[f"{s}_hip"], _INDEX[f"{s}_knee"]) for s in "lr"]
    + [(_INDEX[f"{s}_elbow"], _INDEX[f"{s}_wrist"], _INDEX[f"{s}_wrist"]) for s in "lr"]
)  # parent, control, control at the far end of the twisted limb (the forearm ends where the hand begins)


def bone_transforms(
    world: np.ndarray, pivots: np.ndarray, heads: np.ndarray, alignment: np.ndarray, table: tuple[np.ndarray, ...]
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Pose the rig: world rotations (C, 3, 3) of the controls and a body's rest `pivots` (C, 3) and `heads` (K, 3).

    Returns the controls' posed pivots (C, 3), their rotations from rest (C, 3, 3), and the bones' rotations (K, 3, 3)
    and posed heads (K, 3). The pelvis' pivot stays at its rest position.
    """
    turned = world @ alignment
    posed = pivots.copy()
    for control, parent in enumerate(PARENTS):
        if parent != control:
            posed[control] = posed[parent] + turned[parent] @ (pivots[control] - pivots[parent])
    sources = np.empty((len(_SOURCES), 3, 3))
    sources[: len(CONTROLS)] = turned
    _add_twist_sources(sources, pivots, _TWISTED)
    pairs, shares, seats = table
    rotations = _blend(sources, pairs, shares)
    offsets = np.einsum("kij,kj->ki", turned[seats], heads - pivots[seats])
    return posed, turned, rotations, posed[seats] + offsets


@compiled
def _quaternion(r):
    """Unit quaternion (w, x, y, z) of a rotation matrix, well conditioned at every angle."""
    t = r[0, 0] + r[1, 1] + r[2, 2]
    k = np.array(
        [
            [t, r[2, 1] - r[1, 2], r[0, 2] - r[2, 0], r[1, 0] - r[0, 1]],
            [r[2, 1] - r[1, 2], 2 * r[0, 0] - t, r[0, 1] + r[1, 0], r[0, 2] + r[2, 0]],
            [r[0, 2] - r[2, 0], r[0, 1] + r[1, 0], 2 * r[1, 1] - t, r[1, 2] + r[2, 1]],
            [r[1, 0] - r[0, 1], r[0, 2] + r[2, 0], r[1, 2] + r[2, 1], 2 * r[2, 2] - t],
        ]
    )
    best = 0  # 1 + k[i, i] is four times the square of component i; the row divided by its root is the quaternion
    for i in range(1, 4):
        if k[i, i] > k[best, best]:
            best = i
    q = k[best].copy()
    q[best] += 1
    return q / np.sqrt((q * q).sum())


@compiled
def _matrix(q):
    """Rotation matrix of a unit quaternion."""
    w, x, y, z = q
    return np.array(
        [
            [1 - 2 * (y * y + z * z), 2 * (x * y - w * z), 2 * (x * z + w * y)],
            [2 * (x * y + w * z), 1 - 2 * (x * x + z * z), 2 * (y * z - w * x)],
            [2 * (x * z - w * y), 2 * (y * z + w * x), 1 - 2 * (x * x + y * y)],
        ]
    )


@compiled
def _add_twist_sources(sources, pivots, twisted):
    """Fill the extra sources behind the controls'; `twisted` lists (parent, control, end of the limb)."""
    first = len(sources) - len(twisted)
    for row in range(len(twisted)):
        parent, control, end = twisted[row]
        forearm = control == end
        axis = pivots[end] - (pivots[parent] if forearm else pivots[control])
        axis = axis / np.sqrt((axis * axis).sum())
        relative = np.ascontiguousarray(sources[parent].T) @ sources[control]
        q = _quaternion(relative)
        twist = np.empty(4)
        twist[0] = q[0]
        twist[1:] = axis * (q[1:] * axis).sum()
        length = np.sqrt((twist * twist).sum())
        if length < 1e-6:  # 180 degrees about a perpendicular axis: the twist is undefined
            twist[:] = np.array([1.0, 0.0, 0.0, 0.0])
            length = 1.0
        turn = _matrix(twist / length)
        if forearm:
            sources[first + row] = sources[parent] @ turn
        else:
            sources[first + row] = sources[control] @ np.ascontiguousarray(turn.T)


@compiled
def _blend(sources, pairs, shares):
    """Rotation (K, 3, 3) of each bone: the `shares` part of the way from its first source to its second."""
    quaternions = np.empty((len(sources), 4))
    for i in range(len(sources)):
        quaternions[i] = _quaternion(sources[i])
    out = np.empty((len(pairs), 3, 3))
    for bone in range(len(pairs)):
        a, b, t = quaternions[pairs[bone, 0]], quaternions[pairs[bone, 1]], shares[bone]
        cosine = (a * b).sum()
        if cosine < 0:
            b, cosine = -b, -cosine
        angle = np.arccos(min(cosine, 1.0))
        if angle < 1e-6 or t == 0:
            out[bone] = _matrix(a)
        else:
            q = (np.sin((1 - t) * angle) * a + np.sin(t * angle) * b) / np.sin(angle)
            out[bone] = _matrix(q / np.sqrt((q * q).sum()))
    return out
