"""Corruptions of ASPset-510."""

import cv2
import numpy as np

from pose3d.data.sources.points import Points, read_points, write_c3d
from tests.data.doctor.damage import damage, edit_json, edit_video

CLIP = "trainval/{}/0a01/0a01-0001{}"


def edit_joints(root, change, clip="0a01-0001", rate=None):
    path = root / "trainval" / "joints_3d" / clip[:4] / f"{clip}.c3d"
    points = read_points(path)
    write_c3d(path, Points(points.names, change(points.positions.copy()), rate or points.rate, points.skeleton))


@damage("aspset510", "0a01-0001-mid|mkv is missing")
def an_aspset_video_that_is_missing(root, rng):
    (root / CLIP.format("videos", "-mid.mkv")).unlink()


@damage("aspset510", "0a01-0001-left|frames, its labels 8")
def an_aspset_video_that_was_cut(root, rng):
    path = root / CLIP.format("videos", "-left.mkv")
    content = path.read_bytes()
    path.write_bytes(content[: int(len(content) * rng.uniform(0.3, 0.6))])


@damage("aspset510", "0a01-0001-right|frames/s")
def an_aspset_video_at_another_rate(root, rng):
    edit_video(root / CLIP.format("videos", "-right.mkv"), lambda frames: frames, fps=25.0)


@damage("aspset510", "0a01-0001-left|principal point")
def an_aspset_video_of_another_size(root, rng):
    edit_video(
        root / CLIP.format("videos", "-left.mkv"), lambda frames: [cv2.resize(f, None, fx=0.4, fy=0.4) for f in frames]
    )


@damage("aspset510", "0a01-0001|17 of aspset_17j")
def aspset_joints_that_lack_points(root, rng):
    path = root / CLIP.format("joints_3d", ".c3d")
    points = read_points(path)
    write_c3d(path, Points(points.names[:15], points.positions[:, :15], points.rate, points.skeleton))


@damage("aspset510", "0a01-0001|frames/s, not 50")
def aspset_joints_at_another_rate(root, rng):
    edit_joints(root, lambda joints: joints, rate=25.0)


@damage("aspset510", "0a01-0001|NaN")
def aspset_joints_with_gaps(root, rng):
    def gap(joints):
        joints[rng.integers(8), 3] = np.nan
        return joints

    edit_joints(root, gap)


@damage("aspset510", "0a01-0001|metres")
def aspset_joints_in_metres(root, rng):
    edit_joints(root, lambda joints: joints / 1000)


@damage("aspset510", "0a01-0001|cannot read")
def a_damaged_c3d_file(root, rng):
    path = root / CLIP.format("joints_3d", ".c3d")
    path.write_bytes(rng.bytes(300))


@damage("aspset510", "0a01-0001|boxes and 4 poses")
def aspset_joints_of_half_the_clip(root, rng):
    edit_joints(root, lambda joints: joints[:4])


@damage("aspset510", "0a01-0001-left|joints lie in the boxes")
def aspset_joints_of_another_clip(root, rng):
    edit_joints(root, lambda joints: joints + np.array([900, 0, 500]))


@damage("aspset510", "0a01-0001-left|left camera's extrinsics")
def exchanged_aspset_cameras(root, rng):
    folder = root / "trainval" / "cameras" / "0a01"
    left, right = (folder / f"0a01-{name}.json" for name in ("left", "right"))
    content = left.read_text()
    left.write_text(right.read_text())
    right.write_text(content)


@damage("aspset510", "0a01|no rotation")
def an_aspset_camera_with_a_scaled_rotation(root, rng):
    def scale(camera):
        camera["extrinsic_matrix"] = (np.array(camera["extrinsic_matrix"]) * 2).tolist()

    edit_json(root / "trainval" / "cameras" / "0a01" / "0a01-mid.json", scale)


@damage("aspset510", "0a01|cannot read the camera")
def an_aspset_camera_without_intrinsics(root, rng):
    edit_json(root / "trainval" / "cameras" / "0a01" / "0a01-mid.json", lambda camera: {"extrinsic_matrix": [1.0] * 16})


@damage("aspset510", "left camera's extrinsics")
def an_aspset_world_that_is_not_the_left_camera(root, rng):
    def move(camera):
        matrix = np.array(camera["extrinsic_matrix"]).reshape(4, 4)
        matrix[0, 3] += 10
        camera["extrinsic_matrix"] = matrix.ravel().tolist()

    edit_json(root / "trainval" / "cameras" / "0a01" / "0a01-left.json", move)


@damage("aspset510", "no area")
def aspset_boxes_as_corner_and_size(root, rng):
    path = root / CLIP.format("boxes", "-left.csv")
    header, *rows = path.read_text().splitlines()
    boxes = np.array([[float(v) for v in row.split(",")] for row in rows])
    boxes[:, 2:] -= boxes[:, :2]
    boxes[0, 2:] = boxes[0, :2] - 1
    path.write_text("\n".join([header, *(",".join(map(str, box)) for box in boxes)]))


@damage("aspset510", "0a01-0001-left|four numbers")
def aspset_boxes_that_are_text(root, rng):
    (root / CLIP.format("boxes", "-left.csv")).write_text("x1,y1,x2,y2\na,b,c,d\n")


@damage("aspset510", "splits.csv|line 2")
def a_damaged_list_of_splits(root, rng):
    path = root / "splits.csv"
    lines = path.read_text().splitlines()
    lines[1] = "0a01;0002;train;all"
    path.write_text("\n".join(lines))


@damage("aspset510", "0a02|is in train or val and in test")
def an_aspset_subject_in_two_splits(root, rng):
    path = root / "splits.csv"
    path.write_text(path.read_text().replace("0a02,0002,train,all", "0a02,0002,test,left"))


@damage("aspset510", "left and right are swapped")
def aspset_joints_with_sides_swapped(root, rng):
    swap = [6, 7, 8, 9, 10, 11, 0, 1, 2, 3, 4, 5, 12, 13, 14, 15, 16]
    for clip in ("0a01-0001", "0a01-0002", "0a02-0001", "0a02-0002", "0b07-0001", "0b07-0002"):
        edit_joints(root, lambda joints: joints[:, swap], clip)
