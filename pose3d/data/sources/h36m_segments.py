"""Human3.6M's silhouettes and part labels: cell arrays of one image per frame, stored transposed (docs/datasets.md)."""

from __future__ import annotations

import json
from contextlib import ExitStack
from pathlib import Path

import h5py
import numpy as np

from pose3d.data.schema import NUM_PARTS, PERSON
from pose3d.data.sources.framing import Window
from pose3d.data.sources.matlab import open_v73
from pose3d.errors import PoseError

SILHOUETTES = "Masks"
PART_LABELS = "Feat"
"""Names of the cell arrays."""


class Segments:
    """The cell array `variable` of the file at `path`, read frame by frame; open as long as `stack`.

    Raises:
        PoseError: no such file or variable, or no cell array.
    """

    def __init__(self, stack: ExitStack, path: Path, variable: str) -> None:
        self.path = path
        self.file: h5py.File = stack.enter_context(open_v73(path, variable))
        cells = self.file[variable]
        if not isinstance(cells, h5py.Dataset) or h5py.check_ref_dtype(cells.dtype) is None:
            raise PoseError(f"{variable} in {path} is no cell array of images; unpack or download it again")
        self.references = np.ravel(cells[()])

    def __len__(self) -> int:
        return len(self.references)

    def image(self, row: int) -> np.ndarray:
        """(H, W) of a frame, as stored but for the axes."""
        return np.asarray(self.file[self.references[row]][()]).T

    def silhouette(self, row: int, shape: tuple[int, ...], window: Window) -> np.ndarray:
        """(h, w) uint8 of the stored `window`: PERSON on the person. `shape` (H, W) is the video's."""
        return window.cut_mask(np.where(self._fitting(row, shape) > 0, PERSON, 0).astype(np.uint8))

    def body_parts(self, row: int, shape: tuple[int, ...], window: Window) -> np.ndarray:
        """(h, w) uint8 of the stored `window`: 0 background, 1 to 24 body parts, cut like the silhouette."""
        labels = self._fitting(row, shape)
        if not are_parts(labels):
            raise PoseError(
                f"frame {row} of {self.path} holds other values than the part labels 0 to {NUM_PARTS}; "
                f"unpack it again, or leave it out with --no-part-labels"
            )
        return window.cut_mask(labels.astype(np.uint8))

    def _fitting(self, row: int, shape: tuple[int, ...]) -> np.ndarray:
        image = self.image(row)
        if image.shape != shape:
            raise PoseError(
                f"frame {row} of {self.path} is {image.shape}, its video is {shape}; do they belong together?"
            )
        return image


def are_parts(labels: np.ndarray) -> bool:
    """Whether an image holds whole numbers from 0 to 24 only; of which type does not matter."""
    return bool(np.isin(labels, np.arange(NUM_PARTS + 1)).all())


def read_part_flip(path: Path) -> list[int] | None:
    """For each part label the one of a mirrored picture; None where the file is not there.

    Raises:
        PoseError: it is no list of the labels 0 to 24 in which every exchange goes both ways.
    """
    if not path.is_file():
        return None
    try:
        flip = [int(label) for label in json.loads(path.read_text())]
        is_exchange = sorted(flip) == list(range(NUM_PARTS + 1)) and all(flip[flip[k]] == k for k in range(len(flip)))
    except (OSError, ValueError, TypeError, OverflowError) as error:
        raise PoseError(f"cannot read {path} as a list of part labels: {error}; correct or delete it") from error
    if not is_exchange or flip[0] != 0:
        raise PoseError(
            f"{path} must list the labels 0 to {NUM_PARTS}, left and right ones exchanged; correct or delete it"
        )
    return flip


def num_frames(path: Path, variable: str) -> int:
    """Frames in a file."""
    with ExitStack() as stack:
        return len(Segments(stack, path, variable))
