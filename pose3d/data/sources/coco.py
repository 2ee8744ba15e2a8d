"""COCO keypoints, and what other tools export in COCO's JSON form."""

from __future__ import annotations

import argparse
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np

from pose3d.data.sources.frame_sampling import first_look
from pose3d.data.sources.framing import Framing
from pose3d.data.sources.named_joints import match_joints, read_names
from pose3d.data.sources.people import Person, add_allow_missing, people_tasks, usable_people, with_images
from pose3d.data.sources.plan import Missing, Plan, existing_root
from pose3d.errors import PoseError
from pose3d.skeleton import MPI_INF_3DHP_17

ANNOTATIONS: Final = (
    "annotations/person_keypoints_{split}2017.json",
    "annotations/person_keypoints_default.json",
    "annotations/instances_default.json",
    "result.json",
)
IMAGES: Final = ("{split}2017", "images/{split}2017", "images/default", "images", "")
MIN_JOINTS: Final = 3


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of this source."""
    add = parser.add_argument
    add("--split", default="train", help="train or val, part of the names of COCO's files (train)")
    add("--annotations", type=Path, metavar="FILE", help="the JSON file, where it has another name than COCO's")
    add("--images", type=Path, metavar="DIR", help="folder that the file names of the JSON file begin from")
    add("--categories", nargs="+", default=["person"], metavar="NAME", help="categories with keypoints (person)")
    add("--names", type=Path, metavar="FILE.json", help="joints of the 17 to keypoint names, where they do not fit")
    add("--neck", default="shoulders", choices=["shoulders", "none"], help="neck where it is no keypoint: middle of "
        "the shoulders (default), or not labelled")  # fmt: skip
    add("--min-joints", type=int, default=MIN_JOINTS, metavar="J", help="leave out people with fewer labelled (3)")
    add_allow_missing(parser)


@dataclass(frozen=True)
class CocoFile:
    """A JSON file of COCO's form: images by id, categories by id, annotations."""

    path: Path
    images: dict[Any, str]
    categories: dict[Any, dict[str, Any]]
    annotations: list[dict[str, Any]]


def plan(
    root: Path,
    *,
    framing: Framing,
    seed: int = 0,
    limit: int = 0,
    split: str = "train",
    annotations: Path | None = None,
    images: Path | None = None,
    categories: tuple[str, ...] = ("person",),
    names: Path | None = None,
    neck: str = "shoulders",
    min_joints: int = MIN_JOINTS,
    allow_missing: bool = False,
) -> Plan:
    """Check the files and list the labelled people; crowds and people without labels are left out."""
    root = existing_root(root, "COCO")
    content = read_coco(annotations or find_annotations(root, split))
    notes: list[str] = []
    people = usable_people(
        read_people(content, find_images(root, split, images), categories, read_names(names), neck, notes), notes
    )
    kept = [person for person in people if person.labelled.sum() >= min_joints]
    if len(kept) < len(people):
        notes.append(f"{len(people) - len(kept)} people are left out, fewer than {min_joints} joints are labelled")
    missing = Missing("COCO", root)
    kept = with_images(kept, missing, notes, allow_missing)
    missing.raise_if_any("unpack the images again, name their folder with --images, or use --allow-missing")
    (chosen,) = first_look([np.arange(len(kept))], limit)
    return Plan(
        source="coco",
        joint_set="mpi_inf_3dhp_17",
        sequence_names=[f"coco/{split}"],
        activity_names=[""],
        scene_names=[""],
        tasks=people_tasks([kept[index] for index in chosen], framing),
        sampling={
            "rule": f"labelled people of {content.path.name}",
            "categories": list(categories),
            "neck": neck,
            "min_joints": min_joints,
            "people": len(kept),
            "limit": limit,
        },
        notes=notes,
    )


def find_annotations(root: Path, split: str) -> Path:
    """The JSON file by its usual names."""
    tried = [root / name.format(split=split) for name in ANNOTATIONS]
    for path in tried:
        if path.is_file():
            return path
    raise PoseError(f"none of {', '.join(map(str, tried))} is there; name the JSON file with --annotations")


def find_images(root: Path, split: str, images: Path | None) -> Path:
    """The folder of images by its usual names."""
    if images is not None:
        if not images.is_dir():
            raise PoseError(f"there is no folder {images}; --images must name the folder of images")
        return images
    return next(folder for name in IMAGES if (folder := root / name.format(split=split)).is_dir())


def read_coco(path: Path) -> CocoFile:
    """Read a file of COCO's form; a PoseError where it is not one."""
    try:
        content = json.loads(path.read_text())
        images = {entry["id"]: str(entry["file_name"]) for entry in content["images"]}
        categories = {entry["id"]: entry for entry in content["categories"]}
        annotations = content["annotations"]
        if not all(isinstance(entry, dict) for entry in [*annotations, *categories.values()]):
            raise TypeError("annotations and categories must be objects")
        if not all(isinstance(entry.get("keypoints") or [], list) for entry in categories.values()):
            raise TypeError("keypoints of a category must be a list of names")
        for entry in annotations:
            {entry.get("id"), entry.get("category_id"), entry.get("image_id")}  # numbers or names, no lists
            keypoints_of(entry)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise PoseError(f"cannot read {path} as COCO annotations: {error!r}; export it again") from error
    return CocoFile(path, images, categories, annotations)


def keypoints_of(annotation: dict[str, Any]) -> np.ndarray:
    """(K, 3): x, y and flag; none where there is no list."""
    return np.asarray(annotation.get("keypoints") or [], np.float64).reshape(-1, 3)


def read_people(
    content: CocoFile, images: Path, categories: tuple[str, ...], given: dict[str, str], neck: str, notes: list[str]
) -> list[Person]:
    """The people of the `categories`; how many annotations are left out, and which joints, goes to `notes`."""
    joints_of = _joints_of_categories(content, categories, given)
    people, crowds, bare = [], 0, 0
    for number, entry in enumerate(content.annotations):
        if entry.get("category_id") not in joints_of:
            continue
        if entry.get("iscrowd"):
            crowds += 1
            continue
        try:
            points = keypoints_of(entry)
            file = content.images[entry["image_id"]]
        except KeyError as error:
            raise PoseError(f"annotation {entry.get('id', number)} of {content.path} is damaged: {error!r}") from error
        index = joints_of[entry["category_id"]]
        if not (len(points) and points[:, 2].any()):
            bare += 1
            continue
        if len(points) <= index.max():
            raise PoseError(
                f"annotation {entry.get('id', number)} of {content.path} has {len(points)} keypoints, fewer than "
                f"its category; export it again"
            )
        joints, known = to_17(points, index, neck)
        # Every person counts as a subject of its own, since who appears twice is not known.
        people.append(Person(images / file, joints, known, None, number, number))
    if crowds or bare:
        notes.append(f"{crowds} crowds and {bare} people without labelled joints are left out")
    lacking = set(MPI_INF_3DHP_17.names)
    for index in joints_of.values():
        known = to_17(np.full((int(index.max()) + 1, 3), 2.0), index, neck)[1]
        lacking -= {name for name, has in zip(MPI_INF_3DHP_17.names, known, strict=True) if has}
    if lacking:
        notes.append(f"never labelled: {', '.join(name for name in MPI_INF_3DHP_17.names if name in lacking)}")
    return people


def _joints_of_categories(
    content: CocoFile, categories: tuple[str, ...], given: dict[str, str]
) -> dict[Any, np.ndarray]:
    """Category id -> for each of the 17 joints its keypoint or -1."""
    known = {str(entry.get("name")): entry for entry in content.categories.values()}
    if unknown := [name for name in categories if name not in known]:
        raise PoseError(
            f"{content.path} has no category {', '.join(unknown)}; it has {', '.join(known)}: choose with --categories"
        )
    joints_of = {}
    for name in categories:
        index = match_joints([str(keypoint) for keypoint in known[name].get("keypoints") or []], given)
        if (index < 0).all():
            raise PoseError(
                f"category {name!r} of {content.path} has no keypoint with the name of a joint; map them with --names"
            )
        joints_of[known[name]["id"]] = index
    return joints_of


def to_17(points: np.ndarray, index: np.ndarray, neck: str) -> tuple[np.ndarray, np.ndarray]:
    """(17, 2) px and (17,) bool from keypoints (K, 3): x, y and a flag that is 0 where a point is not labelled.

    Where they are no keypoints, the pelvis is the middle of the hips and the neck the middle of the shoulders. Head
    top, head and spine are not labelled then.
    """
    has = index >= 0
    joints = np.where(has[:, None], points[index, :2], 0.0)
    known = has & (points[index, 2] > 0)
    middles = {"pelvis": "hip"} | ({"neck": "shoulder"} if neck == "shoulders" else {})
    for middle, pair in middles.items():
        place = MPI_INF_3DHP_17.index(middle)
        if not has[place]:
            sides = [MPI_INF_3DHP_17.index(f"{side}_{pair}") for side in "lr"]
            joints[place], known[place] = joints[sides].mean(axis=0), known[sides].all()
    return np.where(known[:, None], joints, 0.0), known
