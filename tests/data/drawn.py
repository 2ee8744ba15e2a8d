"""Tiny pose stores of drawn stick figures, exact in every label; they need no renderer."""

from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np

from pose3d.data.schema import CHAIR, LOWER, PERSON, UPPER
from pose3d.data.store_writer import StoreWriter
from pose3d.skeleton import MPI_INF_3DHP_17, MPI_INF_3DHP_28, JointSet, remap

WIDTH, HEIGHT = 200, 180
INTRINSICS = np.array([[260.0, 0, 101.5], [0, 258.0, 88.0], [0, 0, 1]])
UNIVERSAL_RATIO = 0.93

# A person standing before the camera, mm, x right, y down; the subject's left is on the camera's right.
STANDING = {
    "spine3": (0, -330, 0),
    "spine4": (0, -400, 0),
    "spine2": (0, -220, 0),
    "spine": (0, -120, 10),
    "pelvis": (0, 0, 0),
    "neck": (0, -480, 0),
    "head": (0, -560, -20),
    "head_top": (0, -720, 0),
    "clavicle": (40, -450, 0),
    "shoulder": (180, -440, 0),
    "elbow": (260, -200, 20),
    "wrist": (300, 30, -60),
    "hand": (310, 100, -70),
    "hip": (110, 20, 0),
    "knee": (130, 430, -30),
    "ankle": (140, 830, 20),
    "foot": (150, 880, -80),
    "toe": (160, 900, -150),
}


def pose_28(rng: np.random.Generator) -> np.ndarray:
    """(28, 3) mm, root at the origin: the standing person with every joint moved a little."""
    joints = []
    for name in MPI_INF_3DHP_28.names:
        side = {"l": 1, "r": -1}.get(name[0]) if name[1] == "_" else None
        x, y, z = STANDING[name[2:] if side else name]
        joints.append((x * (side or 1), y, z))
    moved = np.array(joints, float) + rng.normal(0, 40, (28, 3))
    return moved - moved[MPI_INF_3DHP_28.root]


def draw_person(joints_2d: np.ndarray, background: int = 40) -> tuple[np.ndarray, np.ndarray]:
    """RGB image and region mask of 17 joints: trunk green (upper), legs blue (lower), a box for a chair."""
    image = np.full((HEIGHT, WIDTH, 3), background, np.uint8)
    mask = np.zeros((HEIGHT, WIDTH), np.uint8)
    cv2.rectangle(image, (10, 120), (40, 170), (150, 110, 60), -1)
    cv2.rectangle(mask, (10, 120), (40, 170), CHAIR, -1)
    for joint, parent in enumerate(MPI_INF_3DHP_17.parents_o1):
        name = MPI_INF_3DHP_17.names[joint]
        lower, upper = "knee" in name or "ankle" in name, "shoulder" in name or name in ("spine", "neck")
        tint = (40, 60, 200) if lower else (40, 190, 60) if upper else (220, 170, 140)
        bits = PERSON | (LOWER if lower else UPPER if upper else 0)
        ends = [tuple(np.round(joints_2d[j]).astype(int).tolist()) for j in (joint, parent)]
        cv2.line(image, *ends, tint, 7)
        cv2.line(mask, *ends, bits, 7)
    return image, mask


def write_store(
    path: Path,
    num: int = 12,
    *,
    joint_set: JointSet = MPI_INF_3DHP_28,
    three_d: bool = True,
    masks: bool = True,
    seed: int = 0,
    subjects: int = 3,
    suffix: str = ".png",
    scenes: Sequence[str] = ("indoors",),
) -> Path:
    """Write `num` samples; sample i shows subject i % subjects + 1 in sequence i % 2 and scene i % len(scenes)."""
    rng = np.random.default_rng(seed)
    order = remap(MPI_INF_3DHP_28, joint_set)
    with StoreWriter(
        path,
        joint_set=joint_set.name,
        source="drawn",
        generator="tests 1",
        seed=seed,
        sequence_names=["first", "second"],
        activity_names=["standing", "waving"],
        scene_names=scenes,
        augmentable=[["background", "chair", "upper", "lower"], ["chair"]],
    ) as writer:
        for i in range(num):
            root = np.array([rng.uniform(-200, 200), rng.uniform(-100, 100), rng.uniform(3200, 4000)])
            relative = pose_28(rng)
            joints_3d = relative + root
            homogeneous = joints_3d @ INTRINSICS.T
            joints_2d = homogeneous[:, :2] / homogeneous[:, 2:]
            image, mask = draw_person(joints_2d[remap(MPI_INF_3DHP_28, MPI_INF_3DHP_17)])
            joints_2d, joints_3d, relative = joints_2d[order], joints_3d[order], relative[order]
            low, high = joints_2d.min(0), joints_2d.max(0)
            labels = {
                "joints_2d": joints_2d,
                "visible": ((joints_2d >= -0.5) & (joints_2d < (WIDTH - 0.5, HEIGHT - 0.5))).all(1),
                "bbox": (*low, *(high - low)),
                "head_size": 14.0 + i,
                "image_size": (WIDTH, HEIGHT),
                "subject": i % subjects + 1,
                "sequence": i % 2,
                "activity": i % 2,
                "scene": i % len(scenes),
                "camera": 0,
                "frame": i,
            }
            if three_d:
                univ = relative * UNIVERSAL_RATIO + root
                world = np.eye(4)
                labels |= {"joints_3d": joints_3d, "joints_3d_univ": univ, "intrinsics": INTRINSICS}
                labels["cam_from_world"] = world
            encoded = cv2.imencode(suffix, image[..., ::-1])[1].tobytes()
            writer.append(encoded, cv2.imencode(".png", mask)[1].tobytes() if masks else None, **labels)
    return path
