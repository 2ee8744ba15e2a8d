"""Seeded corruptions of ASPset-510, COCO, HumanEva and LSP extended."""

import json

import cv2
import numpy as np
from scipy.io import loadmat, savemat

from pose3d.data.sources.points import Points, read_points, write_c3d
from tests.data.doctor.damage import damage, edit_video

CLIP = "trainval/{}/0a01/0a01-0001{}"


def edit_joints(root, change, clip="0a01-0001", rate=None):
    path = root / "trainval" / "joints_3d" / clip[:4] / f"{clip}.c3d"
    points = read_points(path)
    write_c3d(path, Points(points.names, change(points.positions.copy()), rate or points.rate, points.skeleton))


def edit_json(path, change):
    content = json.loads(path.read_text())
    changed = change(content)
    path.write_text(json.dumps(content if changed is None else changed))


# --- ASPset-510 ---
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


# --- COCO ---
TRAIN = "annotations/person_keypoints_train2017.json"


@damage("coco", "images are missing")
def a_coco_image_that_is_missing(root, rng):
    sorted((root / "train2017").iterdir())[3].unlink()


@damage("coco", "cut short")
def a_coco_image_that_was_cut(root, rng):
    path = sorted((root / "train2017").iterdir())[3]
    path.write_bytes(path.read_bytes()[:-60])


@damage("coco", "cannot read|as COCO annotations")
def coco_annotations_that_were_cut(root, rng):
    path = root / TRAIN
    path.write_text(path.read_text()[: rng.integers(100, 2000)])


@damage("coco", "shares of the image")
def coco_coordinates_as_shares(root, rng):
    def normalise(content):
        for entry in content["annotations"]:
            entry["keypoints"] = [v / 256 if i % 3 < 2 else v for i, v in enumerate(entry["keypoints"])]

    edit_json(root / TRAIN, normalise)


@damage("coco", "occur more than once")
def coco_ids_that_repeat(root, rng):
    edit_json(root / TRAIN, lambda content: content["annotations"][2].update(id=content["annotations"][1]["id"]))


@damage("coco", "is damaged|image_id")
def a_coco_annotation_without_an_image(root, rng):
    def remove(content):
        del content["annotations"][3]["image_id"]

    edit_json(root / TRAIN, remove)


@damage("coco", "fewer than its category")
def coco_keypoints_that_are_too_few(root, rng):
    def shorten(content):
        content["annotations"][3]["keypoints"] = content["annotations"][3]["keypoints"][:30]

    edit_json(root / TRAIN, shorten)


@damage("coco", "other flags")
def coco_keypoints_without_flags(root, rng):
    def scores(content):
        entry = content["annotations"][3]
        entry["keypoints"] = [0.87 if i % 3 == 2 and v else v for i, v in enumerate(entry["keypoints"])]

    edit_json(root / TRAIN, scores)


@damage("coco", "does not count the labelled")
def a_coco_number_of_keypoints_that_is_wrong(root, rng):
    edit_json(root / TRAIN, lambda content: content["annotations"][3].update(num_keypoints=3))


@damage("coco", "images are in both splits")
def a_coco_image_in_both_splits(root, rng):
    train = json.loads((root / TRAIN).read_text())

    def add(content):
        content["images"].append(train["images"][0])

    edit_json(root / "annotations" / "person_keypoints_val2017.json", add)


@damage("coco", "box lies outside")
def coco_labels_of_a_larger_image(root, rng):
    def enlarge(content):
        for entry in content["annotations"]:
            entry["keypoints"] = [4 * v if i % 3 < 2 else v for i, v in enumerate(entry["keypoints"])]

    edit_json(root / TRAIN, enlarge)


@damage("coco", "no category person")
def coco_annotations_of_something_else(root, rng):
    edit_json(root / TRAIN, lambda content: content["categories"][0].update(name="dog"))


# --- HumanEva ---
@damage("humaneva", "Walking_1_(C2)|missing")
def a_humaneva_video_that_is_missing(root, rng):
    (root / "S1/Image_Data/Walking_1_(C2).avi").unlink()


@damage("humaneva", "Walking_1_(C2)|frames, synchronised labels need")
def a_humaneva_video_that_was_cut(root, rng):
    path = root / "S1/Image_Data/Walking_1_(C2).avi"
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


@damage("humaneva", "S1/Box|15, 3)")
def humaneva_joints_of_another_set(root, rng):
    path = root / "converted_15j/Validate/S1/Box_1.mat"
    savemat(path, {"poses_3d": loadmat(path)["poses_3d"][:, :14]})


@damage("humaneva", "Box_1_(C1)|metres")
def humaneva_joints_in_metres(root, rng):
    path = root / "converted_15j/Validate/S1/Box_1.mat"
    savemat(path, {"poses_3d": loadmat(path)["poses_3d"] / 1000})


@damage("humaneva", "(C3)|numbers where 22")
def a_humaneva_camera_that_was_cut(root, rng):
    path = root / "S1/Calibration_Data/C3.cal"
    path.write_text("\n".join(path.read_text().splitlines()[:12]))


@damage("humaneva", "(C3)|no rotation")
def a_humaneva_camera_with_numbers_exchanged(root, rng):
    path = root / "S1/Calibration_Data/C3.cal"
    numbers = path.read_text().split()
    path.write_text("\n".join([*numbers[:10], *numbers[19:], *numbers[10:19]]))


@damage("humaneva", "(C1)|numbers where 3")
def a_humaneva_offset_that_is_missing(root, rng):
    (root / "S1/Sync_Data/Walking_1_(C1).ofs").write_text("")


@damage("humaneva", "Walking_1_(C1)|synchronised labels need")
def a_humaneva_offset_of_another_video(root, rng):
    (root / "S1/Sync_Data/Walking_1_(C1).ofs").write_text("82\n1\n2.0\n")


@damage("humaneva", "frames/s")
def a_humaneva_video_that_was_converted(root, rng):
    edit_video(root / "S1/Image_Data/Box_1_(C1).avi", lambda frames: frames, fps=30.0)


# --- LSP extended ---
@damage("lspet", "pictures are missing")
def an_extended_lsp_picture_that_is_missing(root, rng):
    sorted((root / "images").iterdir())[2].unlink()


@damage("lspet", "box lies outside")
def extended_lsp_labels_of_larger_pictures(root, rng):
    joints = loadmat(root / "joints.mat")["joints"]
    joints[:, :2] *= 5
    savemat(root / "joints.mat", {"joints": joints})


@damage("lspet", "neither (3, 14, pictures)")
def extended_lsp_labels_with_axes_exchanged(root, rng):
    joints = loadmat(root / "joints.mat")["joints"]
    savemat(root / "joints.mat", {"joints": joints.transpose(2, 0, 1)})
