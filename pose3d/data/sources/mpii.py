"""MPII Human Pose: the official .mat (single people) or the HRNet-style JSON files with the validation split."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

import numpy as np

from pose3d.data.sources.frame_sampling import first_look
from pose3d.data.sources.framing import Framing
from pose3d.data.sources.matlab import load_v5
from pose3d.data.sources.people import Person, add_allow_missing, people_tasks, usable_people, with_images
from pose3d.data.sources.plan import Missing, Plan, existing_root
from pose3d.errors import PoseError
from pose3d.skeleton import MPI_INF_3DHP_17, MPII_16, remap

MAT_NAME = "mpii_human_pose_v1_u12_1.mat"
MAT_PLACES = ("", "mpii_human_pose_v1_u12_2", "mpii_human_pose_v1_u12_1", "annot", "annotations")
JSON_OF_SPLIT = {"train": "train.json", "valid": "valid.json", "trainval": "trainval.json"}
HEADS = "gt_valid.mat"
HEAD_SHARE = 0.6  # the official head size is this much of the head box's diagonal
SEPARATE, MIXED = "separate", "not told apart"
"""Whether a store has none of the validation people, or they could not be told apart (its `sampling`, `validation`)."""
FROM_MPII = remap(MPII_16, MPI_INF_3DHP_17)  # "neck" is upper_neck (decision D6)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of this source."""
    add = parser.add_argument
    add("--split", default="train", choices=list(JSON_OF_SPLIT), help="valid needs annot/valid.json (2,958 people)")
    add("--annotations", default="auto", choices=["auto", "mat", "json"], help="auto: JSON where it is there")
    add("--all-people", action="store_true", help="of the .mat: also people who stand close to others")
    add_allow_missing(parser)


def plan(
    root: Path,
    *,
    framing: Framing,
    seed: int = 0,
    limit: int = 0,
    split: str = "train",
    annotations: str = "auto",
    all_people: bool = False,
    allow_missing: bool = False,
) -> Plan:
    """Check the tree and list the people of `split`."""
    root = existing_root(root, "MPII")
    json_path = root / "annot" / JSON_OF_SPLIT[split]
    mat_path = next((root / place / MAT_NAME for place in MAT_PLACES if (root / place / MAT_NAME).is_file()), None)
    missing, notes, validation = Missing("MPII", root), list[str](), SEPARATE
    missing.need(root / "images", "the folder of pictures")
    if annotations == "json" or (annotations == "auto" and (json_path.is_file() or mat_path is None)):
        if not json_path.is_file() and annotations == "auto":
            missing.add(f"neither annot/{json_path.name} nor {MAT_NAME} is there")
        else:
            missing.need(json_path)
        missing.raise_if_any()
        people, read = from_json(json_path, root / "images", split), "json"
        if split == "valid" and not json_path.with_name(HEADS).is_file():
            notes.append(f"no head boxes, annot/{HEADS} is missing: PCKh's unit is derived from neck and head top")
    else:
        if mat_path is None:
            missing.add(f"{MAT_NAME} is missing; looked in the folders {', '.join(p or '.' for p in MAT_PLACES)}")
        if split == "valid":
            missing.add("the .mat has no validation split: annot/valid.json lists it")
        missing.raise_if_any()
        assert mat_path is not None
        people, read = from_mat(mat_path, root / "images", all_people), "mat"
        if split == "train":
            people, validation = _without_validation(people, root / "annot" / JSON_OF_SPLIT["valid"], notes)
    people = with_images(usable_people(people, notes), missing, notes, allow_missing)
    missing.raise_if_any("unpack the images again, or go on without them with --allow-missing")
    (kept,) = first_look([np.arange(len(people))], limit)
    return Plan(
        source="mpii",
        joint_set="mpi_inf_3dhp_17",
        sequence_names=[f"mpii/{split}"],
        activity_names=[""],
        scene_names=[""],
        tasks=people_tasks([people[index] for index in kept], framing),
        sampling={
            "rule": f"{split} of the {read} file",
            "people": len(people),
            "single": read == "mat" and not all_people,
            "validation": validation,
            "limit": limit,
        },
        notes=notes,
    )


def from_json(path: Path, images: Path, split: str) -> list[Person]:
    """HRNet's files: joints (16, 2) from 1, joints_vis (16,); head boxes of the validation split from gt_valid.mat."""
    try:
        entries = json.loads(path.read_text())
        heads = _head_boxes(path.with_name(HEADS), len(entries)) if split == "valid" else None
        people = []
        for number, entry in enumerate(entries):
            joints = np.asarray(entry["joints"], np.float64) - 1
            labelled = np.asarray(entry["joints_vis"]) > 0
            if labelled.any():
                head = None if heads is None else heads[number]
                people.append(_person(images / entry["image"], joints, labelled, head, number, number))
    except (OSError, ValueError, KeyError, TypeError, IndexError) as error:
        raise PoseError(f"cannot read {path} as HRNet-style MPII labels: {error!r}; download it again") from error
    return people


def _without_validation(people: list[Person], listed: Path, notes: list[str]) -> tuple[list[Person], str]:
    """Training people of the .mat without everybody in an image of the validation split, which is part of it."""
    if not listed.is_file():
        notes.append(
            "the validation people are among the training people: the .mat does not tell them apart, "
            "annot/valid.json does; to score on MPII's validation people, put it there and prepare again"
        )
        return people, MIXED
    try:
        images = {str(entry["image"]) for entry in json.loads(listed.read_text())}
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise PoseError(f"cannot read {listed} as HRNet-style MPII labels: {error!r}; download it again") from error
    kept = [person for person in people if person.image.name not in images]
    notes.append(f"{len(people) - len(kept)} people are left out, annot/valid.json has their images for validation")
    return kept, SEPARATE


def _head_boxes(path: Path, count: int) -> list[float] | None:
    """Head sizes px from gt_valid.mat; None where the file is not there."""
    if not path.is_file():
        return None
    boxes = np.asarray(load_v5(path, "headboxes_src")["headboxes_src"], np.float64)
    if boxes.shape != (2, 2, count):
        raise PoseError(f"headboxes_src in {path} is {boxes.shape}, not (2, 2, {count}); is it of another valid.json?")
    return [float(size) for size in HEAD_SHARE * np.linalg.norm(boxes[1] - boxes[0], axis=0)]


def from_mat(path: Path, images: Path, all_people: bool) -> list[Person]:
    """The training images of RELEASE; rectangles without points or scale are passed over."""
    release = load_v5(path, "RELEASE", struct_as_record=False, squeeze_me=True)["RELEASE"]
    if lacking := [name for name in ("annolist", "img_train", "single_person") if not hasattr(release, name)]:
        raise PoseError(f"RELEASE in {path} has no {', '.join(lacking)}; is it {MAT_NAME}?")
    try:
        return _people_of(release, images, all_people)
    except (AttributeError, TypeError, ValueError, OverflowError) as error:
        raise PoseError(f"RELEASE in {path} is not built as MPII's: {error}; download it again") from error


def _people_of(release: Any, images: Path, all_people: bool) -> list[Person]:
    people: list[Person] = []
    annotations, in_train = np.atleast_1d(release.annolist), np.atleast_1d(release.img_train)
    # The indices of a release of one image are not nested in a cell any more.
    singles = [release.single_person] if len(annotations) == 1 else np.atleast_1d(release.single_person)
    for number, (annotation, train, single) in enumerate(zip(annotations, in_train, singles, strict=True)):
        if not train:
            continue
        chosen = {int(index) - 1 for index in np.atleast_1d(single).ravel()}
        for place, rect in enumerate(np.atleast_1d(getattr(annotation, "annorect", []))):
            if not all_people and place not in chosen:
                continue
            joints, labelled = _points(rect)
            corners = [getattr(rect, name, None) for name in ("x1", "y1", "x2", "y2")]
            if not labelled.any():
                continue
            head = None
            if all(np.isscalar(corner) for corner in corners):
                x1, y1, x2, y2 = (float(corner) for corner in corners)  # type: ignore[arg-type]
                head = HEAD_SHARE * float(np.hypot(x2 - x1, y2 - y1))
            image = images / str(annotation.image.name)
            people.append(_person(image, joints, labelled, head, len(people), number))
    return people


def _points(rect: Any) -> tuple[np.ndarray, np.ndarray]:
    """(16, 2) px from 0 and (16,) bool from a rectangle's annopoints, which may be absent or empty."""
    joints, labelled = np.zeros((16, 2)), np.zeros(16, bool)
    points = getattr(getattr(rect, "annopoints", None), "point", [])
    found: list[Any] = np.atleast_1d(points).tolist()
    for point in found:
        if hasattr(point, "id") and isinstance(point.id, int | float) and 0 <= int(point.id) < 16:
            joints[int(point.id)] = float(point.x) - 1, float(point.y) - 1
            labelled[int(point.id)] = True
    return joints, labelled


def _person(
    image: Path, joints: np.ndarray, labelled: np.ndarray, head: float | None, subject: int, frame: int
) -> Person:
    """From MPII's 16 joints to the 17; spine and head have no label."""
    has = FROM_MPII >= 0
    moved = np.where(has[:, None], joints[FROM_MPII], 0.0)
    return Person(image, moved, has & labelled[FROM_MPII], head, subject, frame)
