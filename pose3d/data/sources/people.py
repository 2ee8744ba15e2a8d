"""Single pictures with 2D labels: the task that MPII and LSP share."""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from pose3d.data.images import read_image
from pose3d.data.sources.framing import Framing
from pose3d.data.sources.labels import make_sample
from pose3d.data.sources.plan import Missing, Sample, Skips
from pose3d.errors import PoseError
from pose3d.skeleton import MPI_INF_3DHP_17

PEOPLE_PER_TASK = 500
OUTSIDE = "the labels lie outside the picture"


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

    def files(self) -> Iterator[Path]:
        """The images."""
        return (person.image for person in self.people)

    def samples(self, skips: Skips) -> Iterator[Sample]:
        """Read each picture and cut out each person."""
        for person in self.people:
            try:
                image, encoded = read_image(person.image)
            except PoseError as error:
                skips.damage(str(error).partition(";")[0])
                continue
            if is_outside(person.joints_2d[person.labelled], image):
                skips.rule(OUTSIDE)
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


def is_outside(joints: np.ndarray, image: np.ndarray) -> bool:
    """Whether the box around joints (J, 2) px has nothing in common with an image (H, W, 3)."""
    size = np.array(image.shape[1::-1])
    return bool(len(joints)) and bool(((joints.max(axis=0) < 0) | (joints.min(axis=0) > size)).any())


def usable_people(people: Sequence[Person], notes: list[str]) -> list[Person]:
    """People with a labelled joint of the 17. Coordinates that are no numbers count as not labelled.

    How many people or joints are left out goes to `notes`.
    """
    kept, bare, odd = [], 0, 0
    for person in people:
        finite = np.isfinite(person.joints_2d).all(axis=-1)
        odd += int((person.labelled & ~finite).sum())
        labelled = person.labelled & finite
        if labelled.any():
            kept.append(replace(person, labelled=labelled, joints_2d=np.where(finite[:, None], person.joints_2d, 0.0)))
        else:
            bare += 1
    if odd:
        notes.append(f"{odd} labelled joints are left out, their coordinates are NaN or infinite")
    if bare:
        notes.append(f"{bare} people are left out, none of the 17 joints is labelled")
    return kept


def people_tasks(people: Sequence[Person], framing: Framing) -> list[People]:
    """Groups of people, in order."""
    groups = [people[start : start + PEOPLE_PER_TASK] for start in range(0, len(people), PEOPLE_PER_TASK)]
    return [
        People(f"people_{number}", tuple(person.subject for person in group), tuple(group), framing)
        for number, group in enumerate(groups)
    ]


def with_images(people: Sequence[Person], missing: Missing, notes: list[str], allow_missing: bool) -> list[Person]:
    """People whose image is there; the others are a problem of the tree, or a note where that is allowed."""
    present = [person for person in people if person.image.is_file()]
    absent = sorted({person.image for person in people} - {person.image for person in present})
    if absent:
        sentence = f"{len(absent)} images are missing, the first is {absent[0]}"
        if allow_missing:
            notes.append(f"{sentence}; the people in them are left out")
        else:
            missing.add(sentence)
    return present


def add_allow_missing(parser: argparse.ArgumentParser) -> None:
    """The option behind `with_images`."""
    parser.add_argument("--allow-missing", action="store_true", help="leave out people whose image is not there")
