"""Which regions of MPI-INF-3DHP may be recoloured, and the region bits of its mask videos (docs/datasets.md)."""

from __future__ import annotations

import cv2
import numpy as np

from pose3d.data.schema import CHAIR, LOWER, PERSON, UPPER
from pose3d.data.sources.framing import Window

# Both garments can be told apart only where plain clothing was worn.
_PLAIN_CLOTHING = {(2, 2), (3, 2), (5, 2), (6, 2), (7, 1), (8, 1)}
# The lower masks and the background of these two are unusable.
_UPPER_ONLY = {(1, 2), (4, 2)}

SMOOTHING_PX = 1.0
MIDDLE = 128


def augmentable_parts(subject: int, sequence: int) -> tuple[str, ...]:
    """What may change in S<subject>/Seq<sequence>, as the official sequence table says."""
    if (subject, sequence) in _UPPER_ONLY:
        return ("chair", "upper")
    clothing = ("upper", "lower") if (subject, sequence) in _PLAIN_CLOTHING else ()
    return ("background", "chair", *clothing)


def region_bits(foreground: np.ndarray, chair: np.ndarray, parts: tuple[str, ...], window: Window) -> np.ndarray:
    """(h, w) uint8 region bits of the stored `window`, from one frame of each mask video, (H, W, 3) BGR.

    Red of the foreground is bright on the person; green and blue are dark on the upper and the lower garment. Red of
    the chair video is dark on the chair. The videos are lossy, so they are smoothed and cut in the middle. A region
    that may not be used in this sequence (`parts`) leaves no bit.
    """
    foreground, chair = (
        cv2.GaussianBlur(window.cut(frame, cv2.INTER_LINEAR), (0, 0), SMOOTHING_PX) for frame in (foreground, chair)
    )
    on_chair = chair[..., 2] < MIDDLE
    person = (foreground[..., 2] >= MIDDLE) & ~on_chair
    bits = np.zeros(foreground.shape[:2], np.uint8)
    if "background" in parts:
        bits[person] |= PERSON
    if "chair" in parts:
        bits[on_chair] |= CHAIR
    for part, bit, channel in (("upper", UPPER, 1), ("lower", LOWER, 0)):
        if part in parts:
            bits[(foreground[..., channel] < MIDDLE) & ~on_chair] |= bit | PERSON
    return bits
