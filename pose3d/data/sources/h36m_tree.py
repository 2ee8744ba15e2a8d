"""The official tree of Human3.6M: names, subjects, defects (docs/datasets.md)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from pose3d.data.sources.plan import Missing
from pose3d.errors import PoseError

CAMERAS: Final = (54138969, 55011271, 58860488, 60457274)
SPLITS: Final = {"train": (1, 5, 6, 7, 8), "test": (9, 11)}
ACTIVITIES: Final = (
    "Directions", "Discussion", "Eating", "Greeting", "Phoning", "Photo", "Posing", "Purchases",
    "Sitting", "SittingDown", "Smoking", "Waiting", "WalkDog", "Walking", "WalkTogether",
)  # fmt: skip
# Subject 1 spells two actions differently.
OTHER_SPELLINGS: Final = {"TakingPhoto": "Photo", "WalkingDog": "WalkDog"}

# (subject, file, camera): unreadable video.
CORRUPT: Final = {(11, "Directions", 54138969)}
# (subject, file): world positions shifted by about 200 mm, so 2D labels lie beside the person; relative to the root
# the 3D labels are sound.
SHIFTED: Final = {(9, "Greeting"), (9, "SittingDown 1"), (9, "Waiting 1")}

POSE_FOLDERS: Final = {
    "joints_2d": "D2_Positions",
    "joints_3d": "D3_Positions_mono",
    "joints_3d_univ": "D3_Positions_mono_universal",
}
SILHOUETTE_FOLDER: Final = "MySegmentsMat"
PART_LABEL_FOLDER: Final = "Segments_mat_gt_pl"
PART_FLIP_FILE: Final = "part_flip.json"
"""In the root, where left and right parts are known: for the labels 0 to 24, the label in a mirrored picture."""


@dataclass(frozen=True)
class Recording:
    """One file name of one subject: four videos of the same movement."""

    root: Path
    subject: int
    file: str

    @property
    def name(self) -> str:
        return f"S{self.subject}/{self.file}"

    @property
    def activity(self) -> int:
        """Index into ACTIVITIES."""
        return ACTIVITIES.index(activity_name(self.file))

    @property
    def folder(self) -> Path:
        return self.root / f"S{self.subject}"

    def video(self, camera: int) -> Path:
        return self.folder / "Videos" / f"{self.file}.{camera}.mp4"

    def poses(self, kind: str, camera: int) -> Path:
        """CDF file of `kind`, a key of POSE_FOLDERS."""
        return self.folder / "MyPoseFeatures" / POSE_FOLDERS[kind] / f"{self.file}.{camera}.cdf"

    def world_poses(self) -> Path:
        return self.folder / "MyPoseFeatures" / "D3_Positions" / f"{self.file}.cdf"

    def mask(self, camera: int) -> Path:
        """Silhouettes."""
        return self._segments(self.folder / SILHOUETTE_FOLDER / "ground_truth_bs", camera)

    def part_labels(self, camera: int) -> Path:
        """Part labels."""
        return self._segments(self.folder / PART_LABEL_FOLDER, camera)

    def _segments(self, folder: Path, camera: int) -> Path:
        """In some copies a blank of the name is a hyphen."""
        path = folder / f"{self.file}.{camera}.mat"
        hyphen = folder / f"{self.file.replace(' ', '-')}.{camera}.mat"
        return hyphen if hyphen.is_file() and not path.is_file() else path


def activity_name(file: str) -> str:
    """'TakingPhoto 1' is 'Photo'."""
    base = re.split(r"[ -]", file)[0]
    name = OTHER_SPELLINGS.get(base, base)
    if name not in ACTIVITIES:
        raise PoseError(
            f"the Human3.6M file name '{file}' begins with no known action; known are {', '.join(ACTIVITIES)}"
        )
    return name


def find_recordings(root: Path, subjects: tuple[int, ...], masks: bool, part_labels: bool) -> list[Recording]:
    """Every recording of `subjects` with all its files; else one PoseError that lists what is not there."""
    if not any((root / f"S{subject}").is_dir() for subject in (*SPLITS["train"], *SPLITS["test"])):
        raise PoseError(f"{root} holds none of the Human3.6M folders S1, S5, ...; --root must name their parent")
    missing = Missing("Human3.6M", root)
    recordings = []
    for subject in subjects:
        folder = root / f"S{subject}"
        if not missing.need(folder, "a subject"):
            continue
        poses = folder / "MyPoseFeatures" / POSE_FOLDERS["joints_3d_univ"]
        if not all([missing.need(poses), missing.need(folder / "Videos")]):
            continue
        files = sorted(
            {path.name.rsplit(".", 2)[0] for path in poses.glob("*.cdf") if not path.name.startswith("_ALL")}
        )
        absent = set(ACTIVITIES) - {activity_name(file) for file in files}
        if absent:
            missing.add(f"S{subject} has no pose file of {', '.join(sorted(absent))}")
        for file in files:
            recording = Recording(root, subject, file)
            recordings.append(recording)
            for camera in CAMERAS:
                for kind in POSE_FOLDERS:
                    missing.need(recording.poses(kind, camera))
                if (subject, file, camera) not in CORRUPT:
                    missing.need(recording.video(camera))
                    if masks:
                        missing.need(recording.mask(camera), "silhouettes")
                    if part_labels:
                        missing.need(recording.part_labels(camera), "part labels")
    missing.raise_if_any("unpack all archives, or choose with --subjects, --no-masks, --no-part-labels")
    return recordings
