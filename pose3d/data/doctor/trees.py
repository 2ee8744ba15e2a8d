"""Official trees as views: one function per layout, structural findings on the way."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

import numpy as np

from pose3d.data.doctor import aspset510, coco, humaneva
from pose3d.data.doctor.view import Reported, View, broken, picture_view
from pose3d.data.finding import Finding
from pose3d.data.images import read_image
from pose3d.data.sources import h36m_tree, lsp, mpi_inf_3dhp_test, mpi_inf_3dhp_tree, mpii
from pose3d.data.sources.camera_files import Camera, read_captury, read_skeletool
from pose3d.data.sources.h36m_cdf import read_camera_poses, read_poses
from pose3d.data.sources.labels import fit_intrinsics
from pose3d.data.sources.matlab import load_v5
from pose3d.data.sources.mpi_inf_3dhp_masks import augmentable_parts
from pose3d.data.sources.people import Person
from pose3d.data.videos import Video
from pose3d.errors import PoseError
from pose3d.skeleton import H36M_32, MPI_INF_3DHP_17, MPI_INF_3DHP_28, remap

FROM_H36M = remap(H36M_32, MPI_INF_3DHP_17)


def mpi_inf_3dhp_views(root: Path) -> Reported:
    """Every sequence that is there; cameras that have a video, the chest-high ones must."""
    tree = mpi_inf_3dhp_tree
    for subject in tree.SUBJECTS:
        for number in tree.SEQUENCES:
            sequence = tree.Sequence(root, subject, number)
            if not sequence.folder.is_dir():
                yield Finding("error", sequence.name, "it is missing", "unpack it, or choose subjects when preparing")
                continue
            wanted = [
                *(sequence.folder / name for name in ("annot.mat", "camera.calibration")),
                *(mask.path for camera in tree.CAMERA_SETS["chest"] for mask in sequence.mask_videos(camera)),
            ]
            for path in wanted:
                if not path.is_file() or not path.stat().st_size:
                    yield Finding("error", sequence.name, f"{path.relative_to(root)} is missing or empty", "unpack it")
            with_video = tuple(camera for camera in range(14) if sequence.frames(camera) is not None)
            for camera in set(tree.CAMERA_SETS["chest"]) - set(with_video):
                yield Finding("error", sequence.name, f"imageSequence/video_{camera}.avi is missing", "unpack it")
            try:
                labels = sequence.annotations(with_video)
                calibrations = read_skeletool(sequence.folder / "camera.calibration")
                for camera in with_video:
                    yield _studio_view(sequence, camera, labels[camera], calibrations)
            except PoseError as error:
                yield broken(sequence.name, error)


def _studio_view(
    sequence: mpi_inf_3dhp_tree.Sequence, camera: int, labels: dict[str, np.ndarray], calibrations: dict[int, Camera]
) -> View:
    if camera not in calibrations:
        raise PoseError(f"camera.calibration has no camera {camera}")
    masks = sequence.mask_videos(camera)
    key = (sequence.subject, sequence.number)
    return View(
        name=f"{sequence.name} video_{camera}",
        sequence=sequence.name,
        subject=sequence.subject,
        names=MPI_INF_3DHP_28,
        joints_2d=labels["joints_2d"],
        joints_3d=labels["joints_3d"],
        joints_3d_univ=labels["joints_3d_univ"],
        intrinsics=calibrations[camera].intrinsics,
        cam_from_world=calibrations[camera].cam_from_world,
        size=calibrations[camera].size,
        frames=sequence.frames(camera),
        masks=masks if all(mask.path.is_file() for mask in masks) else None,
        fps=50.0 if key in mpi_inf_3dhp_tree.FPS_50 else 25.0,
        parts=augmentable_parts(*key),
        known_short=(*key, camera) in mpi_inf_3dhp_tree.SHORT_VIDEOS,
    )


def mpi_inf_3dhp_test_views(root: Path) -> Reported:
    """TS1..TS6; the calibration files where they are there."""
    reader = mpi_inf_3dhp_test
    root = reader.find_test_root(root)
    for number in reader.SEQUENCES:
        folder = root / f"TS{number}"
        try:
            labels = reader.read_annotations(folder / "annot_data.mat")
            rows = np.flatnonzero(labels["valid"])
            absent = [row for row in rows if not reader.image_path(folder, int(row)).is_file()]
            if absent:
                first = reader.image_path(folder, int(absent[0])).name
                what = f"{len(absent)} images of valid frames are missing, the first is {first}"
                yield Finding("error", folder.name, what, "unpack the images again")
                continue
            image = read_image(reader.image_path(folder, int(rows[0])))[0]
            size = (image.shape[1], image.shape[0])
            calibration = reader.calibration_path(root, number)
            if calibration.is_file():
                yield from _other_camera(folder.name, read_captury(calibration, size), labels, rows)
            yield View(
                name=folder.name,
                sequence=folder.name,
                subject=number,
                names=MPI_INF_3DHP_17,
                joints_2d=labels["joints_2d"][rows],
                joints_3d=labels["joints_3d"][rows],
                joints_3d_univ=labels["joints_3d_univ"][rows],
                images=[reader.image_path(folder, int(row)) for row in rows],
                size=size,
            )
        except PoseError as error:
            yield broken(folder.name, error)


def _other_camera(name: str, camera: Camera, labels: dict[str, np.ndarray], rows: np.ndarray) -> Iterator[Finding]:
    """A calibration far from the camera that the labels imply."""
    fitted = fit_intrinsics(labels["joints_2d"][rows], labels["joints_3d"][rows])
    off = np.abs(fitted - camera.intrinsics)[[0, 1, 0, 1], [0, 1, 2, 2]].max()
    if np.isfinite(off) and off > 0.05 * fitted[0, 0]:
        what = f"its .calib differs by {off:.0f} px from the camera that annot2 and annot3 imply"
        yield Finding("error", name, what, "the calibration is of another camera, or the labels are damaged")


def h36m_views(root: Path) -> Reported:
    """Every recording of the subjects that are there."""
    tree = h36m_tree
    metadata = root / "metadata.xml"
    try:
        cameras = read_camera_poses(metadata) if metadata.is_file() else None
    except PoseError as error:
        cameras = None
        yield broken("metadata.xml", error)
    present = tuple(s for split in tree.SPLITS.values() for s in split if (root / f"S{s}").is_dir())
    try:
        folders = (tree.SILHOUETTE_FOLDER, tree.PART_LABEL_FOLDER)
        masks, parts = (any((root / f"S{s}" / folder).is_dir() for s in present) for folder in folders)
        recordings = tree.find_recordings(root, present, masks, parts)
    except PoseError as error:
        yield broken("tree", error)
        recordings = []
        for subject in present:
            names = {p.name.rsplit(".", 2)[0] for p in (root / f"S{subject}" / "Videos").glob("*.mp4")}
            recordings += [tree.Recording(root, subject, name) for name in sorted(names)]
    for recording in recordings:
        for index, camera in enumerate(tree.CAMERAS):
            name = f"{recording.name}.{camera}"
            if (recording.subject, recording.file, camera) in tree.CORRUPT or not recording.video(camera).is_file():
                continue
            try:
                poses = {
                    kind: read_poses(recording.poses(kind, camera), 2 if kind == "joints_2d" else 3)[:, FROM_H36M]
                    for kind in tree.POSE_FOLDERS
                }
            except PoseError as error:
                yield broken(name, error)
                continue
            length = min(map(len, poses.values()))
            yield View(
                name=name,
                sequence=recording.name,
                subject=recording.subject,
                names=MPI_INF_3DHP_17,
                joints_2d=poses["joints_2d"][:length],
                joints_3d=poses["joints_3d"][:length],
                joints_3d_univ=poses["joints_3d_univ"][:length],
                split=next(split for split, subjects in tree.SPLITS.items() if recording.subject in subjects),
                cam_from_world=cameras[index, recording.subject] if cameras else None,
                frames=Video(recording.video(camera)),
                part_labels=path if (path := recording.part_labels(camera)).is_file() else None,
                fps=50.0,
                exact_projection=False,
            )


def mpii_views(root: Path) -> Reported:
    """The .mat's people, and those of the JSON splits, which must not share pictures."""
    found = [root / place / mpii.MAT_NAME for place in mpii.MAT_PLACES if (root / place / mpii.MAT_NAME).is_file()]
    people: dict[str, list[Person]] = {}
    splits: dict[str, set[str]] = {}
    try:
        if found:
            people["mpii"] = mpii.from_mat(found[0], root / "images", all_people=True)
        for split in ("train", "valid"):
            path = root / "annot" / f"{split}.json"
            if path.is_file():
                people[path.name] = mpii.from_json(path, root / "images", split)
                splits[split] = {entry["image"] for entry in json.loads(path.read_text())}
    except PoseError as error:
        yield broken("labels", error)
        return
    if both := splits.get("train", set()) & splits.get("valid", set()):
        what = f"{len(both)} pictures are in both splits, e.g. {min(both)}"
        yield Finding("error", "annot", what, "take both JSON files from the same source")
    if absent := sorted({p.image.name for listed in people.values() for p in listed if not p.image.is_file()}):
        what = f"{len(absent)} pictures are missing, the first is {absent[0]}"
        yield Finding("error", "images", what, "unpack the images again")
    for name, listed in people.items():
        yield from picture_view(name, [person for person in listed if person.image.is_file()])


def lsp_views(root: Path) -> Reported:
    """joints.mat and as many pictures; LSP and its extended set differ in axes and in the digits of file names."""
    folder = lsp.find_folder(root, "LSP", lsp.PLACES)
    try:
        joints = np.asarray(load_v5(folder / "joints.mat", "joints")["joints"], np.float64)
        if joints.ndim != 3 or joints.shape[:2] not in ((3, 14), (14, 3)):
            raise PoseError(f"joints is {joints.shape}, neither (3, 14, pictures) nor (14, 3, pictures)")
    except PoseError as error:
        yield broken("joints.mat", error)
        return
    extended = joints.shape[0] == 14
    joints = joints.transpose(2, 0, 1) if extended else joints.transpose(2, 1, 0)
    people = []
    for number, labels in enumerate(joints):
        known = labels[:, 2] > 0 if extended else np.ones(14, bool)
        moved, labelled = lsp.to_17(labels[:, :2], known)
        image = folder / "images" / f"im{number + 1:0{5 if extended else 4}d}.jpg"
        people.append(Person(image, moved, labelled, None, number, number))
    if absent := [person.image.name for person in people if not person.image.is_file()]:
        what = f"{len(absent)} pictures are missing, the first is {absent[0]}"
        yield Finding("error", "images", what, "unpack the images again")
    yield from picture_view("lspet" if extended else "lsp", [p for p in people if p.image.is_file()])


def _has(pattern: str) -> Callable[[Path], bool]:
    return lambda root: any(root.glob(pattern))


LAYOUTS: Final[dict[str, tuple[Callable[[Path], bool], Callable[[Path], Reported]]]] = {
    "mpi_inf_3dhp": (_has("S[1-8]/Seq[12]"), mpi_inf_3dhp_views),
    "mpi_inf_3dhp_test": (
        lambda root: any(_has(f"{'mpi_inf_3dhp_test_set/' * depth}TS[1-6]")(root) for depth in range(3)),
        mpi_inf_3dhp_test_views,
    ),
    "h36m": (
        lambda root: _has("S*/MyPoseFeatures")(root) or _has("S*/Videos")(root),
        h36m_views,
    ),
    "aspset510": (lambda root: (root / "splits.csv").is_file(), aspset510.views),
    "coco": (lambda root: bool(coco.annotation_files(root)), coco.views),
    "humaneva": (_has("S1/Image_Data/*_1_(*).avi"), humaneva.views),
    "mpii": (lambda root: _has("**/mpii_human_pose*.mat")(root) or _has("annot/*.json")(root), mpii_views),
    "lsp": (lambda root: any((root / place / "joints.mat").is_file() for place in lsp.PLACES), lsp_views),
}
"""Layout: how to recognise its root, and its views."""
