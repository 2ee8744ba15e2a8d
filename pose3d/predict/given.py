"""Camera and boxes given by the user on the command line."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Protocol

import numpy as np

from pose3d.data.videos import Stream
from pose3d.errors import PoseError
from pose3d.geometry import intrinsics_from_fov
from pose3d.predict.frames import VideoFrames
from pose3d.predict.images import Image
from pose3d.predict.predictor import FOV_DEGREES
from pose3d.predictions import read_predictions

NORMALISED = 2.0
"""A box without a larger number cannot be in pixels."""

THINNEST_PX, SMALLEST_PX = 2.0, 8.0
"""Smallest shorter and longer side of a box."""

LEAST_INSIDE = 0.05
"""Share of a box that must lie inside the image."""


class Camera:
    """Intrinsics of the frames, with a name that tells whether they are known.

    Args:
        fov: horizontal field of view in degrees; None: `FOV_DEGREES`, marked in the name (decision G5).
        intrinsics: "fx,fy,cx,cy" in px, in place of `fov`.

    Raises:
        PoseError: The field of view or the focal lengths are impossible.
    """

    def __init__(self, fov: float | None = None, intrinsics: str | None = None) -> None:
        self.assumed = fov is None and intrinsics is None
        self.fov, self.matrix = FOV_DEGREES if fov is None else fov, None
        self.name = f"field of view of {self.fov:g} degrees" + (" (assumed)" if self.assumed else "")
        self._of_size((1, 1))  # an impossible field of view is reported before any network is loaded
        if intrinsics is not None:
            fx, fy, cx, cy = numbers(intrinsics, "--intrinsics", "fx,fy,cx,cy")
            if min(fx, fy) <= 0:
                raise PoseError(f"--intrinsics {intrinsics} has no positive focal lengths; give fx,fy,cx,cy in pixels")
            self.matrix = np.array([[fx, 0, cx], [0, fy, cy], [0, 0, 1]], np.float32)
            self.name = f"fx {fx:g}, fy {fy:g}, cx {cx:g}, cy {cy:g} px"

    def intrinsics(self, images: Sequence[Image]) -> np.ndarray:
        """Intrinsics (B, 3, 3) for images (H, W, 3) of any sizes."""
        return np.stack([self._of_size((image.shape[1], image.shape[0])) for image in images])

    def _of_size(self, size: tuple[int, int]) -> np.ndarray:
        return intrinsics_from_fov(size, self.fov).numpy() if self.matrix is None else self.matrix


class Boxes:
    """Tight boxes x, y, w, h px: one for all frames, or one per frame (NaN: no person)."""

    def __init__(self, boxes: np.ndarray, source: str, one_for_all: bool = False) -> None:
        if boxes.ndim != 2 or boxes.shape[1] != 4:
            raise PoseError(f"{source} has {boxes.shape[-1]} numbers a line; give the four of x,y,w,h")
        self.boxes, self.source, self.one_for_all = boxes, source, one_for_all

    @classmethod
    def parse(cls, text: str) -> "Boxes":
        """Use the same box in every frame, from "x,y,w,h"."""
        return cls(np.array([numbers(text, "--box", "x,y,w,h")]), "--box", one_for_all=True)

    @classmethod
    def read(cls, path: Path) -> "Boxes":
        """Read boxes from a text file, one line of x,y,w,h per frame, or from the `bbox` of a predictions file."""
        if path.suffix in (".npz", ".h5", ".hdf5"):
            return cls(read_predictions(path).require("bbox", "--boxes"), str(path))
        if not path.is_file():
            raise PoseError(f"there is no file of boxes {path}; give lines of x,y,w,h, one a frame")
        try:
            return cls(np.loadtxt(path, delimiter=",", ndmin=2), str(path))
        except ValueError as error:  # includes files that are not text
            raise PoseError(f"{path} is not a list of boxes ({error}); give lines of x,y,w,h, one a frame") from error

    def of(self, frames: Sequence[int]) -> np.ndarray:
        """The boxes (B, 4) of these frames."""
        if self.one_for_all:
            return np.repeat(self.boxes, len(frames), axis=0)
        return self.boxes[list(frames)]

    def check(self, frames: "SizedFrames") -> None:
        """Raise PoseError unless there is one plausible box for each frame; called before any network is loaded."""
        if not self.one_for_all and len(self.boxes) != (count := frame_count(frames, len(self.boxes))):
            raise PoseError(f"{self.source} has {len(self.boxes)} boxes for {count} frames; give one a frame")
        sizes = list(frames.sizes())
        if len(sizes) == 1:  # of a video
            sizes = sizes * len(self.boxes)
        rows = np.zeros(len(sizes), int) if self.one_for_all else np.arange(len(self.boxes))
        for number, (row, size) in enumerate(zip(rows.tolist(), sizes, strict=True)):
            if fault := box_fault(self.boxes[row], size):
                where = "" if self.one_for_all else f" of frame {number}"
                values = ",".join(f"{value:g}" for value in self.boxes[row])
                raise PoseError(f"{self.source}: the box {values}{where} {fault}; give x,y,width,height in pixels")


class SizedFrames(Protocol):
    """Frames whose number and sizes are known before they are read."""

    @property
    def expected(self) -> int | None:
        """Number of frames according to the source, None if unknown."""

    def sizes(self) -> Iterator[tuple[int, int] | None]:
        """(width, height) px of each image, or once for all."""


def frame_count(frames: SizedFrames, wanted: int) -> int:
    """Number of frames. The frames of a video are counted one by one if the file's number differs from `wanted`."""
    if isinstance(frames, VideoFrames):
        if isinstance(frames.video, Stream):
            raise PoseError("a stream has no known number of frames; give one --box, or leave the boxes out")
        return wanted if frames.expected == wanted else frames.video.count()
    assert frames.expected is not None
    return frames.expected


def box_fault(box: np.ndarray, size: tuple[int, int] | None) -> str:
    """Describe the fault of a box x, y, w, h px in an image of (width, height) px; "" for a valid box.

    A row of NaN means that there is no person. The position of the box is not checked if the size is unknown.
    """
    if np.isnan(box).all():
        return ""
    if not np.isfinite(box).all():
        return "is not finite"
    x, y, w, h = box.tolist()
    if max(w, h) <= 0:
        return "has no area"
    if min(w, h) < 0:
        return "has a negative side"
    if max(abs(x), abs(y), w, h) <= NORMALISED:
        return "looks normalised to 0..1"
    if min(w, h) < THINNEST_PX or max(w, h) < SMALLEST_PX:
        return f"is too small for a person (less than {SMALLEST_PX:g} px long or {THINNEST_PX:g} px thin)"
    if size is None:
        return ""
    inside_w = min(x + w, size[0]) - max(x, 0.0)
    inside_h = min(y + h, size[1]) - max(y, 0.0)
    if inside_w <= 0 or inside_h <= 0 or inside_w * inside_h < LEAST_INSIDE * w * h:
        return f"lies outside the image of {size[0]} x {size[1]} px, or almost"
    return ""


def numbers(text: str, flag: str, form: str) -> list[float]:
    """Parse four numbers separated by commas."""
    try:
        values = [float(part) for part in text.split(",")]
    except ValueError:
        values = []
    if len(values) != 4 or not np.isfinite(values).all():
        raise PoseError(f"{flag} {text!r} is not understood; write {form} as four numbers in pixels")
    return values
