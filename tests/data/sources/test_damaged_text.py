"""Damaged annotations, cameras, tables and lists of every text format are refused with a PoseError."""

import json

import cv2
import numpy as np
import pytest

from pose3d.data.doctor import coco as coco_doctor
from pose3d.data.sources import (
    aspset510_tree,
    calibration,
    camera_files,
    coco,
    h36m_segments,
    humaneva,
    mpii,
    named_joints,
    table_rows,
)
from pose3d.synth.layouts import mpi_inf_3dhp, mpi_inf_3dhp_test
from tests.damaged import read_damaged

LENS = {"K": [[1000.0, 0, 500], [0, 1000, 500], [0, 0, 1]], "dist": [0.0] * 5}
POSE = {"R": np.eye(3).tolist(), "T": [0, 0, 3000.0]}
NODES = {"K": {"rows": 3, "cols": 3, "data": [1000.0, 0, 500, 0, 1000, 500, 0, 0, 1]}, "R": [0, 0, 0.1]}
CAMERAS = {
    "cameras": [
        {"name": "a", "image_width": 1000, "image_height": 1000, **LENS, **POSE},
        {"name": "b", "size": [10, 10], **POSE, **NODES},
    ]
}
TOML = """[cam_0]
name = "a"
size = [1000, 1000]
matrix = [[1000.0, 0.0, 500.0], [0.0, 1000.0, 500.0], [0.0, 0.0, 1.0]]
distortions = [0.0, 0.0, 0.0, 0.0]
rotation = [0.1, 0.2, 0.3]
translation = [0.0, 0.0, 3.0]
"""
QUALISYS = """<calibration><cameras><camera serial="1"><fov_video left="0" top="0" right="1919" bottom="1079"/>
<transform x="0" y="0" z="3" r11="1" r12="0" r13="0" r21="0" r22="1" r23="0" r31="0" r32="0" r33="1"/>
<intrinsic focalLengthU="64000" focalLengthV="64000" centerPointU="32000" centerPointV="32000" radialDistortion1="0"
radialDistortion2="0" tangentalDistortion1="0" tangentalDistortion2="0"/></camera></cameras></calibration>"""
CAL = [1000, 1000, 500, 500, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 3000]


def coco_content():
    person = {"image_id": 1, "category_id": 1, "iscrowd": 0, "num_keypoints": 2, "keypoints": [1, 2, 2, 3, 4, 2]}
    entries = [person | {"id": 1}, person | {"id": 2, "iscrowd": 1}, person | {"id": 3, "category_id": 2}]
    names = [(1, "person", ["left_hip", "right_hip"]), (2, "dog", ["tail"])]
    return {
        "images": [{"id": 1, "file_name": "a.jpg", "width": 9, "height": 9}],
        "categories": [{"id": number, "name": name, "keypoints": points} for number, name, points in names],
        "annotations": entries,
    }


def read_all_of_coco(path):
    content = coco.read_coco(path)
    coco.read_people(content, path.parent, ("person",), {}, "shoulders", [])
    list(coco_doctor._structure("coco", content))


def read_mpii(path):
    mpii.from_json(path, path.parent, "train")
    mpii._without_validation([], path, [])


def read_names(path):
    named_joints.match_joints(["MidHip"], named_joints.read_names(path))


MPII = [{"joints": [[1.0, 2.0]] * 16, "joints_vis": [1] * 16, "image": "a.jpg", "center": [1, 2], "scale": 1.0}] * 2
STUDIO = mpi_inf_3dhp.WORLD.cameras(mpi_inf_3dhp.WORLD.sequences[0])[:2]
READERS = {
    "coco.json": (json.dumps(coco_content()), read_all_of_coco),
    "train.json": (json.dumps(MPII), read_mpii),
    "names.json": ('{"pelvis": "MidHip", "neck": ""}', read_names),
    "camera.json": (
        json.dumps({"intrinsic_matrix": np.eye(3, 4).tolist(), "extrinsic_matrix": np.eye(4).tolist()}),
        aspset510_tree.read_camera,
    ),
    "cameras.json": (json.dumps(CAMERAS), calibration.read_calibration),
    "cameras.toml": (TOML, calibration.read_calibration),
    "cameras.qca.txt": (QUALISYS, calibration.read_calibration),
    "part_flip.json": (json.dumps(list(range(25))), h36m_segments.read_part_flip),
    "splits.csv": ("0a01,0001,train,all\n1c0d,0001,test,left\n", lambda p: aspset510_tree.read_splits(p.parent)),
    "C1.cal": ("\n".join(map(str, CAL)), lambda p: humaneva.read_camera(p, (640, 480))),
    "C1.ofs": ("4\n1\n2.0\n", humaneva.read_start),
    "camera.calibration": (mpi_inf_3dhp.calibration(STUDIO), camera_files.read_skeletool),
    "ts1.calib": (mpi_inf_3dhp_test.calibration(STUDIO[0]), lambda p: camera_files.read_captury(p, (2048, 2048))),
    "table.csv": ("image,subject,x,y\na.jpg,1,2,3\n", table_rows.read_table),
}  # fmt: skip


@pytest.mark.filterwarnings("ignore::RuntimeWarning")  # numbers divided by a damaged zero
@pytest.mark.parametrize("name", READERS)
def test_a_damaged_file_is_read_or_refused(tmp_path, name):
    content, read = READERS[name]
    path = tmp_path / name
    path.write_text(content)
    assert read_damaged(path, read) > 5


def test_damaged_boxes_of_a_clip_are_refused(tmp_path):
    clip = aspset510_tree.Clip(tmp_path, "0a01", "0001", "train", ("left",))
    path = clip.boxes_file("left")
    path.parent.mkdir(parents=True)
    path.write_text("x1,y1,x2,y2\n1,2,3,4\n")
    assert read_damaged(path, lambda _: clip.boxes("left")) > 5


def test_a_damaged_file_of_opencv_is_refused(tmp_path):
    path = tmp_path / "cameras.yml"
    storage = cv2.FileStorage(str(path), cv2.FILE_STORAGE_WRITE)
    for key, value in (LENS | POSE).items():
        storage.write(key, np.array(value))
    storage.release()
    assert read_damaged(path, calibration.read_calibration) > 5
