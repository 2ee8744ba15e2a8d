"""Pictures of predictions: one file per image, or a sheet of frames of a video or a pose store."""

from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np

from pose3d.predict.frames import Frame, ImageFiles, ImageSequence, VideoFrames
from pose3d.predict.labelled import StoreFrames
from pose3d.predictions import Predictions
from pose3d.viz import save_predictions_figure

LONGEST_PX = 640
"""Largest side of the images in pictures."""

SHEET_ROWS = 8

AROUND = 0.25
"""Margin around the person in pictures, as a share of the person's size."""

Row = tuple[np.ndarray, np.ndarray, np.ndarray, str]


class Pictures:
    """Draw pictures into a folder: one for each image, or one sheet of a video or a pose store."""

    def __init__(self, folder: Path, frames: ImageFiles | VideoFrames | StoreFrames) -> None:
        self.folder = folder
        self.names = [Path(name).stem for name in frames.names]
        if len(set(self.names)) < len(self.names):  # a.jpg beside a.png
            self.names = frames.names
        single = isinstance(frames, ImageFiles) and not isinstance(frames, ImageSequence)
        self.sheet = None if single else ContactSheet()

    def add(self, frames: Sequence[Frame], predictions: Predictions) -> None:
        """Draw the frames that have a person, or keep them for the sheet."""
        for row in np.flatnonzero(predictions.require("valid", "a picture")).tolist():
            image, number = np.asarray(frames[row].image), frames[row].number
            if self.sheet is not None:
                self.sheet.add(row_of(image, predictions, row, f"frame {number}"))
            else:
                name = self.names[number]
                save_rows(self.folder / f"{name}.png", [row_of(image, predictions, row, name)])

    def finish(self) -> None:
        """Write the sheet, if there is one."""
        if self.sheet is not None and self.sheet.kept:
            save_rows(self.folder / f"{self.names[0]}.png", self.sheet.rows())


def row_of(image: np.ndarray, predictions: Predictions, row: int, title: str) -> Row:
    """One row of a picture: the image (H, W, 3) around the person, the joints in 2D and 3D, a title."""
    joints_2d = predictions.require("joints_2d", "a picture")[row]
    joints_3d = predictions.require("joints_3d", "a picture")[row]
    image, joints_2d = around_person(image, joints_2d)
    scale = min(1.0, LONGEST_PX / max(image.shape[:2]))
    if scale < 1.0:
        image = np.asarray(cv2.resize(image, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA))
    return image, (joints_2d + 0.5) * scale - 0.5, joints_3d, title


def around_person(image: np.ndarray, joints_2d: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The square of an image (H, W, 3) around joints (17, 2) px, and the joints in it; NaN joints are left out."""
    known = joints_2d[np.isfinite(joints_2d).all(axis=-1)]
    if not len(known):
        return image, joints_2d
    low, high = known.min(axis=0), known.max(axis=0)
    half = float((high - low).max()) * (0.5 + AROUND)
    centre = (low + high) / 2
    size = np.array([image.shape[1], image.shape[0]])
    first = np.clip(np.floor(centre - half), 0, size - 1).astype(int)
    last = np.clip(np.ceil(centre + half) + 1, first + 1, size).astype(int)
    return image[first[1] : last[1], first[0] : last[0]], joints_2d - first


def save_rows(path: Path, rows: list[Row]) -> None:
    """Write a picture of one or more rows."""
    images, joints_2d, joints_3d, titles = zip(*rows, strict=True)
    save_predictions_figure(path, images, np.stack(joints_2d), np.stack(joints_3d), titles=titles)


class ContactSheet:
    """At most `SHEET_ROWS` frames, evenly spread over a stream of unknown length, in constant memory."""

    def __init__(self) -> None:
        self.every, self.seen = 1, 0
        self.kept: list[Row] = []

    def add(self, row: Row) -> None:
        """Add a frame; every `every`-th is kept, and `every` doubles when there are twice as many frames as rows."""
        if self.seen % self.every == 0:
            self.kept.append(row)
        self.seen += 1
        if len(self.kept) == 2 * SHEET_ROWS:
            self.kept, self.every = self.kept[::2], 2 * self.every

    def rows(self) -> list[Row]:
        """The frames to show, evenly spread over those that were added."""
        chosen = np.linspace(0, len(self.kept) - 1, min(len(self.kept), SHEET_ROWS)).round().astype(int)
        return [self.kept[i] for i in chosen]
