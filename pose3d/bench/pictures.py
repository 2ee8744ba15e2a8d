"""Material of the bench: pictures as large as Human3.6M's, as JPEG files and as the pose store made of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from pose3d.data.sources.framing import Framing, encode_jpeg, encode_png
from pose3d.data.store_writer import StoreWriter
from pose3d.skeleton import MPI_INF_3DHP_28
from pose3d.synth.layouts.filming import Settings, shot_of, staged_for
from pose3d.synth.scenes import depict
from pose3d.synth.staging import labels
from pose3d.synth.worlds import world

SIDE = 1000
PERSON_PX = 450.0
"""How tall people are in a picture of that side, about as in Human3.6M."""

WHOLE_JPEG_QUALITY = 95
"""Of the pictures that the baseline reads: as OpenCV writes them unless told otherwise."""

GRAIN = 2.0
"""Noise of a camera, in grey levels; without it drawn pictures would decode faster than filmed ones."""


@dataclass(frozen=True)
class Picture:
    """(SIDE, SIDE, 3) uint8 BGR, region bits of the same size, and the label columns of a store."""

    image: np.ndarray
    regions: np.ndarray
    columns: dict[str, np.ndarray]


def take_pictures(num: int, seed: int = 0) -> list[Picture]:
    """`num` pictures of people in the studio of the embedded data set, all with masks."""
    studio, settings = world("studio3d"), Settings(frames=1, seed=seed)
    rng = np.random.default_rng(seed)
    taken = []
    for i in range(num):
        sequence = i % len(studio.sequences)
        cameras = studio.cameras(studio.sequences[sequence])
        whole = cameras[i % len(cameras)]
        shot = shot_of(studio, sequence, 7 * i, i % len(cameras))
        staged = staged_for(studio, shot, settings, whole)
        x, y, width, height = labels(studio, shot, staged)["bbox"]
        window = whole.window(
            np.array([x + width / 2, y + height / 2]), SIDE * max(width, height) / PERSON_PX, (SIDE, SIDE)
        )
        staged = replace(staged, camera=window)
        image, regions = depict(studio, shot, staged, seed)
        noisy = image[..., ::-1] + rng.normal(0, GRAIN, image.shape)
        taken.append(Picture(np.clip(noisy, 0, 255).astype(np.uint8), regions, labels(studio, shot, staged)))
    return taken


def write_jpegs(pictures: Sequence[Picture], folder: Path) -> list[Path]:
    """Whole pictures, one file each."""
    folder.mkdir(parents=True, exist_ok=True)
    paths = [folder / f"{i:04d}.jpg" for i in range(len(pictures))]
    for path, picture in zip(paths, pictures, strict=True):
        cv2.imwrite(str(path), picture.image, [cv2.IMWRITE_JPEG_QUALITY, WHOLE_JPEG_QUALITY])
    return paths


def write_store(pictures: Sequence[Picture], path: Path, num: int, person_px: int = Framing.person_px) -> Path:
    """A store of `num` samples as `pose3d prepare` frames them, the pictures over and over."""
    stored = [_framed(picture, Framing(person_px=person_px)) for picture in pictures]
    parts = ["background", "chair", "upper", "lower"]
    names = [sequence.name for sequence in world("studio3d").sequences]
    with StoreWriter(
        path,
        joint_set=MPI_INF_3DHP_28.name,
        source="bench",
        sequence_names=names,
        activity_names=["any"] * 8,
        scene_names=["studio"],
        augmentable=[parts] * len(names),
    ) as writer:
        for i in range(num):
            image, mask, columns = stored[i % len(stored)]
            writer.append(image, mask, **columns)
    return path


def _framed(picture: Picture, framing: Framing) -> tuple[bytes, bytes, dict[str, Any]]:
    """Encoded image and mask, and the labels in their pixels."""
    window = framing.window(picture.columns["bbox"], (SIDE, SIDE))
    moved = window.stored_from_img
    bbox = picture.columns["bbox"]
    columns = picture.columns | {
        "joints_2d": window.move_joints(picture.columns["joints_2d"]),
        "bbox": np.concatenate([window.move_joints(bbox[:2]), bbox[2:] * moved[[0, 1], [0, 1]]]),
        "head_size": picture.columns["head_size"] * moved[0, 0],
        "intrinsics": moved @ picture.columns["intrinsics"],
        "image_size": np.array(window.size),
        "scene": np.array(0),
    }
    image = window.cut(picture.image, cv2.INTER_AREA)
    return encode_jpeg(image), encode_png(window.cut_mask(picture.regions)), columns
