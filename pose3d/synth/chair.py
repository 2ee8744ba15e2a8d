"""Chairs to sit on: a few boxes that fit under a seated person."""

import numpy as np


def chair(
    hips: np.ndarray, floor_to_seat: float, heading: float, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Vertices (M, 3) m, world, and triangles (F, 3) of a chair, stool or block.

    `hips` (3,) m: the middle of the hip joints; `floor_to_seat` m: height of the seat's top; `heading` radians: the
    direction that the person faces, 0 being -y, counter-clockwise.
    """
    width, depth = rng.uniform(0.40, 0.48), rng.uniform(0.40, 0.46)
    thick = rng.uniform(0.03, 0.07)
    back, top = 0.5 * depth + 0.06, floor_to_seat  # the seat extends a little behind the hips
    front = back - depth
    kind = rng.choice(["chair", "stool", "block"], p=[0.62, 0.25, 0.13])
    boxes = [(-width / 2, front, top - thick, width / 2, back, top)]
    if kind == "block":
        boxes = [(-width / 2, front, 0.0, width / 2, back, top)]
    else:
        leg = rng.uniform(0.015, 0.025)
        for x in (-width / 2 + leg, width / 2 - leg):
            for y in (front + leg, back - leg):
                boxes.append((x - leg, y - leg, 0.0, x + leg, y + leg, top - thick))
    if kind == "chair":
        high = top + rng.uniform(0.34, 0.46)
        low = top + rng.choice([0.0, 0.14])
        boxes.append((-width / 2, back - 0.03, low, width / 2, back, high))
        if low > top:
            for x in (-width / 2 + 0.02, width / 2 - 0.02):
                boxes.append((x - 0.015, back - 0.03, top, x + 0.015, back, low))
    vertices, faces = _boxes(np.array(boxes))
    c, s = np.cos(heading), np.sin(heading)
    turned = vertices @ np.array([[c, s, 0], [-s, c, 0], [0, 0, 1]])
    return turned + hips * (1, 1, 0), faces


# Faces of the unit box do not share corners, so that edges are shaded sharply.
_CORNERS = np.array(
    [
        *((0, a, b) for a, b in ((0, 0), (0, 1), (1, 1), (1, 0))),
        *((1, a, b) for a, b in ((0, 0), (1, 0), (1, 1), (0, 1))),
        *((a, 0, b) for a, b in ((0, 0), (1, 0), (1, 1), (0, 1))),
        *((a, 1, b) for a, b in ((0, 0), (0, 1), (1, 1), (1, 0))),
        *((a, b, 0) for a, b in ((0, 0), (0, 1), (1, 1), (1, 0))),
        *((a, b, 1) for a, b in ((0, 0), (1, 0), (1, 1), (0, 1))),
    ],
    float,
)
_QUADS = np.arange(24).reshape(6, 4)
_TRIANGLES = np.concatenate((_QUADS[:, [0, 1, 2]], _QUADS[:, [0, 2, 3]]))


def _boxes(boxes: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Vertices and outward triangles of axis-aligned boxes (n, 6): low and high corners."""
    low, high = boxes[:, None, :3], boxes[:, None, 3:]
    vertices = low + (high - low) * _CORNERS
    faces = _TRIANGLES + 24 * np.arange(len(boxes))[:, None, None]
    return vertices.reshape(-1, 3), faces.reshape(-1, 3)
