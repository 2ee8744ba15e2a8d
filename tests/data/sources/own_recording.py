"""A fabricated recording: videos of calibrated cameras, 3D joints, and the calibration in several formats."""

import json

import cv2
import numpy as np

from pose3d.data.sources.labels import RELEVANT_17
from pose3d.data.sources.points import Points, write_c3d
from pose3d.skeleton import MPI_INF_3DHP_17
from tests.data.sources.scene import SceneCamera, picture, walk, write_video

NAMES = {
    "head_top": "HeadTop", "neck": "Neck", "r_shoulder": "RShoulder", "r_elbow": "RElbow", "r_wrist": "RWrist",
    "l_shoulder": "LShoulder", "l_elbow": "LElbow", "l_wrist": "LWrist", "r_hip": "RHip", "r_knee": "RKnee",
    "r_ankle": "RAnkle", "l_hip": "LHip", "l_knee": "LKnee", "l_ankle": "LAnkle", "pelvis": "Hip", "spine": "Spine",
    "head": "Head",
}  # fmt: skip
CAMERAS = {"cam_a": SceneCamera(angle=0.2), "cam_b": SceneCamera(angle=1.1)}
FRAMES, RATE, DELAY = 12, 25.0, 3
"""The videos begin DELAY frames before the points."""


def world_joints() -> np.ndarray:
    """(FRAMES, 17, 3) mm."""
    return walk(FRAMES, seed=4, step_mm=230.0)[:, RELEVANT_17]


def write_recording(root, order=tuple(MPI_INF_3DHP_17.names), unit="mm") -> None:
    """points.c3d, points.trc, cam_a.avi, cam_b.avi."""
    joints = world_joints()
    index = [MPI_INF_3DHP_17.index(name) for name in order]
    names = tuple(NAMES[name] for name in order)
    write_c3d(root / "points.c3d", Points(names, joints[:, index], RATE))
    write_trc(root / "points.trc", names, joints[:, index] / {"mm": 1, "m": 1000}[unit], unit)
    for name, camera in CAMERAS.items():
        images = []
        for frame in range(-DELAY, FRAMES):
            pixels, _ = camera.see(joints[max(frame, 0)])
            images.append(picture(max(frame, 0), pixels, camera.size))
        write_video(root / f"{name}.avi", images, fps=RATE)


def write_trc(path, names, joints, unit) -> None:
    count = len(joints)
    lines = [
        f"PathFileType\t4\t(X/Y/Z)\t{path.name}",
        "DataRate\tCameraRate\tNumFrames\tNumMarkers\tUnits\tOrigDataRate\tOrigDataStartFrame\tOrigNumFrames",
        f"{RATE}\t{RATE}\t{count}\t{len(names)}\t{unit}\t{RATE}\t1\t{count}",
        "Frame#\tTime\t" + "\t\t\t".join(names) + "\t\t",
        "\t\t" + "\t".join(f"X{n}\tY{n}\tZ{n}" for n in range(1, len(names) + 1)),
    ]
    for frame, pose in enumerate(joints):
        cells = ["" if np.isnan(value) else f"{value:.6f}" for value in pose.ravel()]
        lines.append("\t".join([str(frame + 1), f"{frame / RATE:.4f}", *cells]))
    path.write_text("\n".join(lines) + "\n")


def toml_calibration(distortion=(0.0, 0.0, 0.0, 0.0)) -> str:
    """As Pose2Sim writes it: Rodrigues vectors and metres."""
    text = ""
    for number, (name, camera) in enumerate(CAMERAS.items(), start=1):
        rotation = cv2.Rodrigues(camera.cam_from_world[:3, :3])[0].ravel()
        text += (
            f'[cam_{number}]\nname = "{name}"\nsize = [{float(camera.size[0])}, {float(camera.size[1])}]\n'
            f"matrix = {camera.intrinsics.tolist()}\ndistortions = {list(distortion)}\n"
            f"rotation = {rotation.tolist()}\ntranslation = {(camera.cam_from_world[:3, 3] / 1000).tolist()}\n"
            "fisheye = false\n\n"
        )
    return text + "[metadata]\nadjusted = false\nerror = 0.0\n"


def opencv_calibration(path) -> None:
    """EasyMocap's names in one FileStorage file."""
    storage = cv2.FileStorage(str(path), cv2.FILE_STORAGE_WRITE)
    storage.startWriteStruct("names", cv2.FileNode_SEQ)
    for name in CAMERAS:
        storage.write("", name)
    storage.endWriteStruct()
    for name, camera in CAMERAS.items():
        pose = camera.cam_from_world
        storage.write(f"K_{name}", camera.intrinsics)
        storage.write(f"dist_{name}", np.zeros((1, 5)))
        storage.write(f"R_{name}", cv2.Rodrigues(pose[:3, :3])[0])
        storage.write(f"Rot_{name}", pose[:3, :3].copy())
        storage.write(f"T_{name}", pose[:3, 3:].copy())
    storage.release()


def json_calibration() -> str:
    """One object a camera."""
    return json.dumps(
        {
            "cameras": [
                {
                    "name": name,
                    "K": camera.intrinsics.tolist(),
                    "R": camera.cam_from_world[:3, :3].tolist(),
                    "t": camera.cam_from_world[:3, 3:].tolist(),
                    "resolution": list(camera.size),
                }
                for name, camera in CAMERAS.items()
            ]
        }
    )


def qualisys_calibration() -> str:
    """A .qca.txt file: 64ths of a pixel, positions in mm, axes y up and z backwards."""
    text = "<calibration><cameras>"
    for name, camera in CAMERAS.items():
        turn = np.diag([1.0, -1.0, -1.0]) @ camera.cam_from_world[:3, :3]
        place = -camera.cam_from_world[:3, :3].T @ camera.cam_from_world[:3, 3]
        matrix = 64 * camera.intrinsics
        turns = " ".join(f'r{r + 1}{c + 1}="{turn[r, c]:.12f}"' for r in range(3) for c in range(3))
        text += (
            f'<camera serial="{name}" avg-residual="0.1" model="Miqus Video">'
            f'<fov_video left="0" top="0" right="{camera.size[0] - 1}" bottom="{camera.size[1] - 1}"/>'
            f'<transform x="{place[0]:.9f}" y="{place[1]:.9f}" z="{place[2]:.9f}" {turns}/>'
            f'<intrinsic focalLengthU="{matrix[0, 0]:.9f}" focalLengthV="{matrix[1, 1]:.9f}" '
            f'centerPointU="{matrix[0, 2]:.9f}" centerPointV="{matrix[1, 2]:.9f}" radialDistortion1="0" '
            'radialDistortion2="0" tangentalDistortion1="0" tangentalDistortion2="0"/></camera>'
        )
    return text + "</cameras></calibration>"
