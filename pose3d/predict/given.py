"""What the user knows about camera and boxes, from the words of the command line."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from pose3d.errors import PoseError
from pose3d.geometry import intrinsics_from_fov
from pose3d.predict.images import Image
from pose3d.predict.predictor import FOV_DEGREES
from pose3d.predictions import read_predictions


class Camera:
    """Intrinsics of the frames, and a name that says whether they are known.

    Args:
        fov: horizontal field of view in degrees; None: `FOV_DEGREES`, and the name says so (decision G5).
        intrinsics: "fx,fy,cx,cy" in px, instead.
    """

    def __init__(self, fov: float | None = None, intrinsics: str | None = None) -> None:
        self.assumed = fov is None and intrinsics is None
        self.fov, self.matrix = FOV_DEGREES if fov is None else fov, None
        self.name = f"field of view of {self.fov:g} degrees" + (" (assumed)" if self.assumed else "")
        self._of_size((1, 1))  # an impossible field of view is said before any network is loaded
        if intrinsics is not None:
            fx, fy, cx, cy = numbers(intrinsics, "--intrinsics", "fx,fy,cx,cy")
            if min(fx, fy) <= 0:
                raise PoseError(f"--intrinsics {intrinsics} has no positive focal lengths; give fx,fy,cx,cy in pixels")
            self.matrix = np.array([[fx, 0, cx], [0, fy, cy], [0, 0, 1]], np.float32)
            self.name = f"fx {fx:g}, fy {fy:g}, cx {cx:g}, cy {cy:g} px"

    def intrinsics(self, images: Sequence[Image]) -> np.ndarray:
        """(B, 3, 3) for images (H, W, 3) of any sizes."""
        return np.stack([self._of_size((image.shape[1], image.shape[0])) for image in images])

    def _of_size(self, size: tuple[int, int]) -> np.ndarray:
        return intrinsics_from_fov(size, self.fov).numpy() if self.matrix is None else self.matrix


class Boxes:
    """Tight boxes x, y, w, h px: one for all frames, or one a frame (NaN: nobody)."""

    def __init__(self, boxes: np.ndarray, source: str, one_for_all: bool = False) -> None:
        if boxes.ndim != 2 or boxes.shape[1] != 4:
            raise PoseError(f"{source} has {boxes.shape[-1]} numbers a line; give the four of x,y,w,h")
        self.boxes, self.source, self.one_for_all = boxes, source, one_for_all

    @classmethod
    def parse(cls, text: str) -> "Boxes":
        """The same box in every frame, from "x,y,w,h"."""
        return cls(np.array([numbers(text, "--box", "x,y,w,h")]), "--box", one_for_all=True)

    @classmethod
    def read(cls, path: Path) -> "Boxes":
        """From a text file, one line of x,y,w,h a frame, or from the `bbox` of a predictions file."""
        if path.suffix in (".npz", ".h5", ".hdf5"):
            return cls(read_predictions(path).require("bbox", "--boxes"), str(path))
        if not path.is_file():
            raise PoseError(f"there is no file of boxes {path}; give lines of x,y,w,h, one a frame")
        try:
            return cls(np.loadtxt(path, delimiter=",", ndmin=2), str(path))
        except ValueError as error:  # also what is no text
            raise PoseError(f"{path} is no list of boxes ({error}); give lines of x,y,w,h, one a frame") from error

    def of(self, frames: Sequence[int]) -> np.ndarray:
        """(B, 4), the boxes of these frames."""
        if self.one_for_all:
            return np.repeat(self.boxes, len(frames), axis=0)
        if max(frames) >= len(self.boxes):
            raise PoseError(f"{self.source} has {len(self.boxes)} boxes, but there are more frames; give one a frame")
        return self.boxes[list(frames)]

    def check_count(self, frames: int) -> None:
        """A PoseError unless there is a box for every frame, and no more."""
        if not self.one_for_all and len(self.boxes) != frames:
            raise PoseError(f"{self.source} has {len(self.boxes)} boxes for {frames} frames; give one a frame")


def numbers(text: str, flag: str, form: str) -> list[float]:
    """Four numbers between commas."""
    try:
        values = [float(part) for part in text.split(",")]
    except ValueError:
        values = []
    if len(values) != 4 or not np.isfinite(values).all():
        raise PoseError(f"{flag} {text!r} is not understood; write {form} as four numbers in pixels")
    return values
