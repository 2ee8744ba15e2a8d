"""Human3.6M, official folders: training subjects sampled by movement and drawn, test subjects every 64th frame."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np

from pose3d.data.sources.frame_sampling import first_look, moved_frames, random_subset
from pose3d.data.sources.framing import Framing
from pose3d.data.sources.h36m_cdf import fit_camera_pose, read_camera_poses, read_poses
from pose3d.data.sources.h36m_segments import PART_LABELS, SILHOUETTES, Segments, num_frames, read_part_flip
from pose3d.data.sources.h36m_tree import (
    ACTIVITIES,
    CAMERAS,
    CORRUPT,
    PART_FLIP_FILE,
    PART_LABEL_FOLDER,
    POSE_FOLDERS,
    SHIFTED,
    SILHOUETTE_FOLDER,
    SPLITS,
    Recording,
    find_recordings,
)
from pose3d.data.sources.labels import finite_rows, fit_intrinsics, make_sample
from pose3d.data.sources.plan import Plan, Sample, Skips, existing_root
from pose3d.data.videos import Video
from pose3d.errors import PoseError
from pose3d.skeleton import H36M_32, MPI_INF_3DHP_17, remap

FROM_H36M = remap(H36M_32, MPI_INF_3DHP_17)
PAPER_FRAMES = 37_500
MOVEMENT_MM = 40.0
TEST_STEP = 64


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of this source."""
    add = parser.add_argument
    add("--split", default="train", choices=list(SPLITS), help="S1, 5, 6, 7, 8 to train; S9, 11 to test")
    add("--subjects", type=int, nargs="+", help="only these subjects")
    add("--movement", type=float, default=MOVEMENT_MM, metavar="MM", help="training frames that moved more (40)")
    add("--frames", type=int, default=PAPER_FRAMES, metavar="N", help="draw of training frames; 0 keeps all (37500)")
    add("--step", type=int, default=TEST_STEP, metavar="N", help="every Nth test frame (64)")
    add("--metadata", type=Path, metavar="FILE", help="metadata.xml; default: in the root, else cameras are fitted")
    add("--no-masks", action="store_true", help="leave the silhouettes out even where they are there")
    add("--no-part-labels", action="store_true", help="leave the part labels out even where they are there")


@dataclass(frozen=True)
class View:
    """One camera of one recording: the task of one process."""

    recording: Recording
    sequence_id: int
    camera: int
    rows: np.ndarray
    joints_2d: np.ndarray
    joints_3d: np.ndarray
    joints_3d_univ: np.ndarray
    intrinsics: np.ndarray
    cam_from_world: np.ndarray
    masks: bool
    part_labels: bool
    framing: Framing

    @property
    def name(self) -> str:
        return f"{self.recording.name}.{self.camera}".replace("/", "_").replace(" ", "_")

    @property
    def num_samples(self) -> int:
        return len(self.rows)

    def files(self) -> Iterator[Path]:
        """The video, and the segments where they are stored."""
        yield self.recording.video(self.camera)
        if self.masks:
            yield self.recording.mask(self.camera)
        if self.part_labels:
            yield self.recording.part_labels(self.camera)

    def samples(self, skips: Skips) -> Iterator[Sample]:
        """Decode the video; silhouettes and part labels come from .mat files, which no codec has touched."""
        with ExitStack() as stack:
            masks, parts = (
                Segments(stack, path, variable) if wanted else None
                for wanted, path, variable in (
                    (self.masks, self.recording.mask(self.camera), SILHOUETTES),
                    (self.part_labels, self.recording.part_labels(self.camera), PART_LABELS),
                )
            )
            frames = Video(self.recording.video(self.camera)).frames([int(row) for row in self.rows])
            for index, image in enumerate(frames):
                row = int(self.rows[index])
                if image is None:
                    skips.damage(self.recording.video(self.camera), row)
                    continue
                yield make_sample(
                    image,
                    framing=self.framing,
                    joints_2d=self.joints_2d[index],
                    names=MPI_INF_3DHP_17,
                    regions=partial(masks.silhouette, row, image.shape[:2]) if masks else None,
                    part_labels=partial(parts.body_parts, row, image.shape[:2]) if parts else None,
                    ids={
                        "subject": self.recording.subject,
                        "sequence": self.sequence_id,
                        "activity": self.recording.activity,
                        "scene": 0,
                        "camera": self.camera,
                        "frame": row,
                    },
                    three_d={
                        "joints_3d": self.joints_3d[index],
                        "joints_3d_univ": self.joints_3d_univ[index],
                        "intrinsics": self.intrinsics,
                        "cam_from_world": self.cam_from_world,
                    },
                )


def plan(
    root: Path,
    *,
    framing: Framing,
    seed: int = 0,
    limit: int = 0,
    split: str = "train",
    subjects: tuple[int, ...] | None = None,
    movement: float = MOVEMENT_MM,
    frames: int = PAPER_FRAMES,
    step: int = TEST_STEP,
    metadata: Path | None = None,
    no_masks: bool = False,
    no_part_labels: bool = False,
) -> Plan:
    """Check the tree, choose frames (decision D1) and list one task per video."""
    root = existing_root(root, "Human3.6M")
    wanted = tuple(subjects or SPLITS[split])
    masks, part_labels = (
        not unwanted and any((root / f"S{subject}" / folder).is_dir() for subject in wanted)
        for unwanted, folder in ((no_masks, SILHOUETTE_FOLDER), (no_part_labels, PART_LABEL_FOLDER))
    )
    recordings = find_recordings(root, wanted, masks, part_labels)
    metadata = metadata or next((path for path in (root / "metadata.xml",) if path.is_file()), None)
    camera_poses = read_camera_poses(metadata) if metadata else None
    notes = [] if masks or no_masks else [f"no {SILHOUETTE_FOLDER} folder: stored without silhouettes"]
    if not (part_labels or no_part_labels):
        notes.append(f"no {PART_LABEL_FOLDER} folder: stored without part labels")
    if camera_poses is None:
        notes.append("no metadata.xml in the root: camera poses are fitted from D3_Positions where it is there")
    views: list[View] = []
    for sequence_id, recording in enumerate(recordings):
        chosen: np.ndarray | None = None
        if (recording.subject, recording.file) in SHIFTED:
            notes.append(f"{recording.name}: known shift of about 200 mm in the world; root-relative 3D is sound")
        for index, camera in enumerate(CAMERAS):
            if (recording.subject, recording.file, camera) in CORRUPT:
                notes.append(f"{recording.name}.{camera} left out: the official video is corrupt")
                continue
            poses = {
                kind: read_poses(recording.poses(kind, camera), 2 if kind == "joints_2d" else 3)[:, FROM_H36M]
                for kind in POSE_FOLDERS
            }
            if chosen is None:
                univ = poses["joints_3d_univ"]
                chosen = moved_frames(univ, movement) if split == "train" else np.arange(0, len(univ), step)
            count = Video(recording.video(camera)).length_and_size()[0]
            segments = [num_frames(recording.mask(camera), SILHOUETTES)] if masks else []
            segments += [num_frames(recording.part_labels(camera), PART_LABELS)] if part_labels else []
            length = min(count, *(len(labels) for labels in poses.values()), *segments)
            longest = max(len(labels) for labels in poses.values())
            if longest - length > 10:
                others = f", its silhouettes and part labels {segments}" if segments else ""
                raise PoseError(
                    f"{recording.video(camera)} has {count} frames, its pose files "
                    f"{sorted({len(labels) for labels in poses.values()})}{others}; copy the shorter file again"
                )
            finite = finite_rows(f"{recording.name}.{camera}", notes, *(joints[:length] for joints in poses.values()))
            rows = chosen[chosen < length]
            rows = rows[finite[rows]]
            extrinsics = (
                camera_poses[index, recording.subject]
                if camera_poses is not None
                else _fitted_pose(recording, poses["joints_3d"])
            )
            views.append(
                View(
                    recording,
                    sequence_id,
                    camera,
                    rows,
                    poses["joints_2d"][rows],
                    poses["joints_3d"][rows],
                    poses["joints_3d_univ"][rows],
                    fit_intrinsics(poses["joints_2d"][:length], poses["joints_3d"][:length]),
                    extrinsics,
                    masks,
                    part_labels,
                    framing,
                )
            )
    candidates = [view.rows for view in views]
    drawn = first_look(random_subset(candidates, frames if split == "train" else 0, seed), limit)
    rule = (
        f"moved more than {movement:g} mm since the last kept frame (17 joints, universal), then a draw"
        if split == "train"
        else f"every {step}th frame"
    )
    return Plan(
        source="h36m",
        joint_set="mpi_inf_3dhp_17",
        sequence_names=[recording.name for recording in recordings],
        activity_names=ACTIVITIES,
        scene_names=[""],
        part_flip=read_part_flip(root / PART_FLIP_FILE) if part_labels else None,
        tasks=[_only(view, rows) for view, rows in zip(views, drawn, strict=True) if len(rows)],
        sampling={
            "rule": rule,
            "split": split,
            "candidates": sum(map(len, candidates)),
            "drawn": sum(map(len, drawn)),
            "seed": seed,
            "limit": limit,
        },
        notes=notes,
    )


def _fitted_pose(recording: Recording, joints_3d: np.ndarray) -> np.ndarray:
    """Camera pose from the world positions, or the camera as the world where there are none."""
    if not recording.world_poses().is_file():
        return np.eye(4)
    world = read_poses(recording.world_poses(), 3)[:, FROM_H36M]
    length = min(len(world), len(joints_3d))
    return fit_camera_pose(world[:length], joints_3d[:length])


def _only(view: View, rows: np.ndarray) -> View:
    """The same view with some of its rows."""
    keep = np.isin(view.rows, rows)
    labels = {name: getattr(view, name)[keep] for name in POSE_FOLDERS}
    return View(**{**view.__dict__, **labels, "rows": view.rows[keep]})
