"""The official tree of MPI-INF-3DHP's training set: where things are, and known defects (docs/datasets.md)."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np

from pose3d.data.sources.matlab import load_v5
from pose3d.data.sources.plan import Missing
from pose3d.data.videos import Frames, ImageFolder, Video
from pose3d.errors import PoseError

SUBJECTS: Final = (1, 2, 3, 4, 5, 6, 7, 8)
SEQUENCES: Final = (1, 2)
CAMERA_SETS: Final = {
    "chest": (0, 2, 4, 7, 8),  # decision D3, the paper's five
    "vnect": (0, 1, 2, 4, 5, 6, 7, 8),
    "ceiling": (11, 12, 13),
    "all": tuple(range(14)),
}

# Frames that the official sequence table lists: rows beyond are not to be used.
NUM_FRAMES: Final = {
    (1, 1): 6416, (1, 2): 12430, (2, 1): 6502, (2, 2): 6081, (3, 1): 12488, (3, 2): 12283, (4, 1): 6171, (4, 2): 6675,
    (5, 1): 12820, (5, 2): 12312, (6, 1): 6188, (6, 2): 6145, (7, 1): 6239, (7, 2): 6320, (8, 1): 6468, (8, 2): 6054,
}  # fmt: skip
FPS_50: Final = {(1, 2), (3, 1), (3, 2), (5, 1), (5, 2)}

# Videos known to end early, (subject, sequence, camera); any other that lacks more than a few frames is a broken copy.
SHORT_VIDEOS: Final = {(6, 2, 2): 3911}
FEW_FRAMES: Final = 2

# Frames whose left and right labels one source reports as swapped: left out, whichever way they lie.
DOUBTFUL_FRAMES: Final = {(4, 2): range(3759, 5853)}


@dataclass(frozen=True)
class Sequence:
    """S<subject>/Seq<number>."""

    root: Path
    subject: int
    number: int

    @property
    def name(self) -> str:
        return f"S{self.subject}/Seq{self.number}"

    @property
    def folder(self) -> Path:
        return self.root / f"S{self.subject}" / f"Seq{self.number}"

    def mask_videos(self, camera: int) -> tuple[Video, Video]:
        """Foreground and chair mask."""
        return tuple(Video(self.folder / kind / f"video_{camera}.avi") for kind in ("FGmasks", "ChairMasks"))  # type: ignore[return-value]

    def frames(self, camera: int) -> Frames | None:
        """The video, or frames extracted from it under one of the usual names; None where there is neither."""
        video = self.folder / "imageSequence" / f"video_{camera}.avi"
        if video.is_file():
            return Video(video)
        for folder, pattern in (
            ("imageSequence", f"img_{camera}_{{:06d}}.jpg"),
            (f"imageSequence/video_{camera}", "img_{:06d}.jpg"),
            (f"imageFrames/video_{camera}", "frame_{:06d}.jpg"),
            (f"imageFrames/video_{camera}", "img_{:06d}.jpg"),
        ):
            extracted = ImageFolder(self.folder / folder, pattern)
            if extracted.path(0).is_file():
                return extracted
        return None

    def annotations(self, cameras: tuple[int, ...]) -> dict[int, dict[str, np.ndarray]]:
        """For each camera: joints_2d (T, 28, 2) px, joints_3d and joints_3d_univ (T, 28, 3) mm, float64."""
        path = self.folder / "annot.mat"
        keys = {"joints_2d": "annot2", "joints_3d": "annot3", "joints_3d_univ": "univ_annot3"}
        mat = load_v5(path, *keys.values(), variable_names=[*keys.values(), "cameras"])
        videos = [int(v) for v in np.ravel(mat["cameras"])] if "cameras" in mat else list(range(14))
        labels: dict[int, dict[str, np.ndarray]] = {}
        for camera in cameras:
            if camera not in videos:
                raise PoseError(f"{path} has no camera {camera}; it has {videos}")
            labels[camera] = {}
            for name, key in keys.items():
                cell = np.ravel(mat[key])[videos.index(camera)]
                columns = 56 if key == "annot2" else 84
                if cell.ndim != 2 or cell.shape[1] != columns:
                    raise PoseError(f"{key} of camera {camera} in {path} is {cell.shape}, not (frames, {columns})")
                rows = cell[: NUM_FRAMES[self.subject, self.number]].astype(np.float64)
                labels[camera][name] = rows.reshape(len(rows), 28, -1)
            lengths = {name: len(rows) for name, rows in labels[camera].items()}
            if len(set(lengths.values())) != 1:
                raise PoseError(f"the labels of camera {camera} in {path} differ in length: {lengths}")
        return labels


def find_sequences(root: Path, subjects: tuple[int, ...], cameras: tuple[int, ...], masks: bool) -> list[Sequence]:
    """Every sequence of `subjects`, all its files present; else one PoseError that lists what is not."""
    if not any((root / f"S{subject}").is_dir() for subject in SUBJECTS):
        raise PoseError(f"{root} holds none of the folders S1 to S8 of MPI-INF-3DHP; --root must name their parent")
    missing = Missing("MPI-INF-3DHP", root)
    sequences = []
    for subject in subjects:
        if not missing.need(root / f"S{subject}", "a subject"):
            continue
        for number in SEQUENCES:
            sequence = Sequence(root, subject, number)
            if not missing.need(sequence.folder, "a sequence"):
                continue
            sequences.append(sequence)
            for name in ("annot.mat", "camera.calibration"):
                missing.need(sequence.folder / name)
            for camera in cameras:
                frames = sequence.frames(camera)
                if not isinstance(frames, ImageFolder):
                    missing.need(sequence.folder / "imageSequence" / f"video_{camera}.avi", "and no extracted frames")
                for video in sequence.mask_videos(camera) if masks else ():
                    missing.need(video.path, "a mask video")
    missing.raise_if_any("unpack all archives, or choose with --subjects, --cameras and --no-masks")
    return sequences
