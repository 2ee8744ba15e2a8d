"""Human3.6M as h36m-fetch leaves it: processed/S#/<Action>-<1|2>/annot.h5 and extracted frames."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from pose3d.data.images import read_image
from pose3d.data.sources.frame_sampling import first_look, random_subset
from pose3d.data.sources.framing import Framing
from pose3d.data.sources.h36m import FROM_H36M, PAPER_FRAMES, TEST_STEP
from pose3d.data.sources.h36m_tree import ACTIVITIES, SPLITS, activity_name
from pose3d.data.sources.labels import finite_rows, fit_intrinsics, make_sample
from pose3d.data.sources.matlab import open_v73
from pose3d.data.sources.plan import Missing, Plan, Sample, Skips, existing_root
from pose3d.errors import PoseError
from pose3d.skeleton import MPI_INF_3DHP_17


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of this source."""
    add = parser.add_argument
    add("--split", default="train", choices=list(SPLITS), help="S1, 5, 6, 7, 8 to train; S9, 11 to test")
    add("--frames", type=int, default=PAPER_FRAMES, metavar="N", help="draw of training frames; 0 keeps all (37500)")


@dataclass(frozen=True)
class FetchedSequence:
    """The extracted frames of one sequence, all cameras: the task of one process."""

    folder: Path
    subject: int
    sequence_id: int
    activity: int
    rows: np.ndarray
    """Rows of annot.h5."""
    frame: np.ndarray
    camera: np.ndarray
    joints_2d: np.ndarray
    joints_3d: np.ndarray
    joints_3d_univ: np.ndarray
    intrinsics: dict[int, np.ndarray]
    framing: Framing

    @property
    def name(self) -> str:
        return f"S{self.subject}_{self.folder.name}"

    @property
    def num_samples(self) -> int:
        return len(self.rows)

    def files(self) -> Iterator[Path]:
        """The extracted frames."""
        return (picture(self.folder, int(self.camera[row]), int(self.frame[row])) for row in self.rows)

    def samples(self, skips: Skips) -> Iterator[Sample]:
        """Read the pictures; frame numbers in the file count from 1."""
        for row in self.rows:
            camera, frame = int(self.camera[row]), int(self.frame[row])
            try:
                image, encoded = read_image(picture(self.folder, camera, frame))
            except PoseError as error:
                skips.damage(str(error).partition(";")[0])
                continue
            yield make_sample(
                image,
                framing=self.framing,
                joints_2d=self.joints_2d[row],
                names=MPI_INF_3DHP_17,
                encoded=encoded,
                ids={
                    "subject": self.subject,
                    "sequence": self.sequence_id,
                    "activity": self.activity,
                    "scene": 0,
                    "camera": camera,
                    "frame": frame - 1,
                },
                three_d={
                    "joints_3d": self.joints_3d[row],
                    "joints_3d_univ": self.joints_3d_univ[row],
                    "intrinsics": self.intrinsics[camera],
                    "cam_from_world": np.eye(4),
                },
            )


def picture(folder: Path, camera: int, frame: int) -> Path:
    """Image of `frame` (from 1)."""
    return folder / "imageSequence" / str(camera) / f"img_{frame:06d}.jpg"


def plan(
    root: Path, *, framing: Framing, seed: int = 0, limit: int = 0, split: str = "train", frames: int = PAPER_FRAMES
) -> Plan:
    """h36m-fetch has chosen the frames already; the draw of D1 remains."""
    root = existing_root(root, "h36m-fetch")
    root = root / "processed" if (root / "processed").is_dir() else root
    missing = Missing("h36m-fetch", root)
    folders = []
    for subject in SPLITS[split]:
        if missing.need(root / f"S{subject}", "a subject"):
            found = sorted(path for path in (root / f"S{subject}").iterdir() if path.is_dir())
            folders += [(subject, folder) for folder in found if missing.need(folder / "annot.h5")]
    missing.raise_if_any("run h36m-fetch to its end, or correct --root")
    sequences: list[FetchedSequence] = []
    notes = ["annot.h5 holds no camera poses: the world is the camera"]
    for sequence_id, (subject, folder) in enumerate(folders):
        with open_v73(folder / "annot.h5", "pose", "frame", "camera") as file:
            labels = {
                name: np.asarray(file["pose"][key], np.float64)[:, FROM_H36M]
                for name, key in (("joints_2d", "2d"), ("joints_3d", "3d"), ("joints_3d_univ", "3d-univ"))
            }
            frame, camera = np.asarray(file["frame"]).astype(int), np.asarray(file["camera"]).astype(int)
        rows = np.arange(len(frame)) if split == "train" else np.flatnonzero((frame - 1) % TEST_STEP == 0)
        rows = rows[finite_rows(f"S{subject}/{folder.name}", notes, *(column[rows] for column in labels.values()))]
        absent = [row for row in rows if not picture(folder, camera[row], frame[row]).is_file()]
        if absent:
            first = picture(folder, camera[absent[0]], frame[absent[0]])
            missing.add(f"S{subject}/{folder.name} lacks {len(absent)} of {len(rows)} images, the first is {first}")
        intrinsics = {
            int(one): fit_intrinsics(labels["joints_2d"][camera == one], labels["joints_3d"][camera == one])
            for one in np.unique(camera)
        }
        activity = ACTIVITIES.index(activity_name(folder.name))
        sequences.append(
            FetchedSequence(folder, subject, sequence_id, activity, rows, frame, camera, **labels,
                            intrinsics=intrinsics, framing=framing)
        )  # fmt: skip
    missing.raise_if_any("let h36m-fetch extract the frames again")
    candidates = [sequence.rows for sequence in sequences]
    drawn = first_look(random_subset(candidates, frames if split == "train" else 0, seed), limit)
    return Plan(
        source="h36m_fetch",
        joint_set="mpi_inf_3dhp_17",
        sequence_names=[f"S{subject}/{folder.name}" for subject, folder in folders],
        activity_names=ACTIVITIES,
        scene_names=[""],
        tasks=[
            FetchedSequence(**{**sequence.__dict__, "rows": rows})
            for sequence, rows in zip(sequences, drawn, strict=True)
            if len(rows)
        ],
        sampling={
            "rule": "frames that h36m-fetch extracted, then a draw" if split == "train" else "every 64th frame",
            "split": split,
            "candidates": sum(map(len, candidates)),
            "drawn": sum(map(len, drawn)),
            "seed": seed,
            "limit": limit,
        },
        notes=notes,
    )
