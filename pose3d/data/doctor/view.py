"""What `pose3d check` examines: one camera of one recording, or one set of single images."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from pose3d.data.finding import Finding
from pose3d.data.sources.people import Person, usable_people
from pose3d.data.videos import Frames, Video
from pose3d.errors import PoseError
from pose3d.skeleton import MPI_INF_3DHP_17, JointSet

SHARES = 2.0
"""Labels none of whose coordinates is larger cannot be in pixels."""


@dataclass(frozen=True)
class PartOfVideo:
    """Frames `rows` of a video, counted from 0."""

    video: Video
    rows: tuple[int, ...]

    def length_and_size(self) -> tuple[int, tuple[int, int]]:
        """How many of the rows the video has, and (w, h) px."""
        count, size = self.video.length_and_size()
        return sum(row < count for row in self.rows), size

    def fps(self) -> float:
        """Frames per second in the header."""
        return self.video.fps()

    def frames(self, indices: Sequence[int]) -> Iterator[np.ndarray | None]:
        """(H, W, 3) uint8 BGR of the rows with these indices; None where a frame is damaged."""
        return self.video.frames([self.rows[index] for index in indices])


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
    frames: Frames | PartOfVideo | None = None
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


Reported = Iterator[View | Finding]
"""What looks at a tree gives: views to examine, and findings on the way."""


def broken(where: str, error: PoseError) -> Finding:
    """A file that a reader refuses."""
    what, _, advice = str(error).partition(";")
    return Finding("error", where, what, advice.strip() or "unpack it again")


def picture_view(name: str, people: list[Person]) -> Reported:
    """The view of single pictures; people without a labelled joint are a warning."""
    notes: list[str] = []
    if people := usable_people(people, notes):
        labelled = [person.joints_2d[person.labelled] for person in people if person.labelled.any()]
        if labelled and max(float(np.abs(joints).max()) for joints in labelled) <= SHARES:
            what = "coordinates seem to be shares of the image, from 0 to 1"
            yield Finding("error", name, what, "multiply them by width and height: the labels are pixels")
        yield View(
            name=name,
            sequence=name,
            subject=0,
            names=MPI_INF_3DHP_17,
            joints_2d=np.array([person.joints_2d for person in people]),
            labelled=np.array([person.labelled for person in people]),
            images=[person.image for person in people],
        )
    for note in notes:
        yield Finding("warning", name, note, "they are left out when the tree is prepared")
