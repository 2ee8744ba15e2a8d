"""MPI-INF-3DHP, test set: the frames marked valid, intrinsics fitted from the labels (decisions D7, D8)."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import cv2
import numpy as np

from pose3d.data.images import read_image
from pose3d.data.sources.camera_files import Camera, read_captury
from pose3d.data.sources.frame_sampling import first_look
from pose3d.data.sources.framing import Framing
from pose3d.data.sources.labels import fit_intrinsics, make_sample, project
from pose3d.data.sources.matlab import open_v73
from pose3d.data.sources.plan import Missing, Plan, Sample, Skips, existing_root
from pose3d.errors import PoseError
from pose3d.skeleton import MPI_INF_3DHP_17

# Ids 1 to 7 and 1 to 3, as the test set's own tools count; 0 means unknown.
ACTIVITIES: Final = (
    "",
    "Standing/Walking",
    "Exercising",
    "Sitting",
    "Reaching/Crouching",
    "On The Floor",
    "Sports",
    "Miscellaneous",
)
SCENES: Final = ("", "green screen", "studio", "outdoor")
SCENE_OF: Final = {1: 1, 2: 1, 3: 2, 4: 2, 5: 3, 6: 3}
SEQUENCES: Final = (1, 2, 3, 4, 5, 6)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of this source."""
    add = parser.add_argument
    add("--sequences", type=int, nargs="+", default=list(SEQUENCES), choices=SEQUENCES, help="default: all six")
    add(
        "--intrinsics",
        default="fit",
        choices=["fit", "calib"],
        help="fit a pinhole camera to annot2 and annot3, or read test_util/camera_calibration and undistort TS5, TS6",
    )


@dataclass(frozen=True)
class ValidFrames:
    """The valid frames of TS<number>: the task of one process."""

    folder: Path
    number: int
    sequence_id: int
    rows: np.ndarray
    joints_2d: np.ndarray
    joints_3d: np.ndarray
    joints_3d_univ: np.ndarray
    activity: np.ndarray
    camera: Camera
    framing: Framing

    @property
    def name(self) -> str:
        return f"TS{self.number}"

    @property
    def num_samples(self) -> int:
        return len(self.rows)

    def files(self) -> Iterator[Path]:
        """The images of the valid frames."""
        return (image_path(self.folder, int(row)) for row in self.rows)

    def samples(self, skips: Skips) -> Iterator[Sample]:
        """Read, and undistort where the calibration says so."""
        for index, row in enumerate(self.rows):
            try:
                image, encoded = read_image(image_path(self.folder, int(row)))
            except PoseError as error:
                skips.damage(str(error).partition(";")[0])
                continue
            joints_2d = self.joints_2d[index]
            if self.camera.distortion:
                image = cv2.undistort(image, self.camera.intrinsics, np.asarray(self.camera.distortion))
                joints_2d = project(self.joints_3d[index], self.camera.intrinsics)
            yield make_sample(
                image,
                framing=self.framing,
                joints_2d=joints_2d,
                names=MPI_INF_3DHP_17,
                encoded=None if self.camera.distortion else encoded,
                ids={
                    "subject": self.number,  # who appears is not published
                    "sequence": self.sequence_id,
                    "activity": int(self.activity[index]),
                    "scene": SCENE_OF[self.number],
                    "camera": 0,
                    "frame": int(row),
                },
                three_d={
                    "joints_3d": self.joints_3d[index],
                    "joints_3d_univ": self.joints_3d_univ[index],
                    "intrinsics": self.camera.intrinsics,
                    "cam_from_world": self.camera.cam_from_world,
                },
            )


def image_path(folder: Path, row: int) -> Path:
    """Image of row `row` (from 0); the files count from 1."""
    return folder / "imageSequence" / f"img_{row + 1:06d}.jpg"


def find_test_root(root: Path) -> Path:
    """The folder that holds TS1..TS6: `root`, or one or two folders `mpi_inf_3dhp_test_set` below it."""
    name = "mpi_inf_3dhp_test_set"
    tried = [root, root / name, root / name / name]
    for folder in tried:
        if any((folder / f"TS{number}").is_dir() for number in SEQUENCES):
            return folder
    raise PoseError(
        f"no folder TS1 to TS6 of the MPI-INF-3DHP test set in {', '.join(map(str, tried))}; correct --root"
    )


def read_annotations(path: Path) -> dict[str, np.ndarray]:
    """joints_2d (N, 17, 2), joints_3d, joints_3d_univ (N, 17, 3), valid (N,) bool, activity (N,) 1..7."""
    keys = ("annot2", "annot3", "univ_annot3", "valid_frame", "activity_annotation")
    with open_v73(path, *keys) as file:
        raw = {key: np.asarray(file[key]) for key in keys}
    frames = len(raw["annot2"])
    for key, shape in zip(keys, [(frames, 1, 17, 2), (frames, 1, 17, 3), (frames, 1, 17, 3)], strict=False):
        if raw[key].shape != shape:
            raise PoseError(f"{key} in {path} is {raw[key].shape}, not {shape}")
    flat = {key: np.ravel(raw[key]) for key in ("valid_frame", "activity_annotation")}
    if any(len(values) != frames for values in flat.values()):
        raise PoseError(f"valid_frame or activity_annotation in {path} has not {frames} entries")
    valid = flat["valid_frame"] == 1
    if bad := sorted({float(a) for a in flat["activity_annotation"][valid]} - set(range(1, 8))):
        raise PoseError(f"activity_annotation in {path} holds {', '.join(f'{a:g}' for a in bad)}, not 1 to 7")
    return {
        "joints_2d": raw["annot2"][:, 0].astype(np.float64),
        "joints_3d": raw["annot3"][:, 0].astype(np.float64),
        "joints_3d_univ": raw["univ_annot3"][:, 0].astype(np.float64),
        "valid": valid,
        "activity": np.where(valid, flat["activity_annotation"], 0).astype(np.int64),
    }


def plan(
    root: Path,
    *,
    framing: Framing,
    seed: int = 0,
    limit: int = 0,
    sequences: tuple[int, ...] = SEQUENCES,
    intrinsics: str = "fit",
) -> Plan:
    """Check the tree and list one task per sequence."""
    root = find_test_root(existing_root(root, "MPI-INF-3DHP test set"))
    missing = Missing("MPI-INF-3DHP test", root)
    folders = {number: root / f"TS{number}" for number in sequences}
    for folder in folders.values():
        if missing.need(folder):
            missing.need(folder / "annot_data.mat")
            missing.need(folder / "imageSequence")
    if intrinsics == "calib":
        for number in sequences:
            missing.need(calibration_path(root, number), "or use --intrinsics fit")
    missing.raise_if_any("unpack all of it, or choose with --sequences")

    notes: list[str] = []
    labels = {number: read_annotations(folder / "annot_data.mat") for number, folder in folders.items()}
    valid = {number: np.flatnonzero(labels[number]["valid"]) for number in sequences}
    for number, rows in valid.items():
        absent = [row for row in rows if not image_path(folders[number], int(row)).is_file()]
        if absent:
            first = image_path(folders[number], int(absent[0])).relative_to(root)
            missing.add(f"TS{number} lacks {len(absent)} of {len(rows)} images of valid frames, the first is {first}")
        joints = [labels[number][name] for name in ("joints_2d", "joints_3d", "joints_3d_univ")]
        bad = [row for row in rows if not all(np.isfinite(values[row]).all() for values in joints)]
        if bad:
            missing.add(
                f"TS{number}: the labels of {len(bad)} valid frames hold NaN or infinity, the first is {bad[0]}"
            )
    missing.raise_if_any("unpack labels and images again; the score is defined over all valid frames")

    chosen = dict(zip(sequences, first_look([valid[number] for number in sequences], limit), strict=True))
    tasks = []
    for sequence_id, number in enumerate(sequences):
        rows, label = chosen[number], labels[number]
        if not len(valid[number]):
            notes.append(f"TS{number} has no valid frame")
            continue
        image, _ = read_image(image_path(folders[number], int(valid[number][0])))
        size = (image.shape[1], image.shape[0])
        if intrinsics == "calib":
            camera = read_captury(calibration_path(root, number), size)
        else:
            fitted = fit_intrinsics(label["joints_2d"][valid[number]], label["joints_3d"][valid[number]])
            camera = Camera(fitted, np.eye(4), size)
            error = project(label["joints_3d"][valid[number]], fitted) - label["joints_2d"][valid[number]]
            off = float(np.median(np.linalg.norm(error, axis=-1)))
            if off > 2.0:
                notes.append(f"TS{number}: annot3 projects onto annot2 with a median error of {off:.1f} px")
        columns = {name: label[name][rows] for name in ("joints_2d", "joints_3d", "joints_3d_univ", "activity")}
        tasks.append(ValidFrames(folders[number], number, sequence_id, rows, **columns, camera=camera, framing=framing))
    return Plan(
        source="mpi_inf_3dhp_test",
        joint_set="mpi_inf_3dhp_17",
        sequence_names=[f"TS{number}" for number in sequences],
        activity_names=ACTIVITIES,
        scene_names=SCENES,
        tasks=[task for task in tasks if len(task.rows)],
        sampling={
            "rule": "valid_frame",
            "valid": {f"TS{number}": len(rows) for number, rows in valid.items()},
            "intrinsics": intrinsics,
            "limit": limit,
        },
        notes=notes,
    )


def calibration_path(root: Path, number: int) -> Path:
    """The camera file of TS<number>."""
    name = "ts1-4cameras.calib" if number <= 4 else "ts5-6cameras.calib"
    return root / "test_util" / "camera_calibration" / name
