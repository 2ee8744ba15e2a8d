"""Lines of the background that are vertical in the world: walls, doors, posts. They meet in one vanishing point.

Neither the vertical lines nor their number are known. The model is a mixture: an unknown share of the lines is vertical
or, like trees, nearly vertical; the others have any direction.
"""

import math

import numpy as np

from pose3d.predict.place.upward import Evidence, doubted

SHARES = (0.02, 0.05, 0.1, 0.2, 0.4, 0.7)
"""Possible shares of vertical lines among all lines, equally likely a priori."""
STRAIGHT_STD, NEARLY_STD = math.radians(0.7), math.radians(6.0)
"""Standard deviation of the direction of vertical lines (lens distortion, construction) and of nearly vertical ones."""
END_STD_PX = 0.6
"""Standard deviation of a line's ends, across the line, in px of a picture 960 px wide."""
LENGTH_PX = 100.0
"""Length that counts as one observation, in px of a picture 960 px wide: a line found in pieces is no more evidence
than the whole line, and an edge is found several times, as it has two sides."""
PICTURE_PX = 960.0
DOUBT = 0.05
"""Probability that most upright lines are not vertical: the joints of a floor, a slope, a leaning tree."""


def vertical_lines(lines: np.ndarray, intrinsics: np.ndarray) -> Evidence | None:
    """Evidence of line segments (L, 4), x1 y1 x2 y2 px, seen by a camera (3, 3); None without any."""
    if not len(lines):
        return None
    focal, centre = intrinsics[[0, 1], [0, 1]], intrinsics[:2, 2]
    ends = lines.reshape(-1, 2, 2)
    along = ends[:, 1] - ends[:, 0]
    length = np.linalg.norm(along, axis=-1)
    middle = (ends.mean(axis=1) - centre) / focal
    scale = 2 * centre.max() / PICTURE_PX
    variance = STRAIGHT_STD**2 + 2 * (scale * END_STD_PX / np.maximum(length, 1e-6)) ** 2
    weight = length / (scale * LENGTH_PX)
    direction = np.arctan2(along[:, 1], along[:, 0])

    def evidence(up: np.ndarray) -> np.ndarray:
        # The image of a point that moves up from the line's middle.
        moves = (up[:, None, :2] - middle * up[:, None, 2:]) * focal
        off = np.arctan2(moves[..., 1], moves[..., 0]) - direction
        off = (off + math.pi / 2) % math.pi - math.pi / 2  # a line has no sense
        vertical = 0.5 * _normal(off, variance) + 0.5 * _normal(off, variance + NEARLY_STD**2)
        by_share = [np.log((1 - s) / math.pi + s * vertical) @ weight for s in SHARES]
        return np.asarray(np.logaddexp.reduce(by_share, axis=0))

    return doubted(evidence, DOUBT)


def away_from(lines: np.ndarray, boxes: np.ndarray, margin: float = 0.1, most: float = 0.05) -> np.ndarray:
    """Line segments whose middle lies in at most a share `most` of the person's boxes (N, 4), which grow by `margin`.

    The legs of a standing person are lines too.
    """
    boxes = boxes[np.isfinite(boxes).all(axis=1)]
    if not len(boxes) or not len(lines):
        return lines
    middle = lines.reshape(-1, 2, 2).mean(axis=1)[:, None]
    spare = margin * boxes[:, 2:].max(axis=1, keepdims=True)
    inside = (middle >= boxes[:, :2] - spare) & (middle <= boxes[:, :2] + boxes[:, 2:] + spare)
    return np.asarray(lines[inside.all(axis=-1).mean(axis=1) <= most])


def _normal(off: np.ndarray, variance: np.ndarray) -> np.ndarray:
    return np.exp(-0.5 * off**2 / variance) / np.sqrt(2 * math.pi * variance)
