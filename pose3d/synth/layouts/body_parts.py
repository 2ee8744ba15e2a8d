"""Which body part each pixel shows: the part labels of the embedded Human3.6M (decision N12).

A second pass over the picture, beside the renderer: the bare body is drawn into a z-buffer, each face with the part of
the bones that move it most, and the silhouette takes the nearest of these labels. So clothes and hair carry the part
that they cover, and labels and silhouette have the same outline, in front of and behind chairs.

The original has 24 parts too; how it draws and numbers them is not published, so both are our own here.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Final

import cv2
import numpy as np

from pose3d.data.schema import NUM_PARTS
from pose3d.synth.bodies import PosedBody, load_bodies
from pose3d.synth.cameras import Camera
from pose3d.synth.raster import draw, project
from pose3d.synth.render import NEAR_M

_TRUNK = {
    "head": ("head",),
    "neck": ("neck01", "neck02", "neck03"),
    "chest": ("spine01",),
    "upper_belly": ("spine02", "spine03"),
    "lower_belly": ("spine04",),
    "pelvis": ("spine05", "root"),
}
_LIMBS = {
    "shoulder": ("clavicle", "shoulder01"),
    "upper_arm": ("upperarm01", "upperarm02"),
    "lower_arm": ("lowerarm01", "lowerarm02"),
    "hand": ("wrist",),
    "hip": ("upperleg01",),
    "thigh": ("upperleg02",),
    "shin": ("lowerleg01",),
    "ankle": ("lowerleg02",),
    "foot": ("foot",),
}
BONES_OF_PART: Final[dict[str, tuple[str, ...]]] = _TRUNK | {
    f"{side.lower()}_{part}": tuple(f"{bone}.{side}" for bone in bones)
    for side in "LR"
    for part, bones in _LIMBS.items()
}
"""Part k + 1 is the k-th of these names: the trunk, then the subject's left and right limbs."""


_NAMES = list(BONES_OF_PART)
_OTHER_SIDE = [{"l_": "r_", "r_": "l_"}.get(name[:2], name[:2]) + name[2:] for name in _NAMES]
PART_FLIP: Final = [0, *(_NAMES.index(name) + 1 for name in _OTHER_SIDE)]
"""For the labels 0 to 24, the label in a mirrored picture."""


def part_labels(posed: PosedBody, camera: Camera, silhouette: np.ndarray) -> np.ndarray:
    """(H, W) uint8: 1 to 24 on the `silhouette` (H, W) bool of a person seen by `camera`, 0 elsewhere."""
    in_metres = camera.cam_from_world.copy()
    in_metres[:3, 3] /= 1000
    points = project(posed.vertices, (camera.intrinsics @ in_metres[:3]).astype(np.float32), np.float32(NEAR_M))
    faces, parts = _faces()
    face_id, _ = draw(points, faces, np.zeros(len(faces), bool), silhouette.shape)
    labels = np.where(face_id >= 0, parts[face_id], 0).astype(np.uint8)
    return np.where(silhouette, _nearest(labels), 0).astype(np.uint8)


@lru_cache(maxsize=1)
def _faces() -> tuple[np.ndarray, np.ndarray]:
    """Faces (F, 3) of the skin, and their parts (F,): the one whose bones have the most weight in the three corners."""
    bodies = load_bodies()
    part_of_bone = np.zeros(len(bodies.bones), np.int64)
    for part, bones in enumerate(BONES_OF_PART.values()):
        part_of_bone[[bodies.bones.index(bone) for bone in bones]] = part
    weight = np.zeros((len(bodies.weights), NUM_PARTS), np.float32)
    np.add.at(weight, (np.arange(len(weight))[:, None], part_of_bone[bodies.weight_bones]), bodies.weights)
    faces = bodies.faces["body"]
    return faces, (weight[faces].sum(axis=1).argmax(axis=1) + 1).astype(np.uint8)


def _nearest(labels: np.ndarray) -> np.ndarray:
    """(H, W): zeros replaced by the nearest label."""
    if not labels.any():
        return labels
    holes = (labels == 0).astype(np.uint8)
    _, source = cv2.distanceTransformWithLabels(holes, cv2.DIST_L2, cv2.DIST_MASK_5, labelType=cv2.DIST_LABEL_PIXEL)
    label_of_source = np.zeros(int(source.max()) + 1, np.uint8)
    label_of_source[source[holes == 0]] = labels[holes == 0]
    return np.asarray(label_of_source[source])
