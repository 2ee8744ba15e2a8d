"""Images to cut crops from: pixels in memory, or a stored file that is decoded at reduced size if the crop allows."""

from typing import Any

import cv2
import numpy as np

from pose3d.data.store import PoseStore


class StoredImage:
    """An image of a pose store, decoded when needed.

    As in the test of a stage, the image is decoded at a fraction of its size if that is enough (`decode_reduction`), so
    that the same box gives the same crop bit for bit.
    """

    def __init__(self, store: PoseStore, row: int, size: tuple[int, int]) -> None:
        self.store, self.row = store, row
        self.shape = (size[1], size[0], 3)
        """Shape (H, W, 3) of the whole image."""

    def reduced(self, reduction: int) -> np.ndarray:
        """(H / reduction, W / reduction, 3) uint8 RGB; reduction is 1, 2, 4 or 8."""
        return self.store.image(self.row, reduction)

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        """The whole image, for pictures."""
        return np.asarray(self.reduced(1), dtype)


Image = np.ndarray | StoredImage


def reduced(image: Image, reduction: int) -> np.ndarray:
    """Means of `reduction` x `reduction` pixels; incomplete blocks are padded with the last row or column."""
    if isinstance(image, StoredImage):
        return image.reduced(reduction)
    if reduction == 1:
        return image
    height, width = image.shape[:2]
    bottom, right = -height % reduction, -width % reduction
    if bottom or right:
        image = cv2.copyMakeBorder(image, 0, bottom, 0, right, cv2.BORDER_REPLICATE)
    size = (image.shape[1] // reduction, image.shape[0] // reduction)
    return np.asarray(cv2.resize(image, size, interpolation=cv2.INTER_AREA))
