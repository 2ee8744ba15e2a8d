"""HumanEva-I as views: S1 Walking and Box, validation part."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from pose3d.data.doctor.view import PartOfVideo, Reported, View, broken
from pose3d.data.finding import Finding
from pose3d.data.sources import humaneva as reader
from pose3d.data.sources.camera_files import Camera
from pose3d.data.sources.labels import project
from pose3d.data.videos import Video
from pose3d.errors import PoseError
from pose3d.skeleton import MPI_INF_3DHP_17

FPS = 60.0


def views(root: Path) -> Reported:
    """Every video of the validation part that is there."""
    for action in reader.ACTIONS:
        try:
            joints = reader.read_joints(root / "converted_15j" / "Validate" / "S1" / f"{action}_1.mat", action)
        except PoseError as error:
            yield broken(f"S1/{action}", error)
            continue
        for name in reader.CAMERAS:
            where = f"S1/{action}_1_({name})"
            video = Video(root / "S1" / "Image_Data" / f"{action}_1_({name}).avi")
            try:
                if not video.path.is_file():
                    raise PoseError(f"{video.path.name} is missing; unpack the videos again")
                _, size = video.length_and_size()
                camera = reader.read_camera(root / "S1" / "Calibration_Data" / f"{name}.cal", size)
                start = reader.read_start(root / "S1" / "Sync_Data" / f"{action}_1_({name}).ofs")
                yield from _view(where, action, joints, video, camera, start)
            except PoseError as error:
                yield broken(where, error)


def _view(where: str, action: str, joints: np.ndarray, video: Video, camera: Camera, start: int) -> Reported:
    first = start + reader.VALIDATION[action][0] - 1
    count, size = video.length_and_size()
    if count < first + len(joints):
        what = f"its video has {count} frames, synchronised labels need {first + len(joints)}"
        yield Finding("error", where, what, "copy the video again, or the .ofs file is of another one")
        return
    center = camera.intrinsics[:2, 2] / np.asarray(size)
    if ((center < 0.25) | (center > 0.75)).any():
        what = f"the camera's principal point is not near the middle of its {size[0]} x {size[1]} px video"
        yield Finding("error", where, what, "the .cal file is of another camera, or the video was resized")
    valid = np.flatnonzero(np.isfinite(joints).all(axis=(1, 2)))
    seen = reader.to_17(joints[valid]) @ camera.cam_from_world[:3, :3].T + camera.cam_from_world[:3, 3]
    yield View(
        name=where,
        sequence=f"S1/{action}_1",
        subject=reader.SUBJECT,
        names=MPI_INF_3DHP_17,
        joints_2d=project(seen, camera.intrinsics),
        joints_3d=seen,
        intrinsics=camera.intrinsics,
        cam_from_world=camera.cam_from_world,
        frames=PartOfVideo(video, tuple(int(row) for row in first + valid)),
        fps=FPS,
        size=size,
    )
