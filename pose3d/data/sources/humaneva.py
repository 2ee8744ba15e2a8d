"""HumanEva-I, subject S1: the Walking and Box sequences of the validation set (paper, HumanEva table).

Videos, cameras and synchronisation are read from the official tree. The mocap files hold markers, from which only the
official MATLAB code makes joints; its poses are read as VideoPose3D's `ConvertHumanEva.m` saves them:
`converted_15j/Validate/S1/<Action>_1.mat` with `poses_3d` (frames, 15, 3), mm, world, NaN where the mocap is invalid.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import cv2
import numpy as np

from pose3d.data.sources.camera_files import Camera
from pose3d.data.sources.frame_sampling import first_look
from pose3d.data.sources.framing import Framing
from pose3d.data.sources.labels import make_sample, project
from pose3d.data.sources.matlab import load_v5
from pose3d.data.sources.plan import Missing, Plan, Sample, Skips, existing_root
from pose3d.data.videos import Video
from pose3d.errors import PoseError
from pose3d.skeleton import HUMANEVA_15, MPI_INF_3DHP_17, remap

ACTIONS: Final = ("Walking", "Box")
# First and last image frame of the validation part of trial 1, counted from 1 in synchronised time.
VALIDATION: Final = {"Walking": (6, 590), "Box": (6, 385)}
CAMERAS: Final = ("C1", "C2", "C3")
CONVERSION: Final = (
    "copy data/ConvertHumanEva.m of VideoPose3D and the files of HumanEva_I into HumanEva's Release_Code_v1_1_beta, "
    "run `matlab -batch ConvertHumanEva` there, and put its converted_15j into the root, or name it with --poses"
)
FROM_HUMANEVA = remap(HUMANEVA_15, MPI_INF_3DHP_17)
SUBJECT: Final = 1


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of this source."""
    add = parser.add_argument
    add("--cameras", nargs="+", default=["C1"], choices=CAMERAS, help="default: C1")
    add("--poses", type=Path, metavar="DIR", help="folder of S1/<Action>_1.mat (default: ROOT/converted_15j/Validate)")
    add("--step", type=int, default=1, metavar="N", help="every Nth frame (1)")


@dataclass(frozen=True)
class View:
    """One camera of one action: the task of one process."""

    action: str
    camera_name: str
    sequence_id: int
    video: Video
    rows: np.ndarray
    """Frames of the video file, from 0."""
    frame: np.ndarray
    """Synchronised image frames, from 1."""
    joints_3d: np.ndarray
    camera: Camera
    framing: Framing

    @property
    def name(self) -> str:
        return f"S1_{self.action}_{self.camera_name}"

    @property
    def num_samples(self) -> int:
        return len(self.rows)

    def files(self) -> Iterator[Path]:
        """The video."""
        yield self.video.path

    def samples(self, skips: Skips) -> Iterator[Sample]:
        """Undistorted, so that a pinhole projects the joints onto the picture."""
        labelled = FROM_HUMANEVA >= 0
        for index, image in enumerate(self.video.frames([int(row) for row in self.rows])):
            if image is None:
                skips.damage(self.video.path, int(self.rows[index]))
                continue
            image = cv2.undistort(image, self.camera.intrinsics, np.asarray(self.camera.distortion))
            joints_3d = self.joints_3d[index]
            yield make_sample(
                image,
                framing=self.framing,
                joints_2d=project(joints_3d, self.camera.intrinsics),
                names=MPI_INF_3DHP_17,
                labelled=labelled,
                ids={
                    "subject": SUBJECT,
                    "sequence": self.sequence_id,
                    "activity": ACTIONS.index(self.action),
                    "scene": 0,
                    "camera": int(self.camera_name[1:]),
                    "frame": int(self.frame[index]),
                },
                three_d={
                    "joints_3d": joints_3d,
                    "joints_3d_univ": joints_3d,
                    "intrinsics": self.camera.intrinsics,
                    "cam_from_world": self.camera.cam_from_world,
                },
            )


def read_camera(path: Path, size: tuple[int, int]) -> Camera:
    """A `.cal` file: fc (2), cc (2), alpha, kc (5), R (9, row-major), T (3, mm), one number per line."""
    values = _numbers(path, 22)
    intrinsics = np.array([[values[0], values[4] * values[0], values[2]], [0, values[1], values[3]], [0, 0, 1]])
    cam_from_world = np.eye(4)
    cam_from_world[:3, :3] = np.reshape(values[10:19], (3, 3))
    cam_from_world[:3, 3] = values[19:22]
    if abs(np.linalg.det(cam_from_world[:3, :3]) - 1) > 0.01:
        raise PoseError(f"{path}: numbers 11 to 19 are no rotation; is this a HumanEva .cal file?")
    return Camera(intrinsics, cam_from_world, size, tuple(float(value) for value in values[5:10]))


def read_start(path: Path) -> int:
    """Frame of the video in which synchronised time begins, from a `.ofs` file."""
    return round(_numbers(path, 3)[0])


def read_joints(path: Path, action: str) -> np.ndarray:
    """(frames, 15, 3) mm, world, of the validation part of an action; NaN where the mocap is invalid."""
    first, last = VALIDATION[action]
    joints = np.asarray(load_v5(path, "poses_3d")["poses_3d"], np.float64)
    if joints.ndim != 3 or joints.shape[1:] != (15, 3) or len(joints) > last - first + 1:
        raise PoseError(f"poses_3d in {path} is {joints.shape}, not ({last - first + 1}, 15, 3)")
    return joints


def _numbers(path: Path, count: int) -> list[float]:
    try:
        values = [float(word) for word in path.read_text().split()]
    except (OSError, ValueError) as error:
        raise PoseError(f"cannot read {path}: {error}; unpack it again") from error
    if not np.isfinite(values).all():
        raise PoseError(f"{path} holds NaN or infinity; unpack it again")
    if len(values) < count:
        raise PoseError(f"{path} has {len(values)} numbers where {count} are expected; unpack it again")
    return values


def to_17(joints_15: np.ndarray) -> np.ndarray:
    """(N, 17, 3) from (N, 15, 3). Spine and head_top are not labelled: they get a stand-in and stay invisible."""
    moved = joints_15[:, np.maximum(FROM_HUMANEVA, 0)]
    of = {name: MPI_INF_3DHP_17.index(name) for name in ("spine", "head_top", "pelvis", "neck", "head")}
    moved[:, of["spine"]] = (moved[:, of["pelvis"]] + moved[:, of["neck"]]) / 2
    moved[:, of["head_top"]] = moved[:, of["head"]]
    return moved


def plan(
    root: Path,
    *,
    framing: Framing,
    seed: int = 0,
    limit: int = 0,
    cameras: tuple[str, ...] = ("C1",),
    poses: Path | None = None,
    step: int = 1,
) -> Plan:
    """Check the tree and list one task per video."""
    root = existing_root(root, "HumanEva-I")
    folder = root / "S1"
    poses = poses or root / "converted_15j" / "Validate"
    missing = Missing("HumanEva-I", root)
    for action in ACTIONS:
        missing.need(poses / "S1" / f"{action}_1.mat", "poses, exported by ConvertHumanEva.m")
        for camera_name in cameras:
            missing.need(folder / "Image_Data" / f"{action}_1_({camera_name}).avi")
            missing.need(folder / "Sync_Data" / f"{action}_1_({camera_name}).ofs")
    for camera_name in cameras:
        missing.need(folder / "Calibration_Data" / f"{camera_name}.cal")
    missing.raise_if_any(f"unpack S1; for the poses, {CONVERSION}")

    views, notes = [], []
    for sequence_id, action in enumerate(ACTIONS):
        first, _ = VALIDATION[action]
        path = poses / "S1" / f"{action}_1.mat"
        joints = read_joints(path, action)
        valid = np.isfinite(joints).all(axis=(1, 2))
        if not valid.all():
            notes.append(f"S1/{action}: {int((~valid).sum())} frames left out, their mocap is invalid")
        kept = np.flatnonzero(valid)
        kept = kept[kept % step == 0]
        for camera_name in cameras:
            video = Video(folder / "Image_Data" / f"{action}_1_({camera_name}).avi")
            count, size = video.length_and_size()
            camera = read_camera(folder / "Calibration_Data" / f"{camera_name}.cal", size)
            start = read_start(folder / "Sync_Data" / f"{action}_1_({camera_name}).ofs")
            frame = kept + first
            rows = start + frame - 1
            if len(rows) and rows[-1] >= count:
                raise PoseError(f"{video.path} has {count} frames, frame {rows[-1] + 1} is needed; copy it again")
            rotation, translation = camera.cam_from_world[:3, :3], camera.cam_from_world[:3, 3]
            seen = to_17(joints[kept]) @ rotation.T + translation
            views.append(View(action, camera_name, sequence_id, video, rows, frame, seen, camera, framing))
    chosen = first_look([view.rows for view in views], limit)
    tasks = []
    for view, rows in zip(views, chosen, strict=True):
        some = {name: getattr(view, name)[: len(rows)] for name in ("rows", "frame", "joints_3d")}
        tasks.append(View(**{**view.__dict__, **some}))
    return Plan(
        source="humaneva",
        joint_set="mpi_inf_3dhp_17",
        sequence_names=[f"S1/{action}_1" for action in ACTIONS],
        activity_names=ACTIONS,
        scene_names=[""],
        tasks=[task for task in tasks if task.num_samples],
        sampling={
            "rule": f"valid frames of the validation part, every {step}th",
            "cameras": list(cameras),
            "limit": limit,
        },
        notes=[
            f"joints are read as converted (to convert: {CONVERSION}); the markers are not read",
            *notes,
            "there is no universal skeleton: joints_3d_univ repeats joints_3d",
        ],
    )
