"""A drawn store with part labels: limb k of the stick figure is body part k + 1."""

from collections.abc import Container
from pathlib import Path

import cv2
import numpy as np

from pose3d.data.schema import COLUMNS
from pose3d.data.store import PoseStore
from pose3d.data.store_writer import StoreWriter
from pose3d.skeleton import MPI_INF_3DHP_17, remap


def drawn_parts(joints_2d: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """(h, w) uint8 of 17 joints (17, 2) px."""
    labels = np.zeros((size[1], size[0]), np.uint8)
    for joint, parent in enumerate(MPI_INF_3DHP_17.parents_o1):
        ends = [tuple(np.round(joints_2d[j]).astype(int).tolist()) for j in (joint, parent)]
        cv2.line(labels, *ends, joint + 1, 7)
    return labels


def add_parts(path: Path, out: Path, without: Container[int] = ()) -> Path:
    """The store at `path` with part labels, but for the samples `without`, written to `out`."""
    store = PoseStore(path)
    columns = {name: store.labels(name) for name in COLUMNS if store.has(name)}
    order = remap(store.joint_set, MPI_INF_3DHP_17)
    names = {name: store.attrs[name] for name in ("sequence_names", "activity_names", "scene_names", "augmentable")}
    with StoreWriter(out, joint_set=store.joint_set.name, source="drawn", generator="tests 1", **names) as writer:
        for i in range(len(store)):
            labels = {name: column[i] for name, column in columns.items()}
            parts = drawn_parts(labels["joints_2d"][order], tuple(labels["image_size"]))
            encoded = None if i in without else cv2.imencode(".png", parts)[1].tobytes()
            writer.append(store.image_bytes(i), store.mask_bytes(i), encoded, **labels)
    return out
