"""Images that crops are cut from: pixels in memory, or a stored file that is decoded as coarsely as a crop allows."""

from typing import Any

import cv2
import numpy as np

from pose3d.data.store import PoseStore


class StoredImage:
    """An image of a pose store, decoded when it is needed.

    Test sets are cropped from images decoded at a fraction of their size where that is enough (`decode_reduction`).
    The same is done here, so that the same box gives the same crop to the last bit.
    """

    def __init__(self, store: PoseStore, row: int, size: tuple[int, int]) -> None:
        self.store, self.row = store, row
        self.shape = (size[1], size[0], 3)
        """Of the whole image, (H, W, 3)."""

    def reduced(self, reduction: int) -> np.ndarray:
        """(H / reduction, W / reduction, 3) uint8 RGB; reduction is 1, 2, 4 or 8."""
        return self.store.image(self.row, reduction)

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        """The whole image, for pictures."""
        return np.asarray(self.reduced(1), dtype)


Image = np.ndarray | StoredImage


def reduced(image: Image, reduction: int) -> np.ndarray:
    """Means of `reduction` x `reduction` pixels; a ragged edge is filled up with its last row or column."""
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
