"""Lines behind the person of a video."""

import cv2
import numpy as np
import pytest

from pose3d.predict.background import MOST_FRAMES, Background


def frames(count: int, size: tuple[int, int]):
    """A post and a table, somebody who passes, and noise."""
    rng = np.random.default_rng(0)
    width, height = size
    for number in range(count):
        image = np.full((height, width, 3), 150, np.uint8)
        cv2.rectangle(image, (width // 5, height // 5), (width // 4, height * 4 // 5), (60, 60, 60), -1)
        left = int(width * number / count)
        cv2.rectangle(image, (left, height // 3), (left + width // 12, height), (200, 30, 30), -1)
        yield np.clip(image + rng.normal(0, 6, image.shape), 0, 255).astype(np.uint8)


@pytest.mark.parametrize("size", [(1920, 1080), (360, 640)])
def test_still_edges_are_found_where_they_are(size):
    background = Background()
    for image in frames(40, size):
        background.add(image)
        background.add(None)
    lines = background.lines()
    width, height = size
    upright = lines[np.abs(lines[:, 0] - lines[:, 2]) < 0.02 * width]
    long = upright[np.abs(upright[:, 1] - upright[:, 3]) > 0.4 * height]
    # Both sides of the post; nobody who passes, for they are elsewhere in each frame.
    for edge in (width // 5, width // 4):
        assert (np.abs(long[:, [0, 2]] - edge).max(axis=1) < 0.01 * width).any()
    assert (np.abs(long[:, 0][:, None] - np.array([width // 5, width // 4])).min(axis=1) < 0.02 * width).all()


def test_memory_is_bounded():
    background = Background()
    assert background.lines().shape == (0, 4)
    for image in frames(200, (64, 48)):
        background.add(image)
        assert len(background._kept) < MOST_FRAMES
    assert background._every == 16
    background.add(np.zeros((60, 80, 3), np.uint8))  # another size
    assert background.lines().shape == (0, 4)
