"""Leeds Sports Poses (2,000 pictures; 1,000 to train, 1,000 to test) and its extended training set (10,000)."""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np

from pose3d.data.sources.frame_sampling import first_look
from pose3d.data.sources.framing import Framing
from pose3d.data.sources.matlab import load_v5
from pose3d.data.sources.people import Person, add_allow_missing, people_tasks, usable_people, with_images
from pose3d.data.sources.plan import Missing, Plan, existing_root
from pose3d.errors import PoseError
from pose3d.skeleton import LSP_14, MPI_INF_3DHP_17, remap

FROM_LSP = remap(LSP_14, MPI_INF_3DHP_17)
PELVIS = MPI_INF_3DHP_17.index("pelvis")
HIPS = [MPI_INF_3DHP_17.index("l_hip"), MPI_INF_3DHP_17.index("r_hip")]
TRAINING_PICTURES = 1000
PLACES = ("", "lsp_dataset", "lsp_dataset_original", "lsp")
PLACES_EXTENDED = ("", "hr-lspet", "lspet_dataset", "lspet")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of this source."""
    parser.add_argument("--split", default="train", choices=["train", "test", "all"], help="default: train")
    add_allow_missing(parser)


def plan(
    root: Path, *, framing: Framing, seed: int = 0, limit: int = 0, split: str = "train", allow_missing: bool = False
) -> Plan:
    """Pictures 1 to 1000 to train, 1001 to 2000 to test."""
    folder = find_folder(existing_root(root, "LSP"), "LSP", PLACES)
    path = folder / "joints.mat"
    joints = np.asarray(load_v5(path, "joints")["joints"], np.float64)
    if joints.ndim != 3 or joints.shape[:2] != (3, 14):
        raise PoseError(f"joints in {path} is {joints.shape}, not (3, 14, pictures); is it LSP's (lspet is 14, 3)?")
    xy = joints[:2].transpose(2, 1, 0)
    # The flag is 1 where a joint is occluded; occluded joints are labelled all the same.
    labelled = np.asarray(np.isfinite(xy).all(axis=-1))
    first, last = {"train": (0, TRAINING_PICTURES), "test": (TRAINING_PICTURES, len(xy)), "all": (0, len(xy))}[split]
    numbers = np.arange(first, min(last, len(xy)))
    if not len(numbers):
        raise PoseError(f"{path} lists {len(xy)} pictures, and those of the {split} half begin at {first + 1}")
    return make_plan("lsp", split, folder, xy, labelled, numbers, 4, framing, limit, allow_missing)


def make_plan(
    source: str,
    split: str,
    folder: Path,
    xy: np.ndarray,
    labelled: np.ndarray,
    numbers: np.ndarray,
    digits: int,
    framing: Framing,
    limit: int,
    allow_missing: bool,
) -> Plan:
    """People of the pictures `numbers` (from 0) out of labels (N, 14, 2) px and (N, 14) bool."""
    people = []
    for number in numbers:
        stem = folder / "images" / f"im{number + 1:0{digits}d}"
        image = next((stem.with_suffix(end) for end in (".jpg", ".png") if stem.with_suffix(end).is_file()), None)
        joints, known = to_17(xy[number], labelled[number])
        people.append(Person(image or stem.with_suffix(".jpg"), joints, known, None, int(number), int(number) + 1))
    missing, notes = Missing(source, folder), list[str]()
    people = with_images(usable_people(people, notes), missing, notes, allow_missing)
    missing.raise_if_any("unpack the images again, or go on without them with --allow-missing")
    (kept,) = first_look([np.arange(len(people))], limit)
    return Plan(
        source=source,
        joint_set="mpi_inf_3dhp_17",
        sequence_names=[f"{source}/{split}"],
        activity_names=[""],
        scene_names=[""],
        tasks=people_tasks([people[index] for index in kept], framing),
        sampling={"rule": split, "people": len(people), "limit": limit},
        notes=notes,
    )


def to_17(xy: np.ndarray, labelled: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(17, 2) and (17,) from the 14; the pelvis is the middle of the hips (decision D6)."""
    has = FROM_LSP >= 0
    joints = np.where(has[:, None], xy[FROM_LSP], 0.0)
    known = has & labelled[FROM_LSP]
    joints[PELVIS] = joints[HIPS].mean(axis=0)
    known[PELVIS] = known[HIPS].all()
    return np.where(known[:, None], joints, 0.0), known


def find_folder(root: Path, name: str, places: tuple[str, ...]) -> Path:
    """The folder that holds joints.mat and images/."""
    for place in places:
        if (root / place / "joints.mat").is_file():
            missing = Missing(name, root)
            missing.need(root / place / "images", "the folder of pictures")
            missing.raise_if_any()
            return root / place
    tried = ", ".join(str(root / place / "joints.mat") for place in places)
    raise PoseError(f"no {name} labels: looked for {tried}; correct --root")
