"""lab3d as Human3.6M's official folders (docs/datasets.md): 7 subjects, 15 actions twice, 4 cameras."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path

import numpy as np

from pose3d.data.schema import PERSON
from pose3d.data.sources.h36m_tree import ACTIVITIES, CAMERAS, OTHER_SPELLINGS, PART_FLIP_FILE, PART_LABEL_FOLDER
from pose3d.data.workers import Progress
from pose3d.skeleton import H36M_32, MPI_INF_3DHP_28, remap
from pose3d.synth.cameras import Camera
from pose3d.synth.layouts.body_parts import PART_FLIP, part_labels
from pose3d.synth.layouts.files import V73File, VideoWriter, save_cdf
from pose3d.synth.layouts.filming import Settings, film, shot_of
from pose3d.synth.worlds import world

WORLD = world("lab3d")
SUBJECTS = tuple(dict.fromkeys(sequence.subject for sequence in WORLD.sequences))
FPS = 50.0

# Which of the lab's three sequences an action is taken from.
_SITTING = {"Eating", "Phoning", "Sitting", "SittingDown", "Smoking"}
_WALKING = {"Walking", "WalkDog", "WalkTogether", "Directions", "Greeting"}

# Columns that repeat another joint, by the names of skeleton.H36M_32.
_REPEATS = {
    "repeat_11": "pelvis", "repeat_16": "neck", "repeat_20": "l_wrist", "repeat_21": "l_hand", "repeat_23": "l_hand",
    "repeat_24": "neck", "repeat_28": "r_wrist", "repeat_29": "r_hand", "repeat_31": "r_hand",
}  # fmt: skip
_SOURCE = remap(MPI_INF_3DHP_28, H36M_32)
for _name, _joint in _REPEATS.items():
    _SOURCE[H36M_32.index(_name)] = MPI_INF_3DHP_28.index(_joint)


def file_name(subject: int, action: str, take: int) -> str:
    """Name of a recording; the first take of every third action has no number, an irregularity of the original."""
    spelled = next((other for other, name in OTHER_SPELLINGS.items() if name == action), action)
    name = spelled if subject == 1 else action
    bare = take == 1 and ACTIVITIES.index(action) % 3 == subject % 3
    return name if bare else f"{name} {take}"


def keys(settings: Settings) -> Iterable[tuple[int, str, int]]:
    """One task for each recording."""
    return [(subject, action, take) for subject in SUBJECTS for action in ACTIVITIES for take in (1, 2)]


def count(settings: Settings) -> int:
    """Total number of pictures."""
    return len(SUBJECTS) * len(ACTIVITIES) * 2 * len(CAMERAS) * settings.frames


def whole_camera(index: int) -> Camera:
    """Size in px; the images of cameras 1 and 4 have two rows more than those of the others."""
    camera = WORLD.cameras(WORLD.sequences[0])[index]
    return Camera(camera.intrinsics, camera.cam_from_world, (1000, 1002 if index in (0, 3) else 1000))


def make(root: Path, settings: Settings, key: tuple[int, str, int], tick: Progress) -> None:
    """Write one recording: four videos with poses, silhouettes and part labels."""
    subject, action, take = key
    folder, file = root / f"S{subject}", file_name(subject, action, take)
    kind = "Sitting" if action in _SITTING else "Walking" if action in _WALKING else "Posing"
    number = next(i for i, s in enumerate(WORLD.sequences) if s.name == f"S{subject}/{kind}")
    # Each recording is a different part of the sequence.
    first = (ACTIVITIES.index(action) * 2 + take - 1) * -(-settings.frames // WORLD.frames) * WORLD.frames
    for index, camera_id in enumerate(CAMERAS):
        camera = whole_camera(index)
        video = VideoWriter(folder / "Videos" / f"{file}.{camera_id}.mp4", camera.size, FPS)
        views, masks, boxes, parts = [], [], [], []
        for frame in range(settings.frames):
            view = film(WORLD, shot_of(WORLD, number, first + frame, index), settings, camera)
            video.add(view.image)
            views.append([part[_SOURCE] for part in (view.joints_2d, view.joints_3d, view.joints_3d_univ)])
            silhouette = view.regions & PERSON > 0
            masks.append(np.ascontiguousarray(silhouette.T))
            boxes.append(np.ascontiguousarray(filled_box(silhouette).T))
            parts.append(np.ascontiguousarray(part_labels(view.posed, camera, silhouette).T))
            views[-1].append(view.joints_world[_SOURCE])
            tick(1)
        video.close()
        pixels, points, universal, positions = (np.array(part) for part in zip(*views, strict=True))
        poses = folder / "MyPoseFeatures"
        save_cdf(poses / "D2_Positions" / f"{file}.{camera_id}.cdf", pixels)
        save_cdf(poses / "D3_Positions_mono" / f"{file}.{camera_id}.cdf", points)
        save_cdf(poses / "D3_Positions_mono_universal" / f"{file}.{camera_id}.cdf", universal)
        if index == 0:
            save_cdf(poses / "D3_Positions" / f"{file}.cdf", positions)
        for shape, images in (("ground_truth_bs", masks), ("ground_truth_bb", boxes)):
            with V73File(folder / "MySegmentsMat" / shape / f"{file}.{camera_id}.mat") as mat:
                mat.cells("Masks", images)
        with V73File(folder / PART_LABEL_FOLDER / f"{file}.{camera_id}.mat") as mat:
            mat.cells("Feat", parts)


def filled_box(silhouette: np.ndarray) -> np.ndarray:
    """(H, W) bool: the upright box around a silhouette (H, W) bool, as `ground_truth_bb` holds it; empty for nobody."""
    box = np.zeros_like(silhouette)
    rows, columns = np.nonzero(silhouette)
    if len(rows):
        box[rows.min() : rows.max() + 1, columns.min() : columns.max() + 1] = True
    return box


def finish(root: Path, settings: Settings) -> None:
    """metadata.xml: file names of all subjects, action names, camera ids, `w0` with all cameras; and part_flip.json."""
    (root / PART_FLIP_FILE).write_text(json.dumps(PART_FLIP) + "\n")
    names = [f"S{subject}" for subject in range(1, 12)]
    rows = [["", "", *names]]
    for action_id, action in enumerate(("_ALL", *ACTIVITIES), start=1):
        for take in (1, 2):
            files = [
                f"_ALL {take}" if action == "_ALL" else file_name(subject, action, take) for subject in range(1, 12)
            ]
            rows.append([str(action_id), str(take), *files])
    table = "".join(f"<tr>{''.join(f'<td>{cell}</td>' for cell in row)}</tr>" for row in rows)
    actions = "".join(f"<name>{action}</name>" for action in ("_ALL", *ACTIVITIES))
    ids = "".join(f"<id>{camera}</id>" for camera in CAMERAS)
    w0 = " ".join(f"{value:.10g}" for value in camera_numbers())
    (root / "metadata.xml").write_text(
        f"<metadata><mapping>{table}</mapping><actionnames>{actions}</actionnames>"
        f"<dbcameras><index2id>{ids}</index2id></dbcameras><w0>[{w0}]</w0></metadata>\n"
    )


def camera_numbers() -> np.ndarray:
    """(300,): angles and place of each camera for each of 11 subjects, then f (2), c (2), k (3), p (2) per camera."""
    numbers = np.zeros(300)
    for index in range(len(CAMERAS)):
        camera = whole_camera(index)
        rotation = camera.cam_from_world[:3, :3]
        angles = [
            np.arctan2(-rotation[1, 2], rotation[2, 2]),
            np.arcsin(rotation[0, 2]),
            np.arctan2(-rotation[0, 1], rotation[0, 0]),
        ]
        place = -rotation.T @ camera.cam_from_world[:3, 3]
        for subject in range(11):
            start = 6 * (index * 11 + subject)
            numbers[start : start + 6] = [*angles, *place]
        matrix = camera.intrinsics
        numbers[264 + 9 * index : 268 + 9 * index] = matrix[[0, 1, 0, 1], [0, 1, 2, 2]]
    return numbers
