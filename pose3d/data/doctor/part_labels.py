"""Findings from files of part labels."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack

import numpy as np

from pose3d.data.doctor.view import View
from pose3d.data.finding import Finding
from pose3d.data.schema import NUM_PARTS
from pose3d.data.sources.h36m_segments import PART_LABELS, Segments, are_parts
from pose3d.data.sources.mpi_inf_3dhp_tree import FEW_FRAMES
from pose3d.errors import PoseError

AROUND, IN_PLACE = 0.25, 0.8
"""How much wider than the joints' box a body is, in its longer sides, and the share of labelled pixels that must lie in
there. Of the joints themselves any number may be on no label: somebody behind a chair shows a head and two feet."""


def body_parts(view: View, sample: int) -> Iterator[Finding]:
    """Length, then size, values and place of the part labels of the first `sample` frames."""
    if view.part_labels is None or view.frames is None:
        return
    try:
        with ExitStack() as stack:
            yield from _examine(view, Segments(stack, view.part_labels, PART_LABELS), sample)
    except PoseError as error:
        yield Finding("error", view.name, str(error).split(";")[0], "unpack it again")


def _examine(view: View, segments: Segments, sample: int) -> Iterator[Finding]:
    assert view.frames is not None
    count, size = view.frames.length_and_size()
    expected = len(view.joints_2d)
    if len(segments) < min(count, expected) - FEW_FRAMES or len(segments) > max(count, expected) + FEW_FRAMES:
        what = f"the part labels have {len(segments)} frames, the video {count} and its labels {expected}"
        yield Finding("error", view.name, what, "unpack the part labels again")
    shares = []
    for row in range(min(len(segments), count, expected, sample)):
        image = segments.image(row)
        where = f"{view.name}, frame {row}"
        if image.shape[::-1] != size:
            what = f"the part labels are {image.shape[1]} x {image.shape[0]} px, the video {size[0]} x {size[1]}"
            yield Finding("error", where, what, "unpack the part labels again")
            return
        if not are_parts(image):
            what = f"the part labels hold {image.max():g}, not whole numbers from 0 to {NUM_PARTS}"
            yield Finding("error", where, what, "unpack the part labels again")
            return
        labelled = np.argwhere(image > 0)[:, ::-1]
        joints = view.joints_2d[row]
        if len(labelled) and np.isfinite(joints).all():
            reach = AROUND * np.ptp(joints, axis=0).max()
            inside = (labelled >= joints.min(axis=0) - reach) & (labelled <= joints.max(axis=0) + reach)
            shares.append(float(inside.all(axis=1).mean()))
    if shares and np.median(shares) < IN_PLACE:
        what = f"only {np.median(shares):.0%} of the labelled pixels lie around the joints (median)"
        yield Finding("error", view.name, what, "these part labels are of another recording, or turned over")
