"""Your own recordings: videos of calibrated cameras with 3D joints over time (C3D or TRC) as labels."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import cv2
import numpy as np

from pose3d.data.sources.calibration import read_calibration
from pose3d.data.sources.camera_files import Camera
from pose3d.data.sources.frame_sampling import first_look, moved_frames
from pose3d.data.sources.framing import Framing
from pose3d.data.sources.labels import inside_image, make_sample, project
from pose3d.data.sources.named_joints import match_joints, read_names
from pose3d.data.sources.plan import Missing, Plan, Sample, Skips, existing_root
from pose3d.data.sources.points import MM_PER_UNIT, read_points
from pose3d.data.videos import Video
from pose3d.errors import PoseError
from pose3d.skeleton import MPI_INF_3DHP_17

MOVEMENT_MM = 200.0
KNEE_NECK_MM = 920.0
"""Left knee to hip, pelvis to spine, spine to neck of the universal skeleton."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of this source."""
    add = parser.add_argument
    add("--points", type=Path, required=True, metavar="FILE", help="3D joints over time, .c3d or .trc; below --root")
    add("--calibration", type=Path, required=True, metavar="FILE", help="cameras: .toml, .yml, .xml, .json, .qca.txt")
    add("--videos", nargs="+", required=True, metavar="CAMERA=FILE", help="video of each camera of the calibration")
    add("--offset", nargs="+", default=["0"], metavar="S", help="seconds from the first frame of a video to the first "
        "of the points: one number, or CAMERA=S for each camera (0)")  # fmt: skip
    add("--names", type=Path, metavar="FILE.json", help="joints of the 17 to names in the points, where they differ")
    add("--unit", default="", choices=["", *MM_PER_UNIT], help="of the points, where the file says it wrongly or not")
    add("--calibration-unit", default="", choices=["", *MM_PER_UNIT], help="of translations (TOML m, others mm)")
    add("--subject", type=int, default=0, help="id of the person (0)")
    add("--sequence", default="", metavar="NAME", help="name of the recording (default: the points' file)")
    add("--movement", type=float, default=MOVEMENT_MM, metavar="MM", help="keep frames that moved more (200); 0: all")
    add("--min-inside", type=int, default=14, metavar="J", help="so many joints must lie in the image (14)")


@dataclass(frozen=True)
class View:
    """One camera: the task of one process."""

    camera_name: str
    camera_id: int
    subject: int
    video: Video
    rows: np.ndarray
    """Frames of the video, from 0."""
    joints_3d: np.ndarray
    joints_3d_univ: np.ndarray
    labelled: np.ndarray
    camera: Camera
    framing: Framing

    @property
    def name(self) -> str:
        return "".join(letter if letter.isalnum() else "_" for letter in self.camera_name)

    @property
    def num_samples(self) -> int:
        return len(self.rows)

    def files(self) -> Iterator[Path]:
        """The video."""
        yield self.video.path

    def samples(self, skips: Skips) -> Iterator[Sample]:
        """Undistorted, so that a pinhole projects the joints onto the picture."""
        for index, image in enumerate(self.video.frames([int(row) for row in self.rows])):
            if image is None:
                skips.damage(self.video.path, int(self.rows[index]))
                continue
            if self.camera.distortion:
                image = cv2.undistort(image, self.camera.intrinsics, np.asarray(self.camera.distortion))
            yield make_sample(
                image,
                framing=self.framing,
                joints_2d=project(self.joints_3d[index], self.camera.intrinsics),
                names=MPI_INF_3DHP_17,
                labelled=None if self.labelled.all() else self.labelled,
                ids={
                    "subject": self.subject,
                    "sequence": 0,
                    "activity": 0,
                    "scene": 0,
                    "camera": self.camera_id,
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
    points: str | Path,
    calibration: str | Path,
    videos: tuple[str, ...],
    seed: int = 0,
    limit: int = 0,
    offset: tuple[str, ...] = ("0",),
    names: Path | None = None,
    unit: str = "",
    calibration_unit: str = "",
    subject: int = 0,
    sequence: str = "",
    movement: float = MOVEMENT_MM,
    min_inside: int = 14,
) -> Plan:
    """Match points, cameras and videos in time and list one task per camera."""
    root = existing_root(root, "multi-view recording")
    cameras = read_calibration(root / calibration, calibration_unit)
    files = _pairs(videos, cameras, "--videos")
    offsets = _offsets(offset, files)
    read = read_points(root / points, unit)
    index = match_joints(read.names, read_names(names))
    joints, labelled = to_17(read.positions, index)
    finite = np.isfinite(joints).all(axis=(1, 2))
    missing, notes = Missing("multi-view recording", root), list[str]()
    if lacking := [name for name, known in zip(MPI_INF_3DHP_17.names, labelled, strict=True) if not known]:
        notes.append(f"not labelled: {', '.join(lacking)}")
    if not finite.all():
        notes.append(f"{int((~finite).sum())} of {len(joints)} frames left out: a joint is missing")
    for file in files.values():
        missing.need(root / file, "a video")
    missing.raise_if_any("correct --videos; the files are looked for below --root")
    kept = moved_frames(joints, movement)
    scale = universal_scale(joints[finite]) if finite.any() else 1.0
    views = []
    for camera_id, (name, camera) in enumerate(cameras.items()):
        if name not in files:
            continue
        video = Video(root / files[name])
        count, size = video.length_and_size()
        if camera.size not in ((0, 0), size):
            missing.add(f"{files[name]} is {size} px, its calibration {camera.size}")
            continue
        # The video frame nearest to each labelled moment; moments between two frames are not interpolated.
        moments = (kept / read.rate + offsets[name]) * video.fps()
        rows = np.round(moments).astype(int)
        usable = (rows >= 0) & (rows < count) & (np.abs(moments - rows) < 0.5)
        _, first = np.unique(np.where(usable, rows, -1), return_index=True)
        chosen = np.array([place for place in np.sort(first) if usable[place]], np.int64)
        seen = joints[kept[chosen]] @ camera.cam_from_world[:3, :3].T + camera.cam_from_world[:3, 3]
        inside = (inside_image(project(seen, camera.intrinsics), size) & labelled).sum(axis=1) >= min_inside
        in_front = (seen[..., 2] > 0).all(axis=1)
        if left := int((~(inside & in_front)).sum()):
            notes.append(f"{name}: {left} frames left out, fewer than {min_inside} joints lie in the image")
        seen, rows = seen[inside & in_front], rows[chosen][inside & in_front]
        root_joint = seen[:, MPI_INF_3DHP_17.root, None]
        univ = root_joint + scale * (seen - root_joint)
        view = View(name, camera_id, subject, video, rows, seen, univ, labelled, replace(camera, size=size), framing)
        views.append(view)
    missing.raise_if_any("use videos and calibration of one recording")
    notes.append(f"joints_3d_univ is joints_3d times {scale:.3f}: {KNEE_NECK_MM:g} mm from knee to neck")
    drawn = first_look([view.rows for view in views], limit)
    return Plan(
        source="multiview",
        joint_set="mpi_inf_3dhp_17",
        sequence_names=[sequence or Path(points).stem],
        activity_names=[""],
        scene_names=[""],
        tasks=[_first(view, len(rows)) for view, rows in zip(views, drawn, strict=True) if len(rows)],
        sampling={
            "rule": f"moved more than {movement:g} mm since the last kept frame" if movement > 0 else "every frame",
            "cameras": list(files),
            "offset_s": offsets,
            "limit": limit,
        },
        notes=notes,
    )


def to_17(positions: np.ndarray, index: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(T, 17, 3) mm and (17,) bool from points (T, K, 3): middles where pelvis, neck and spine are no points.

    Joints that the file lacks get a stand-in and are not labelled; head and head top take the position of the neck.

    Raises:
        PoseError: a limb is missing.
    """
    known = index >= 0
    joints = positions[:, np.maximum(index, 0)].copy()
    of = MPI_INF_3DHP_17.index
    for joint, a, b in (
        ("pelvis", "l_hip", "r_hip"),
        ("neck", "l_shoulder", "r_shoulder"),
        ("spine", "pelvis", "neck"),
    ):
        if not known[of(joint)]:
            joints[:, of(joint)] = (joints[:, of(a)] + joints[:, of(b)]) / 2
            known[of(joint)] = joint == "pelvis" and known[of(a)] and known[of(b)]
    for joint in ("head_top", "head"):
        if not known[of(joint)]:
            joints[:, of(joint)] = joints[:, of("neck")]
    limbs = [name for name in MPI_INF_3DHP_17.names if name[:2] in ("l_", "r_") and not known[of(name)]]
    if limbs:
        raise PoseError(f"the points have no {', '.join(limbs)}; map their names with --names FILE.json")
    return joints, known


def universal_scale(joints: np.ndarray) -> float:
    """Factor that makes the median pose of (T, 17, 3) mm KNEE_NECK_MM long from knee to neck."""
    of = MPI_INF_3DHP_17.index
    pairs = (("l_knee", "l_hip"), ("pelvis", "spine"), ("spine", "neck"))
    heights = np.sum([np.linalg.norm(joints[:, of(a)] - joints[:, of(b)], axis=-1) for a, b in pairs], axis=0)
    return KNEE_NECK_MM / float(np.median(heights))


def _pairs(entries: tuple[str, ...], cameras: dict[str, Camera], option: str) -> dict[str, str]:
    """CAMERA=FILE entries, the cameras known."""
    pairs = dict(entry.partition("=")[::2] for entry in entries)
    if bad := [entry for entry in entries if "=" not in entry]:
        raise PoseError(f"{option} {bad[0]} is not CAMERA=FILE; the calibration has the cameras {', '.join(cameras)}")
    if unknown := [name for name in pairs if name not in cameras]:
        raise PoseError(f"the calibration has no camera {', '.join(unknown)}; it has {', '.join(cameras)}")
    return pairs


def _offsets(entries: tuple[str, ...], cameras: dict[str, str]) -> dict[str, float]:
    """Seconds for each camera: one number for all, or CAMERA=SECONDS entries."""
    offsets = dict.fromkeys(cameras, 0.0)
    for entry in entries:
        name, equals, text = entry.rpartition("=")
        try:
            seconds = float(text)
        except ValueError as error:
            raise PoseError(f"--offset {entry} is neither a number of seconds nor CAMERA=SECONDS") from error
        if equals and name not in offsets:
            raise PoseError(f"--offset {entry} names no camera of --videos; they are {', '.join(cameras)}")
        offsets |= {name: seconds} if equals else dict.fromkeys(cameras, seconds)
    return offsets


def _first(view: View, count: int) -> View:
    return replace(
        view, rows=view.rows[:count], joints_3d=view.joints_3d[:count], joints_3d_univ=view.joints_3d_univ[:count]
    )
