"""The official tree of ASPset-510: splits, clips, cameras and joints (docs/datasets.md)."""

from __future__ import annotations

import csv
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np

from pose3d.data.sources.camera_files import Camera
from pose3d.data.sources.points import Points, read_points
from pose3d.data.videos import Video
from pose3d.errors import PoseError
from pose3d.skeleton import ASPSET_17, MPI_INF_3DHP_17, remap

CAMERAS: Final = ("left", "mid", "right")
SPLITS: Final = {"train": ("train",), "val": ("val",), "trainval": ("train", "val"), "test": ("test",)}
FPS: Final = 50.0
SIZE: Final = (3840, 2160)
SKELETON: Final = "aspset_17j"
UNIVERSAL_MM: Final = 910.0
"""Universal scale of the data set: knee to hip, pelvis to spine, spine to neck."""

FROM_ASPSET = remap(ASPSET_17, MPI_INF_3DHP_17)


@dataclass(frozen=True)
class Clip:
    """One row of splits.csv.

    Attributes:
        root: folder of splits.csv.
        subject, number: ids, e.g. "1e28" and "0001".
        split: train, val or test.
        cameras: those that the split uses of this clip.
    """

    root: Path
    subject: str
    number: str
    split: str
    cameras: tuple[str, ...]

    @property
    def name(self) -> str:
        return f"{self.subject}-{self.number}"

    @property
    def subject_id(self) -> int:
        """The subject's id read as a hexadecimal number."""
        return int(self.subject, 16)

    def _path(self, kind: str, file: str) -> Path:
        part = "test" if self.split == "test" else "trainval"
        return self.root / part / kind / self.subject / file

    @property
    def joints_file(self) -> Path:
        return self._path("joints_3d", f"{self.name}.c3d")

    def video(self, camera: str) -> Video:
        return Video(self._path("videos", f"{self.name}-{camera}.mkv"))

    def boxes_file(self, camera: str) -> Path:
        return self._path("boxes", f"{self.name}-{camera}.csv")

    def camera_file(self, camera: str) -> Path:
        return self._path("cameras", f"{self.subject}-{camera}.json")

    def joints(self) -> np.ndarray:
        """(T, 17, 3) mm, world, in the order of this package."""
        points = read_points(self.joints_file)
        check_points(self.joints_file, points)
        return points.positions[:, FROM_ASPSET]

    def boxes(self, camera: str) -> np.ndarray:
        """(T, 4) px: x1, y1, x2, y2; their number is the number of frames."""
        path = self.boxes_file(camera)
        try:
            with path.open(newline="") as file:
                rows = list(csv.reader(file))[1:]
            return np.array([[float(cell) for cell in row] for row in rows if row], np.float64).reshape(-1, 4)
        except (OSError, ValueError, csv.Error) as error:
            raise PoseError(f"cannot read {path} as boxes of four numbers: {error}; unpack it again") from error

    def camera(self, camera: str) -> Camera:
        """Pinhole and pose; there is no distortion."""
        return read_camera(self.camera_file(camera))


def check_points(path: Path, points: Points) -> None:
    """Raise PoseError unless a file holds the 17 joints of the data set at its frame rate."""
    if points.positions.shape[1] != len(ASPSET_17) or points.skeleton not in ("", SKELETON):
        raise PoseError(
            f"{path} holds {points.positions.shape[1]} points of the skeleton {points.skeleton or 'unknown'!r}, "
            f"not the 17 of {SKELETON}; unpack it again"
        )
    if abs(points.rate - FPS) > 0.5:
        raise PoseError(f"{path} runs at {points.rate:g} frames/s, not {FPS:g}; unpack it again")


def read_camera(path: Path) -> Camera:
    """A camera file: intrinsic_matrix (3 x 4) and extrinsic_matrix (4 x 4), row by row."""
    try:
        content = json.loads(path.read_text())
        intrinsics = np.array(content["intrinsic_matrix"], np.float64).reshape(3, 4)
        extrinsics = np.array(content["extrinsic_matrix"], np.float64).reshape(4, 4)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise PoseError(f"cannot read the camera {path}: {error!r}; unpack it again") from error
    rotation = extrinsics[:3, :3]
    if not np.allclose(rotation @ rotation.T, np.eye(3), atol=1e-3) or np.linalg.det(rotation) < 0:
        raise PoseError(f"extrinsic_matrix in {path} holds no rotation; unpack it again")
    if not np.allclose(intrinsics[:, 3], 0) or intrinsics[0, 0] <= 0 or intrinsics[1, 1] <= 0:
        raise PoseError(f"intrinsic_matrix in {path} is no pinhole camera; unpack it again")
    return Camera(intrinsics[:, :3] / intrinsics[2, 2], extrinsics, SIZE)


def read_splits(root: Path) -> list[Clip]:
    """The clips of splits.csv: subject, clip, split and camera (a name, or "all"), without a header."""
    path = root / "splits.csv"
    try:
        with path.open(newline="") as file:
            rows = [[cell.strip() for cell in row] for row in csv.reader(file) if any(row)]
    except OSError as error:
        raise PoseError(
            f"{path}: {error.strerror}; --root must name the folder of splits.csv, trainval and test"
        ) from error
    except (UnicodeDecodeError, csv.Error) as error:
        raise PoseError(f"cannot read {path} as a table: {error}; unpack it again") from error
    clips = []
    for line, row in enumerate(rows, start=1):
        subject, number, split, camera = (row + ["", "", "", "all"][len(row) :])[:4]
        if split not in ("train", "val", "test") or camera not in (*CAMERAS, "all") or not is_subject(subject):
            raise PoseError(
                f"line {line} of {path} is '{','.join(row)}', not subject,clip,split,camera; unpack it again"
            )
        clips.append(Clip(root, subject, number, split, CAMERAS if camera == "all" else (camera,)))
    if not clips:
        raise PoseError(f"{path} lists no clip; unpack it again")
    return clips


def is_subject(name: str) -> bool:
    """Whether a name can be a subject's: four hexadecimal digits."""
    return len(name) == 4 and all(digit in "0123456789abcdef" for digit in name)


def knee_neck_mm(joints: np.ndarray) -> np.ndarray:
    """(T,) mm: left knee to left hip, pelvis to spine and spine to neck of poses (T, 17, 3)."""
    of = {name: joints[:, MPI_INF_3DHP_17.index(name)] for name in ("l_knee", "l_hip", "pelvis", "spine", "neck")}
    pairs = (("l_knee", "l_hip"), ("pelvis", "spine"), ("spine", "neck"))
    return np.sum([np.linalg.norm(of[a] - of[b], axis=-1) for a, b in pairs], axis=0)
