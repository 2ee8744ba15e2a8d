"""COCO keypoints as views of single pictures, one for each split."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import numpy as np

from pose3d.data.doctor.view import Reported, broken, picture_view
from pose3d.data.finding import Finding
from pose3d.data.sources.coco import CocoFile, find_images, keypoints_of, read_coco, read_people
from pose3d.errors import PoseError

SPLITS = ("train", "val")


def annotation_files(root: Path) -> dict[str, Path]:
    """Split -> its file, by COCO's names."""
    paths = {split: root / "annotations" / f"person_keypoints_{split}2017.json" for split in SPLITS}
    return {split: path for split, path in paths.items() if path.is_file()}


def views(root: Path) -> Reported:
    """The labelled people of every split that is there."""
    names: dict[str, set[str]] = {}
    for split, path in annotation_files(root).items():
        notes: list[str] = []
        try:
            content = read_coco(path)
            people = read_people(content, find_images(root, split, None), ("person",), {}, "shoulders", notes)
        except PoseError as error:
            yield broken(path.name, error)
            continue
        names[split] = set(content.images.values())
        yield from _structure(path.name, content)
        if absent := sorted({person.image.name for person in people if not person.image.is_file()}):
            what = f"{len(absent)} images are missing, the first is {absent[0]}"
            yield Finding("error", path.name, what, "unpack the images again")
        present = [person for person in people if person.image.is_file()]
        yield from picture_view(f"coco/{split}", present)
    if both := names.get("train", set()) & names.get("val", set()):
        what = f"{len(both)} images are in both splits, e.g. {min(both)}"
        yield Finding("error", "annotations", what, "take both JSON files from the same release")


def _structure(where: str, content: CocoFile) -> Reported:
    """Ids, numbers of keypoints and flags."""
    again = [key for key, count in Counter(entry.get("id") for entry in content.annotations).items() if count > 1]
    if again:
        what = f"{len(again)} annotation ids occur more than once, e.g. {again[0]}"
        yield Finding("error", where, what, "export the annotations again")
    miscounted, flags = [], []
    for entry in content.annotations:
        points = keypoints_of(entry)
        if "num_keypoints" in entry and entry["num_keypoints"] != int((points[:, 2] > 0).sum()):
            miscounted.append(entry.get("id"))
        if not np.isin(points[:, 2], (0, 1, 2)).all():
            flags.append(entry.get("id"))
    if miscounted:
        what = f"num_keypoints of {len(miscounted)} annotations does not count the labelled ones, e.g. {miscounted[0]}"
        yield Finding("warning", where, what, "the flags count; num_keypoints is not used")
    if flags:
        what = f"keypoints of {len(flags)} annotations have other flags than 0, 1 and 2, e.g. {flags[0]}"
        yield Finding("error", where, what, "keypoints are x, y, flag")
