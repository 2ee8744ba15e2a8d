"""Every check over every view of a tree."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from pose3d.data.doctor import labels, part_labels, pictures
from pose3d.data.doctor.trees import LAYOUTS
from pose3d.data.doctor.view import View
from pose3d.data.finding import Finding
from pose3d.errors import PoseError

SAMPLE = 600
"""Frames of each video, and images of each set, that are decoded unless told otherwise."""


def layout_of(root: Path) -> str:
    """Which data set lies in `root`; a PoseError where none is recognised."""
    for name, (recognises, _) in LAYOUTS.items():
        if recognises(root):
            return name
    raise PoseError(f"{root} is no data set that is known here ({', '.join(LAYOUTS)}); name the folder that holds it")


def check_tree(
    root: Path, sample: int | None = None, track: Callable[[Iterable[View]], Iterable[View]] = iter
) -> Iterator[Finding]:
    """Every finding about the official tree in `root`.

    Args:
        sample: decode so many frames of each video, from its beginning; None: SAMPLE.
        track: wraps the walk over videos, for a progress bar.
    """
    views: list[View] = []
    for item in LAYOUTS[layout_of(root)][1](root):
        if isinstance(item, Finding):
            yield item
        else:
            views.append(item)
            yield from labels.finite(item)
            yield from labels.units(item)
            yield from labels.projection(item)
            yield from labels.handedness(item)
            yield from labels.outside(item)
    yield from labels.world(views)
    yield from labels.repeats(views)
    for view in track(views):
        if view.images:
            yield from pictures.images(view, sample or SAMPLE)
        else:
            yield from pictures.video(view)
            siblings = [other for other in views if other.sequence == view.sequence]
            yield from pictures.frames(view, siblings, sample or SAMPLE)
            yield from part_labels.body_parts(view, sample or SAMPLE)
