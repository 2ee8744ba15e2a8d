"""MPI-INF-3DHP, training set: five chest-high cameras, frames that moved by more than 200 mm, a draw of 37.5k."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from pose3d.data.sources.camera_files import Camera, read_skeletool
from pose3d.data.sources.frame_sampling import first_look, moved_frames, random_subset
from pose3d.data.sources.framing import Framing
from pose3d.data.sources.labels import RELEVANT_17, finite_rows, inside_image, make_sample
from pose3d.data.sources.mpi_inf_3dhp_masks import augmentable_parts, region_bits
from pose3d.data.sources.mpi_inf_3dhp_test import SCENES
from pose3d.data.sources.mpi_inf_3dhp_tree import (
    CAMERA_SETS,
    DOUBTFUL_FRAMES,
    FEW_FRAMES,
    SHORT_VIDEOS,
    SUBJECTS,
    Sequence,
    find_sequences,
)
from pose3d.data.sources.plan import Missing, Plan, Sample, Skips, existing_root
from pose3d.data.videos import Frames, Video
from pose3d.skeleton import MPI_INF_3DHP_28

PAPER_FRAMES = 37_500
PAPER_MOVEMENT_MM = 200.0
FLASH_VALUE, FLASH_SHARE = 250, 1 / 3


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of this source."""
    add = parser.add_argument
    add("--subjects", type=int, nargs="+", default=list(SUBJECTS), choices=SUBJECTS, help="default: all eight")
    add("--cameras", default="chest", choices=list(CAMERA_SETS), help="default: the paper's five chest-high ones")
    add("--movement", type=float, default=PAPER_MOVEMENT_MM, metavar="MM", help="keep frames that moved more (200)")
    add("--frames", type=int, default=PAPER_FRAMES, metavar="N", help="random draw of N frames; 0 keeps all (37500)")
    add("--min-inside", type=int, default=17, metavar="J", help="of 17 joints so many must lie in the image (17)")
    add("--no-masks", action="store_true", help="do without the mask videos; then nothing can be recoloured")
    add("--allow-short-videos", action="store_true", help="use videos that end early instead of stopping")


@dataclass(frozen=True)
class View:
    """One camera of one sequence: the task of one process."""

    sequence: Sequence
    sequence_id: int
    camera: int
    calibration: Camera
    rows: np.ndarray
    joints_2d: np.ndarray
    joints_3d: np.ndarray
    joints_3d_univ: np.ndarray
    images: Frames
    masks: tuple[Video, Video] | None
    framing: Framing

    @property
    def name(self) -> str:
        return f"S{self.sequence.subject}_Seq{self.sequence.number}_video_{self.camera}"

    @property
    def num_samples(self) -> int:
        return len(self.rows)

    def files(self) -> Iterator[Path]:
        """Image and mask videos, or the extracted images."""
        if isinstance(self.images, Video):
            yield self.images.path
        else:
            yield from (self.images.path(int(row)) for row in self.rows)
        yield from (video.path for video in self.masks or ())

    def samples(self, skips: Skips) -> Iterator[Sample]:
        """Decode image and masks side by side."""
        parts = augmentable_parts(self.sequence.subject, self.sequence.number)
        rows = [int(row) for row in self.rows]
        masks: Any = zip(*(video.frames(rows) for video in self.masks), strict=True) if self.masks else None
        for index, image in enumerate(self.images.frames(rows)):
            foreground, chair = next(masks) if masks is not None else (None, None)
            if image is None:
                skips.damage(self.images.path if isinstance(self.images, Video) else self.images.folder, rows[index])
            elif masks is not None and (foreground is None or chair is None):
                assert self.masks is not None
                skips.damage(self.masks[foreground is not None].path, rows[index])
            elif (image[::8, ::8] > FLASH_VALUE).all(axis=-1).mean() > FLASH_SHARE:
                skips.rule("white flash")
            else:
                yield make_sample(
                    image,
                    framing=self.framing,
                    joints_2d=self.joints_2d[index],
                    names=MPI_INF_3DHP_28,
                    regions=None
                    if foreground is None or chair is None
                    else partial(region_bits, foreground, chair, parts),
                    ids={
                        "subject": self.sequence.subject,
                        "sequence": self.sequence_id,
                        "activity": 0,
                        "scene": 1,
                        "camera": self.camera,
                        "frame": rows[index],
                    },
                    three_d={
                        "joints_3d": self.joints_3d[index],
                        "joints_3d_univ": self.joints_3d_univ[index],
                        "intrinsics": self.calibration.intrinsics,
                        "cam_from_world": self.calibration.cam_from_world,
                    },
                )


def plan(
    root: Path,
    *,
    framing: Framing,
    seed: int = 0,
    limit: int = 0,
    subjects: tuple[int, ...] = SUBJECTS,
    cameras: str = "chest",
    movement: float = PAPER_MOVEMENT_MM,
    frames: int = PAPER_FRAMES,
    min_inside: int = 17,
    no_masks: bool = False,
    allow_short_videos: bool = False,
) -> Plan:
    """Check the tree, choose the frames (paper section 4.2; decisions D2, D3) and list one task per video."""
    root = existing_root(root, "MPI-INF-3DHP")
    used = CAMERA_SETS[cameras]
    sequences = find_sequences(root, tuple(subjects), used, not no_masks)
    missing, notes = Missing("MPI-INF-3DHP", root), []
    views: list[View] = []
    outside = 0
    for sequence_id, sequence in enumerate(sequences):
        calibrations = read_skeletool(sequence.folder / "camera.calibration")
        labels = sequence.annotations(used)
        kept = moved_frames(labels[used[0]]["joints_3d_univ"], movement)
        doubtful = DOUBTFUL_FRAMES.get((sequence.subject, sequence.number), range(0))
        if dropped := [frame for frame in kept if frame in doubtful]:
            notes.append(
                f"{sequence.name}: {len(dropped)} frames from {doubtful[0]} to {doubtful[-1]} left out, "
                "their left and right labels are reported as swapped"
            )
            kept = np.setdiff1d(kept, dropped)
        for camera in used:
            if camera not in calibrations:
                missing.add(f"{sequence.name}/camera.calibration has no camera {camera}")
                continue
            length = _usable_frames(
                sequence,
                camera,
                calibrations[camera],
                len(labels[camera]["joints_2d"]),
                missing,
                notes,
                not no_masks,
                allow_short_videos,
            )
            found = labels[camera]
            finite = finite_rows(
                f"{sequence.name} video_{camera}",
                notes,
                found["joints_2d"],
                found["joints_3d"],
                found["joints_3d_univ"],
            )
            rows = kept[kept < min(length, len(finite))]
            rows = rows[finite[rows]]
            size = calibrations[camera].size
            inside = inside_image(labels[camera]["joints_2d"][rows][:, RELEVANT_17], size).sum(axis=1) >= min_inside
            outside += int((~inside).sum())
            rows = rows[inside]
            views.append(
                View(
                    sequence,
                    sequence_id,
                    camera,
                    calibrations[camera],
                    rows,
                    labels[camera]["joints_2d"][rows],
                    labels[camera]["joints_3d"][rows],
                    labels[camera]["joints_3d_univ"][rows],
                    sequence.frames(camera),  # type: ignore[arg-type]
                    None if no_masks else sequence.mask_videos(camera),
                    framing,
                )
            )
    missing.raise_if_any("copy these files again; --allow-short-videos uses what is there")
    if outside:
        notes.append(f"{outside} views left out: fewer than {min_inside} of 17 joints inside the image")
    candidates = [view.rows for view in views]
    chosen = first_look(random_subset(candidates, frames, seed), limit)
    return Plan(
        source="mpi_inf_3dhp",
        joint_set="mpi_inf_3dhp_28",
        sequence_names=[sequence.name for sequence in sequences],
        activity_names=[""],
        scene_names=SCENES,
        tasks=[_only(view, rows) for view, rows in zip(views, chosen, strict=True) if len(rows)],
        augmentable=[
            () if no_masks else augmentable_parts(sequence.subject, sequence.number) for sequence in sequences
        ],
        sampling={
            "rule": "moved more than movement_mm since the last kept frame (28 joints of univ_annot3), then a draw",
            "movement_mm": movement,
            "cameras": list(used),
            "candidates": sum(len(rows) for rows in candidates),
            "drawn": sum(len(rows) for rows in chosen),
            "seed": seed,
            "min_inside": min_inside,
            "limit": limit,
        },
        notes=notes,
    )


def _only(view: View, rows: np.ndarray) -> View:
    """The same view with some of its rows."""
    keep = np.isin(view.rows, rows)
    labels = {name: getattr(view, name)[keep] for name in ("joints_2d", "joints_3d", "joints_3d_univ")}
    return View(**{**view.__dict__, **labels, "rows": view.rows[keep]})


def _usable_frames(
    sequence: Sequence,
    camera: int,
    calibration: Camera,
    expected: int,
    missing: Missing,
    notes: list[str],
    masks: bool,
    allow_short: bool,
) -> int:
    """Frames that image and mask videos both have; a broken copy goes to `missing`, a known short one to `notes`."""
    frames = sequence.frames(camera)
    assert frames is not None, "find_sequences has checked this"
    count, size = frames.length_and_size()
    if size != calibration.size:
        missing.add(f"{sequence.name} video_{camera} is {size} px, its calibration says {calibration.size}")
    if masks:
        count = min(count, *(video.length_and_size()[0] for video in sequence.mask_videos(camera)))
    if count < expected:
        known = (sequence.subject, sequence.number, camera) in SHORT_VIDEOS
        sentence = f"{sequence.name} video_{camera} (or its masks) has {count} of {expected} frames"
        if known or allow_short or expected - count <= FEW_FRAMES:
            notes.append(f"{sentence}: the rest is left out{', a known defect' if known else ''}")
        else:
            missing.add(sentence)
    return count
