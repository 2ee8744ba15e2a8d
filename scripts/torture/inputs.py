"""Small valid inputs of every kind, and the command that reads each of them."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import cv2
import numpy as np
import yaml
from scipy.io import savemat

import pose3d.commands.predict as predict_command
from pose3d.data.appearance_file import load_appearance
from pose3d.data.sources.aspset510_tree import read_camera
from pose3d.data.sources.h36m_cdf import read_poses
from pose3d.data.sources.matlab import load_v5
from pose3d.data.sources.mpi_inf_3dhp_test import read_annotations
from pose3d.data.sources.points import Points, read_points, write_c3d
from pose3d.errors import PoseError
from pose3d.predictions import write_predictions
from pose3d.schedule import Schedule
from pose3d.skeleton import MPI_INF_3DHP_17
from pose3d.sweep.file import load_sweep
from pose3d.synth.layouts.files import save_cdf
from scripts.torture.cases import Command, command
from tests.data.drawn import write_store
from tests.data.sources.mpi_inf_3dhp_trees import write_test
from tests.evaluation.people import make_predictions
from tests.predict.people import save_stage

PICTURES = ("jpg", "png", "bmp", "webp", "tif")
VIDEOS = {"avi": "MJPG", "mp4": "mp4v", "webm": "VP80"}


@dataclass(frozen=True)
class Input:
    """A valid file and the command for a damaged copy; `start` is called with the copy and the stem of an output."""

    path: Path
    start: Callable[[Path, Path], Command]


def make_inputs(folder: Path) -> dict[str, Input]:
    """The input of each kind."""
    folder.mkdir(parents=True, exist_ok=True)
    networks_once()
    return _media(folder) | _stores(folder) | _annotations(folder) | _texts(folder)


def networks_once() -> None:
    """Let `predict` read the sound checkpoints once a campaign; a damaged one is a file of its own."""
    for name in ("load_deployed_2d", "load_deployed_3d"):
        setattr(predict_command, name, cache(getattr(predict_command, name)))


def _media(folder: Path) -> dict[str, Input]:
    checkpoint = save_stage(folder / "stage2.ckpt", 2)
    predict_command.load_deployed_3d(checkpoint)
    picture = cv2.GaussianBlur(np.random.default_rng(0).integers(0, 255, (90, 120, 3), dtype=np.uint8), (5, 5), 0)
    for suffix in PICTURES:
        cv2.imwrite(str(folder / f"picture.{suffix}"), picture)
    for suffix, code in VIDEOS.items():
        video = cv2.VideoWriter(str(folder / f"video.{suffix}"), cv2.VideoWriter.fourcc(*code), 25, (120, 90))
        for shift in range(6):
            video.write(np.roll(picture, shift, axis=1))
        video.release()

    def predict(damaged: Path, out: Path) -> Command:
        return command(predict_words(damaged, checkpoint, out.with_suffix(".npz")))

    def load(damaged: Path, out: Path) -> Command:
        return command(predict_words(folder / "picture.bmp", damaged, out.with_suffix(".npz")))

    files = [*(f"picture.{suffix}" for suffix in PICTURES), *(f"video.{suffix}" for suffix in VIDEOS)]
    return {name: Input(folder / name, predict) for name in files} | {"stage2.ckpt": Input(checkpoint, load)}


def predict_words(picture: Path, checkpoint: Path, out: Path) -> list[str]:
    """`pose3d predict` with a given box, so that one network is enough."""
    words = ["predict", str(picture), "--checkpoint", str(checkpoint), "--box", "20,10,60,70", "--out", str(out)]
    return [*words, "--device", "cpu"]


def _stores(folder: Path) -> dict[str, Input]:
    write_store(folder / "store.h5", 4)
    inputs = {"store.h5": Input(folder / "store.h5", lambda damaged, out: command(["check", str(damaged)]))}
    for suffix in ("npz", "h5"):
        path = folder / f"predictions.{suffix}"
        write_predictions(path, make_predictions(full=True))
        inputs[path.name] = Input(path, evaluate)
    return inputs


def evaluate(damaged: Path, out: Path) -> Command:
    """`pose3d evaluate` without confidence intervals."""
    return command(["evaluate", str(damaged), "--bootstrap", "0", "--json", str(out.with_suffix(".json"))])


def _annotations(folder: Path) -> dict[str, Input]:
    """MATLAB files of both versions, CDF, C3D and JSON, by themselves and through `prepare`."""
    write_test(folder / "test", num_frames=2)
    shutil.copyfile(next(folder.rglob("annot_data.mat")), folder / "annot_data.mat")
    rng = np.random.default_rng(0)
    joints = rng.uniform(10, 80, (17, 3))
    save_cdf(folder / "poses.cdf", np.zeros((3, 32, 3)))
    write_c3d(folder / "points.c3d", Points(list(MPI_INF_3DHP_17.names), np.repeat(joints[None], 3, axis=0), 50.0, ""))
    camera = {"intrinsic_matrix": np.eye(3, 4).ravel().tolist(), "extrinsic_matrix": np.eye(4).ravel().tolist()}
    (folder / "camera.json").write_text(json.dumps(camera))
    cell = np.empty((1, 1), object)
    cell[0, 0] = joints.reshape(1, -1)
    savemat(folder / "annot.mat", {"annot2": cell, "annot3": cell})
    readers: dict[str, Callable[[Path], object]] = {
        "annot_data.mat": read_annotations,
        "annot.mat": lambda path: load_v5(path, "annot2", "annot3"),
        "poses.cdf": lambda path: read_poses(path, 3),
        "points.c3d": read_points,
        "camera.json": read_camera,
    }
    inputs = {name: Input(folder / name, reading(reader)) for name, reader in readers.items()}
    return inputs | _trees(folder, joints[:16, :2])


def _trees(folder: Path, joints: np.ndarray) -> dict[str, Input]:
    """Trees of one or two pictures, whose annotations are damaged."""
    images = folder / "images"
    images.mkdir()
    for name in ("im0001.jpg", "im0002.jpg"):
        cv2.imwrite(str(images / name), np.full((100, 120, 3), 90, np.uint8))
    person = {"joints": joints.tolist(), "joints_vis": [1] * 16, "center": [50, 50], "scale": 1.0}
    people = [person | {"image": name} for name in ("im0001.jpg", "im0002.jpg")]
    (folder / "train.json").write_text(json.dumps(people))
    points = np.concatenate([joints[:14], np.ones((14, 1))], axis=1)
    savemat(folder / "joints.mat", {"joints": np.stack([points.T, points.T], axis=-1)})
    keypoints = np.concatenate([joints, joints[:1]]).round(1)
    names = ["nose", *(f"{side}_{joint}" for joint in COCO_JOINTS for side in ("left", "right"))]
    content = {
        "images": [{"id": 1, "file_name": "im0001.jpg", "width": 120, "height": 100}],
        "categories": [{"id": 1, "name": "person", "keypoints": names}],
        "annotations": [
            {
                "id": 7,
                "image_id": 1,
                "category_id": 1,
                "iscrowd": 0,
                "num_keypoints": 17,
                "keypoints": [float(v) for x, y in keypoints for v in (x, y, 2)],
            }
        ],
    }
    (folder / "coco.json").write_text(json.dumps(content))

    def prepare(source: str, place: str, *more: str) -> Callable[[Path, Path], Command]:
        def start(damaged: Path, out: Path) -> Command:
            root = damaged.parent / "tree"
            (root / place).parent.mkdir(parents=True, exist_ok=True)
            (root / "images").symlink_to(images)
            damaged.rename(root / place)
            words = ["prepare", source, "--root", str(root), "--out", str(out.with_suffix(".h5")), "--workers", "1"]
            return command([*words, *(word.replace("ROOT", str(root)) for word in more)])

        return start

    coco = prepare("coco", "coco.json", "--annotations", "ROOT/coco.json", "--images", "ROOT/images")
    return {
        "train.json": Input(folder / "train.json", prepare("mpii", "annot/train.json")),
        "joints.mat": Input(folder / "joints.mat", prepare("lsp", "joints.mat")),
        "coco.json": Input(folder / "coco.json", coco),
    }


COCO_JOINTS = ("eye", "ear", "shoulder", "elbow", "wrist", "hip", "knee", "ankle")


def _texts(folder: Path) -> dict[str, Input]:
    """YAML: a schedule, a sweep, an appearance file and a stage's recipe."""
    for name, source in (("schedule.yaml", "schedules/quick_stage2.yaml"), ("sweep.yaml", "sweeps/table1.yaml")):
        shutil.copyfile(Path("configs") / source, folder / name)
    blur = {"__class_fullname__": "Blur", "p": 0.5, "blur_limit": [3, 7]}
    compose = {"__class_fullname__": "Compose", "p": 1.0, "transforms": [blur]}
    (folder / "appearance.yaml").write_text(yaml.safe_dump({"__version__": "2.0.0", "transform": compose}))
    shutil.copyfile(Path("configs/stage2.yaml"), folder / "stage.yaml")
    readers: dict[str, Callable[[Path], object]] = {
        "schedule.yaml": Schedule.load,
        "sweep.yaml": load_sweep,
        "appearance.yaml": load_appearance,
    }
    inputs = {name: Input(folder / name, reading(reader)) for name, reader in readers.items()}

    def parse(damaged: Path, out: Path) -> Command:
        return command(["fit", "--config", str(damaged), "--print_config"])

    return inputs | {"stage.yaml": Input(folder / "stage.yaml", parse)}


def reading(reader: Callable[[Path], object]) -> Callable[[Path, Path], Command]:
    """A command that only reads the file, with the reader of the commands that need it."""

    def start(damaged: Path, out: Path) -> Command:
        def read() -> int:
            try:
                reader(damaged)
            except PoseError as error:
                print(error)
                return 2
            return 0

        return read

    return start
