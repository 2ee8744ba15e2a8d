"""ASPset-510: 17 amateur athletes outdoors, three calibrated cameras, 510 clips (CC0)."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from pose3d.data.sources.aspset510_tree import CAMERAS, SPLITS, UNIVERSAL_MM, Clip, knee_neck_mm, read_splits
from pose3d.data.sources.camera_files import Camera
from pose3d.data.sources.frame_sampling import first_look, moved_frames, random_subset
from pose3d.data.sources.framing import Framing
from pose3d.data.sources.labels import finite_rows, inside_image, make_sample, project
from pose3d.data.sources.plan import Missing, Plan, Sample, Skips, existing_root
from pose3d.skeleton import MPI_INF_3DHP_17

TRAINING_FRAMES = 37_500
MOVEMENT_MM = 200.0
TEST_STEP = 5
"""The test set is scored at 10 frames/s."""
FEW_FRAMES = 2


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of this source."""
    add = parser.add_argument
    add("--split", default="train", choices=list(SPLITS), help="official split (train)")
    add("--subjects", nargs="+", metavar="ID", help="only these subjects, e.g. 1e28")
    add("--cameras", nargs="+", choices=CAMERAS, help="only these cameras (train and val have three, test one a clip)")
    add("--movement", type=float, default=MOVEMENT_MM, metavar="MM", help="training frames that moved more (200)")
    add("--frames", type=int, default=TRAINING_FRAMES, metavar="N", help="draw of training frames; 0 keeps all (37500)")
    add("--step", type=int, metavar="N", help="every Nth frame of val and test (val 1, test 5: as they are scored)")
    add("--min-inside", type=int, default=17, metavar="J", help="training: so many joints must lie in the image (17)")


@dataclass(frozen=True)
class View:
    """One camera of one clip: the task of one process."""

    clip: Clip
    clip_id: int
    camera_name: str
    camera: Camera
    rows: np.ndarray
    joints_3d: np.ndarray
    joints_3d_univ: np.ndarray
    framing: Framing

    @property
    def name(self) -> str:
        return f"{self.clip.name}-{self.camera_name}"

    @property
    def num_samples(self) -> int:
        return len(self.rows)

    def files(self) -> Iterator[Path]:
        """The video."""
        yield self.clip.video(self.camera_name).path

    def samples(self, skips: Skips) -> Iterator[Sample]:
        """Decode the video; the 2D joints are the projected 3D joints."""
        video = self.clip.video(self.camera_name)
        for index, image in enumerate(video.frames([int(row) for row in self.rows])):
            if image is None:
                skips.damage(video.path, int(self.rows[index]))
                continue
            yield make_sample(
                image,
                framing=self.framing,
                joints_2d=project(self.joints_3d[index], self.camera.intrinsics),
                names=MPI_INF_3DHP_17,
                ids={
                    "subject": self.clip.subject_id,
                    "sequence": self.clip_id,
                    "activity": 0,
                    "scene": 0,
                    "camera": CAMERAS.index(self.camera_name),
                    "frame": int(self.rows[index]),
                },
                three_d={
                    "joints_3d": self.joints_3d[index],
                    "joints_3d_univ": self.joints_3d_univ[index],
                    "intrinsics": self.camera.intrinsics,
                    "cam_from_world": self.camera.cam_from_world,
                },
            )


def plan(
    root: Path,
    *,
    framing: Framing,
    seed: int = 0,
    limit: int = 0,
    split: str = "train",
    subjects: tuple[str, ...] | None = None,
    cameras: tuple[str, ...] | None = None,
    movement: float = MOVEMENT_MM,
    frames: int = TRAINING_FRAMES,
    step: int | None = None,
    min_inside: int = 17,
) -> Plan:
    """Check the tree, choose frames and list one task per video."""
    root = existing_root(root, "ASPset-510")
    clips = [clip for clip in read_splits(root) if clip.split in SPLITS[split]]
    missing, notes = Missing("ASPset-510", root), list[str]()
    if unknown := set(subjects or ()) - {clip.subject for clip in clips}:
        missing.add(f"splits.csv has no {split} clip of {', '.join(sorted(unknown))}")
    clips = [
        replace(clip, cameras=tuple(camera for camera in clip.cameras if camera in (cameras or CAMERAS)))
        for clip in clips
        if not subjects or clip.subject in subjects
    ]
    _check_files(clips, missing)
    training = split in ("train", "trainval")
    step = step or (TEST_STEP if split == "test" else 1)
    views, outside = [], 0
    for clip_id, clip in enumerate(clips):
        world = clip.joints()
        finite = finite_rows(clip.name, notes, world)
        scale = UNIVERSAL_MM / float(np.nanmedian(knee_neck_mm(world[finite]))) if finite.any() else 1.0
        chosen = moved_frames(world, movement) if training else np.arange(0, len(world), step)
        for camera_name in clip.cameras:
            camera = clip.camera(camera_name)
            length, size = _usable(clip, camera_name, len(world), missing, notes)
            rows = chosen[chosen < length]
            rows = rows[finite[rows]]
            seen = world[rows] @ camera.cam_from_world[:3, :3].T + camera.cam_from_world[:3, 3]
            if training:
                inside = inside_image(project(seen, camera.intrinsics), size).sum(axis=1) >= min_inside
                outside += int((~inside).sum())
                rows, seen = rows[inside], seen[inside]
            pelvis = seen[:, MPI_INF_3DHP_17.root, None]
            univ = pelvis + scale * (seen - pelvis)
            views.append(View(clip, clip_id, camera_name, replace(camera, size=size), rows, seen, univ, framing))
    missing.raise_if_any("unpack these archives again, or choose with --subjects and --cameras")
    if outside:
        notes.append(f"{outside} views left out: fewer than {min_inside} of 17 joints inside the image")
    notes.append("joints_3d_univ is joints_3d scaled to 910 mm from knee to neck, one factor per clip")
    candidates = [view.rows for view in views]
    drawn = first_look(random_subset(candidates, frames if training else 0, seed), limit)
    moved = f"moved more than {movement:g} mm since the last kept frame (17 joints), then a draw"
    return Plan(
        source="aspset510",
        joint_set="mpi_inf_3dhp_17",
        sequence_names=[clip.name for clip in clips],
        activity_names=[""],
        scene_names=[""],
        tasks=[_only(view, rows) for view, rows in zip(views, drawn, strict=True) if len(rows)],
        sampling={
            "rule": moved if training else f"every {step}th frame",
            "split": split,
            "candidates": sum(map(len, candidates)),
            "drawn": sum(map(len, drawn)),
            "seed": seed,
            "limit": limit,
        },
        notes=notes,
    )


def _check_files(clips: list[Clip], missing: Missing) -> None:
    """One problem for each file that is not there, before the first is read."""
    for clip in clips:
        missing.need(clip.joints_file, "joints")
        for camera in clip.cameras:
            missing.need(clip.video(camera).path, "a video")
            missing.need(clip.boxes_file(camera), "boxes")
    for path in sorted({clip.camera_file(camera) for clip in clips for camera in clip.cameras}):
        missing.need(path, "a camera")
    missing.raise_if_any("unpack all archives of this split, or choose with --subjects and --cameras")


def _usable(clip: Clip, camera: str, expected: int, missing: Missing, notes: list[str]) -> tuple[int, tuple[int, int]]:
    """Frames that joints, boxes and video have in common, and the video's size (w, h)."""
    count, size = clip.video(camera).length_and_size()
    boxes = len(clip.boxes(camera))
    length = min(count, boxes, expected)
    if length < max(boxes, expected):
        sentence = f"{clip.name}-{camera} has {count} frames, {boxes} boxes and {expected} poses"
        if max(boxes, expected) - length > FEW_FRAMES:
            missing.add(sentence)
        else:
            notes.append(f"{sentence}: the first {length} are used")
    return length, size


def _only(view: View, rows: np.ndarray) -> View:
    """The same view with some of its rows."""
    keep = np.isin(view.rows, rows)
    return replace(view, rows=view.rows[keep], joints_3d=view.joints_3d[keep], joints_3d_univ=view.joints_3d_univ[keep])
