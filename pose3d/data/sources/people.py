"""Single pictures with 2D labels: the task that MPII and LSP share."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from pose3d.data.sources.framing import Framing
from pose3d.data.sources.labels import make_sample
from pose3d.data.sources.plan import Missing, Sample, Skip
from pose3d.data.sources.video import read_image
from pose3d.errors import PoseError
from pose3d.skeleton import MPI_INF_3DHP_17

PEOPLE_PER_TASK = 500


@dataclass(frozen=True)
class Person:
    """One labelled person.

    Attributes:
        image: the picture.
        joints_2d: (17, 2) px in 3DHP order; rows that are not labelled hold anything.
        labelled: (17,) bool.
        head_px: unit of PCKh, or None to derive it from the joints.
        subject: id; people of 2D sets are not known, so each is its own subject.
        frame: number of the picture in its set.
    """

    image: Path
    joints_2d: np.ndarray
    labelled: np.ndarray
    head_px: float | None
    subject: int
    frame: int


@dataclass(frozen=True)
class People:
    """Some hundreds of people: the task of one process."""

    name: str
    rows: tuple[int, ...]
    people: tuple[Person, ...]
    framing: Framing

    @property
    def num_samples(self) -> int:
        return len(self.people)

    def samples(self, skip: Skip) -> Iterator[Sample]:
        """Read each picture and cut out each person."""
        for person in self.people:
            try:
                image, encoded = read_image(person.image)
            except PoseError as error:
                skip(str(error))
                continue
            ids = {"subject": person.subject, "sequence": 0, "activity": 0, "scene": 0, "camera": 0}
            yield make_sample(
                image,
                framing=self.framing,
                joints_2d=person.joints_2d,
                names=MPI_INF_3DHP_17,
                ids=ids | {"frame": person.frame},
                labelled=person.labelled,
                encoded=encoded,
                head_px=person.head_px,
            )


def people_tasks(people: Sequence[Person], framing: Framing) -> list[People]:
    """Groups of people, in order."""
    groups = [people[start : start + PEOPLE_PER_TASK] for start in range(0, len(people), PEOPLE_PER_TASK)]
    return [
        People(f"people_{number}", tuple(person.subject for person in group), tuple(group), framing)
        for number, group in enumerate(groups)
    ]


def need_images(people: Sequence[Person], missing: Missing) -> None:
    """Add one problem that counts the pictures that are not there."""
    absent = sorted({person.image for person in people if not person.image.is_file()})
    if absent:
        missing.add(f"{len(absent)} images are missing, the first is {absent[0]}")
