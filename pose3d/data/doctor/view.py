"""What the doctor looks at: one camera of one recording, or one set of single pictures."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from pose3d.data.videos import Frames, Video
from pose3d.skeleton import JointSet


@dataclass
class View:
    """Labels and pictures that belong together.

    Attributes:
        name: where it is, for findings.
        sequence: recording; views of one recording show the same movement.
        subject: id, and `split` the part of the data set that the subject belongs to ("" where there is one only).
        names: which joints the labels hold.
        joints_2d: (T, J, 2) px; joints_3d, joints_3d_univ (T, J, 3) mm, where there are 3D labels.
        labelled: (T, J) bool, or None for all.
        intrinsics, cam_from_world: the camera by its file, where there is one.
        frames: the pictures by row, where rows are frames; `rows` are those to look at.
        images: files of single pictures, row by row, instead of `frames`.
        masks: foreground and chair video.
        part_labels: file of body parts, frame by frame.
        fps: frames per second that the data set's documents promise; 0 = not said.
        size: (w, h) px that the camera's file says; (0, 0) = not said.
        parts: regions that the masks may be used for.
    """

    name: str
    sequence: str
    subject: int
    names: JointSet
    joints_2d: np.ndarray
    joints_3d: np.ndarray | None = None
    joints_3d_univ: np.ndarray | None = None
    labelled: np.ndarray | None = None
    split: str = ""
    intrinsics: np.ndarray | None = None
    cam_from_world: np.ndarray | None = None
    frames: Frames | None = None
    images: list[Path] = field(default_factory=list)
    masks: tuple[Video, Video] | None = None
    part_labels: Path | None = None
    fps: float = 0.0
    size: tuple[int, int] = (0, 0)
    parts: tuple[str, ...] = ()
    exact_projection: bool = True
    known_short: bool = False

    def joint(self, name: str, joints: np.ndarray) -> np.ndarray:
        """(T, ...) one joint by name."""
        return np.asarray(joints[:, self.names.index(name)])
