"""A mesh that shows a skeleton: a long octahedron for each bone, bound to the bone it starts at."""

from dataclasses import dataclass

import numpy as np

from pose3d.animation.rig import PARENTS

WIDTH = 0.12
"""Of a bone, as a share of its length."""


@dataclass(frozen=True)
class BoneMesh:
    """Triangles with flat normals.

    `vertices` and `normals` (V, 3) float32, `bones` (V, 4) uint16, `weights` (V, 4) float32, `faces` (F * 3,) uint32.
    """

    vertices: np.ndarray
    normals: np.ndarray
    bones: np.ndarray
    weights: np.ndarray
    faces: np.ndarray


def bone_mesh(rest: np.ndarray) -> BoneMesh:
    """The mesh of bones that start at their parents' positions (B, 3) in the rest pose."""
    triangles, owners = [], []
    for bone, parent in enumerate(PARENTS):
        line = rest[bone] - rest[parent] if parent >= 0 else np.zeros(3)
        length = float(np.linalg.norm(line))
        if length < 1e-6:
            continue
        axis = line / length
        across = np.cross(axis, [0.0, 0.0, 1.0] if abs(axis[2]) < 0.9 else [1.0, 0.0, 0.0])
        across /= np.linalg.norm(across)
        width = WIDTH * length
        ring = [across, np.cross(axis, across), -across, -np.cross(axis, across)]
        waist = [rest[parent] + 0.15 * line + width * direction for direction in ring]
        for i in range(4):
            triangles.append((rest[parent], waist[(i + 1) % 4], waist[i]))
            triangles.append((rest[bone], waist[i], waist[(i + 1) % 4]))
            owners += [parent, parent]
    corners = np.array(triangles, np.float32)  # (F, 3, 3)
    normals = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    normals /= np.maximum(np.linalg.norm(normals, axis=-1, keepdims=True), 1e-12)
    count = 3 * len(corners)
    bones, weights = np.zeros((count, 4), np.uint16), np.zeros((count, 4), np.float32)
    bones[:, 0], weights[:, 0] = np.repeat(owners, 3), 1.0
    return BoneMesh(
        corners.reshape(-1, 3),
        np.repeat(normals, 3, axis=0).astype(np.float32),
        bones,
        weights,
        np.arange(count, dtype=np.uint32),
    )
