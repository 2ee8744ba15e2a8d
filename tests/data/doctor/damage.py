"""Seeded corruptions of clean official trees: what is done, to which layout, and words that the finding must hold."""

import json
import re

import cv2
import h5py
import numpy as np
from scipy.io import loadmat, savemat

from pose3d.data.sources.h36m_cdf import read_poses
from pose3d.data.videos import Video
from pose3d.synth.layouts.files import V73File, VideoWriter, save_cdf

DAMAGES = []


def damage(layout, words):
    """Register a corruption of `layout`; a finding must contain all of `words`."""

    def register(function):
        DAMAGES.append((layout, function, words.split("|")))
        return function

    return register


def edit_annotations(root, key, change, sequence="S7/Seq1", cameras=range(14)):
    path = root / sequence / "annot.mat"
    mat = {name: value for name, value in loadmat(path).items() if not name.startswith("__")}
    for camera in cameras:
        rows = mat[key][camera, 0]
        mat[key][camera, 0] = change(rows.reshape(len(rows), 28, -1)).reshape(len(rows), -1)
    savemat(path, mat)


def edit_video(path, change, fps=None):
    """Decode, change the list of frames, write again."""
    video = Video(path)
    rate = fps or video.fps()
    count = video.length_and_size()[0]
    frames = change([frame.copy() for frame in video.frames(range(count))])
    writer = VideoWriter(path, frames[0].shape[1::-1], rate)
    for frame in frames:
        writer.add(frame)
    writer.close()


SWAP = [0, 1, 2, 3, 4, 5, 6, 7, 13, 14, 15, 16, 17, 8, 9, 10, 11, 12, 23, 24, 25, 26, 27, 18, 19, 20, 21, 22]
VIDEO = "S7/Seq1/imageSequence/video_{}.avi"


# --- MPI-INF-3DHP, training set ---
@damage("mpi_inf_3dhp", "S7/Seq1|video_4.avi is missing")
def a_missing_video(root, rng):
    (root / VIDEO.format(4)).unlink()


@damage("mpi_inf_3dhp", "ChairMasks/video_8.avi|missing")
def a_missing_mask_video(root, rng):
    (root / "S7/Seq2/ChairMasks/video_8.avi").unlink()


@damage("mpi_inf_3dhp", "S7/Seq2|missing")
def a_missing_sequence(root, rng):
    (root / "S7/Seq2").rename(root / "other")


@damage("mpi_inf_3dhp", "video_2|frames, its labels 10")
def a_short_video(root, rng):
    edit_video(root / VIDEO.format(2), lambda frames: frames[: rng.integers(2, 7)])


@damage("mpi_inf_3dhp", "video_0|FGmasks has")
def a_short_mask_video(root, rng):
    edit_video(root / "S7/Seq1/FGmasks/video_0.avi", lambda frames: frames[: rng.integers(2, 7)])


@damage("mpi_inf_3dhp", "video_7")
def a_truncated_video(root, rng):
    path = root / VIDEO.format(7)
    content = path.read_bytes()
    path.write_bytes(content[: int(len(content) * rng.uniform(0.3, 0.6))])


@damage("mpi_inf_3dhp", "video_0|behind their labels")
def a_video_that_starts_early(root, rng):
    edit_video(root / VIDEO.format(0), lambda frames: [frames[0], *frames[:-1]])


@damage("mpi_inf_3dhp", "video_2|before their labels")
def a_video_that_starts_late(root, rng):
    edit_video(root / VIDEO.format(2), lambda frames: [*frames[1:], frames[-1]])


@damage("mpi_inf_3dhp", "video_4|before their labels")
def a_video_that_starts_two_frames_late(root, rng):
    edit_video(root / VIDEO.format(4), lambda frames: [*frames[2:], *frames[-2:]])


@damage("mpi_inf_3dhp", "video_8|repeated while the labels move")
def a_repeated_frame(root, rng):
    at = int(rng.integers(2, 8))
    edit_video(root / VIDEO.format(8), lambda frames: [*frames[:at], frames[at - 1], *frames[at + 1 :]])


@damage("mpi_inf_3dhp", "S7/Seq1 video_0|frames/s")
def a_wrong_frame_rate(root, rng):
    edit_video(root / VIDEO.format(0), lambda frames: frames, fps=30.0)


@damage("mpi_inf_3dhp", "video_4|px, its camera")
def a_scaled_video(root, rng):
    edit_video(root / VIDEO.format(4), lambda frames: [cv2.resize(frame, (96, 96)) for frame in frames])


@damage("mpi_inf_3dhp", "left and right are swapped")
def left_and_right_swapped(root, rng):
    for key in ("annot2", "annot3", "univ_annot3"):
        edit_annotations(root, key, lambda joints: joints[:, SWAP])


@damage("mpi_inf_3dhp", "left and right are swapped|row")
def left_and_right_swapped_for_a_while(root, rng):
    def swap(joints):
        joints[4:8] = joints[4:8][:, SWAP]
        return joints

    for key in ("annot2", "annot3", "univ_annot3"):
        edit_annotations(root, key, swap)


@damage("mpi_inf_3dhp", "the two are mixed up")
def true_and_universal_mixed_up(root, rng):
    path = root / "S7/Seq1/annot.mat"
    mat = {name: value for name, value in loadmat(path).items() if not name.startswith("__")}
    mat["annot3"], mat["univ_annot3"] = mat["univ_annot3"], mat["annot3"]
    savemat(path, mat)


@damage("mpi_inf_3dhp", "joints_3d seems to be in metres")
def metres(root, rng):
    edit_annotations(root, "annot3", lambda joints: joints / 1000)


@damage("mpi_inf_3dhp", "joints_3d_univ seems to be in centimetres")
def universal_centimetres(root, rng):
    edit_annotations(root, "univ_annot3", lambda joints: joints / 10)


@damage("mpi_inf_3dhp", "NaN")
def not_a_number(root, rng):
    def spoil(joints):
        joints[rng.integers(10), rng.integers(28)] = np.nan
        return joints

    edit_annotations(root, "annot3", spoil, cameras=[2])


@damage("mpi_inf_3dhp", "outside the picture")
def a_box_outside_the_picture(root, rng):
    def move(joints):
        joints[3] += 5000
        return joints

    edit_annotations(root, "annot2", move, cameras=[4])


@damage("mpi_inf_3dhp", "2D and 3D labels do not belong together")
def one_frame_of_other_labels(root, rng):
    def move(joints):
        joints[5] += [40.0, -30.0]
        return joints

    edit_annotations(root, "annot2", move, cameras=[7])


@damage("mpi_inf_3dhp", "projects|px from the 2D joints")
def a_wrong_focal_length(root, rng):
    path = root / "S7/Seq1/camera.calibration"
    lines = path.read_text().splitlines()
    words = lines[5].split()
    words[1] = f"{float(words[1]) * rng.uniform(1.3, 1.6):.6f}"
    lines[5] = "  intrinsic   " + " ".join(words[1:]) + " "
    path.write_text("\n".join(lines) + "\n")


@damage("mpi_inf_3dhp", "extrinsics|other cameras")
def permuted_extrinsics(root, rng):
    path = root / "S7/Seq1/camera.calibration"
    lines = path.read_text().splitlines()
    lines[6], lines[20] = lines[20], lines[6]
    path.write_text("\n".join(lines) + "\n")


@damage("mpi_inf_3dhp", "camera.calibration")
def a_cut_calibration(root, rng):
    path = root / "S7/Seq1/camera.calibration"
    path.write_text(path.read_text()[: int(rng.integers(200, 1500))])


@damage("mpi_inf_3dhp", "the pictures fit the labels of|not their own")
def permuted_videos(root, rng):
    a, b, spare = (root / VIDEO.format(name) for name in (0, 4, "spare"))
    a.rename(spare)
    b.rename(a)
    spare.rename(b)


@damage("mpi_inf_3dhp", "bright on the background")
def an_inverted_foreground_mask(root, rng):
    edit_video(root / "S7/Seq2/FGmasks/video_2.avi", lambda frames: [255 - frame for frame in frames])


@damage("mpi_inf_3dhp", "green of FGmasks is dark")
def an_inverted_garment_mask(root, rng):
    def invert(frames):
        for frame in frames:
            frame[..., 1] = 255 - frame[..., 1]
        return frames

    edit_video(root / "S7/Seq1/FGmasks/video_2.avi", invert)


@damage("mpi_inf_3dhp", "ChairMasks is dark")
def an_inverted_chair_mask(root, rng):
    edit_video(root / "S7/Seq1/ChairMasks/video_8.avi", lambda frames: [255 - frame for frame in frames])


@damage("mpi_inf_3dhp", "annot.mat")
def an_unreadable_annotation(root, rng):
    path = root / "S7/Seq2/annot.mat"
    path.write_bytes(path.read_bytes()[: int(rng.integers(100, 4000))])


@damage("mpi_inf_3dhp", "its labels are those of S7/Seq1")
def a_sequence_copied_over_another(root, rng):
    (root / "S7/Seq2/annot.mat").write_bytes((root / "S7/Seq1/annot.mat").read_bytes())


# --- MPI-INF-3DHP, test set ---
TEST = "mpi_inf_3dhp_test_set"


def edit_test(root, number, key, change):
    with h5py.File(root / TEST / f"TS{number}" / "annot_data.mat", "a") as file:
        file[key][...] = change(file[key][...])


@damage("mpi_inf_3dhp_test", "TS3|img_000002.jpg")
def a_missing_test_image(root, rng):
    (root / TEST / "TS3/imageSequence/img_000002.jpg").unlink()


@damage("mpi_inf_3dhp_test", "TS1, row 2")
def a_cut_test_image(root, rng):
    path = root / TEST / "TS1/imageSequence/img_000003.jpg"
    content = path.read_bytes()
    path.write_bytes(content[: int(len(content) * rng.uniform(0.5, 0.9))])


@damage("mpi_inf_3dhp_test", "TS2|does not decode")
def an_empty_test_image(root, rng):
    (root / TEST / "TS2/imageSequence/img_000001.jpg").write_bytes(b"")


@damage("mpi_inf_3dhp_test", "TS4|once more")
def a_repeated_test_image(root, rng):
    folder = root / TEST / "TS4/imageSequence"
    (folder / "img_000003.jpg").write_bytes((folder / "img_000002.jpg").read_bytes())


@damage("mpi_inf_3dhp_test", "TS5|metres")
def test_labels_in_metres(root, rng):
    for key in ("annot3", "univ_annot3"):
        edit_test(root, 5, key, lambda joints: joints / 1000)


@damage("mpi_inf_3dhp_test", "TS6|.calib differs")
def calibrations_of_each_other(root, rng):
    folder = root / TEST / "test_util/camera_calibration"
    text = (folder / "ts5-6cameras.calib").read_text()
    (folder / "ts5-6cameras.calib").write_text(re.sub(r"focalLength\t\S+", "focalLength\t14.6", text))


@damage("mpi_inf_3dhp_test", "the two are mixed up")
def test_skeletons_mixed_up(root, rng):
    for number in range(1, 7):  # not everyone's height differs much from the universal one
        with h5py.File(root / TEST / f"TS{number}" / "annot_data.mat", "a") as file:
            true, universal = file["annot3"][...], file["univ_annot3"][...]
            file["annot3"][...], file["univ_annot3"][...] = universal, true


# --- Human3.6M ---
FILE = "Walking 1"


def h36m_file(root, kind, camera, subject=1):
    found = sorted((root / f"S{subject}" / "MyPoseFeatures" / kind).glob(f"Walking*.{camera}.cdf"))
    return found[0]


@damage("h36m", "frames, its labels 7")
def a_short_h36m_video(root, rng):
    path = next((root / "S1/Videos").glob("Walking*.60457274.mp4"))
    edit_video(path, lambda frames: frames[:3])


@damage("h36m", "frames/s")
def a_converted_h36m_video(root, rng):
    path = next((root / "S1/Videos").glob("Posing*.58860488.mp4"))
    edit_video(path, lambda frames: frames, fps=25.0)


@damage("h36m", "extrinsics|other cameras")
def permuted_h36m_cameras(root, rng):
    text = (root / "metadata.xml").read_text()
    numbers = re.search(r"<w0>\[(.*)\]</w0>", text)[1].split()
    numbers[0:66], numbers[66:132] = numbers[66:132], numbers[0:66]
    (root / "metadata.xml").write_text(re.sub(r"<w0>.*</w0>", f"<w0>[{' '.join(numbers)}]</w0>", text))


@damage("h36m", "a train subject appears in the test split")
def a_subject_in_both_splits(root, rng):
    for kind in ("D2_Positions", "D3_Positions_mono", "D3_Positions_mono_universal"):
        for camera in (54138969, 55011271, 58860488, 60457274):
            h36m_file(root, kind, camera, 9).write_bytes(h36m_file(root, kind, camera, 1).read_bytes())


@damage("h36m", "left and right are swapped")
def h36m_left_and_right_swapped(root, rng):
    order = list(range(32))
    for right, left in ((1, 6), (2, 7), (3, 8), (25, 17), (26, 18), (27, 19)):
        order[right], order[left] = left, right
    for kind, axes in (("D2_Positions", 2), ("D3_Positions_mono", 3), ("D3_Positions_mono_universal", 3)):
        path = h36m_file(root, kind, 55011271)
        poses = read_poses(path, axes)[:, order]
        path.unlink()
        save_cdf(path, poses)


@damage("h36m", "cannot read")
def a_damaged_pose_file(root, rng):
    path = h36m_file(root, "D2_Positions", 58860488)
    path.write_bytes(path.read_bytes()[:200])


def edit_part_labels(root, change):
    """Write one file again with `change(images)`, the images (W, H) as they are stored."""
    path = next((root / "S1/Segments_mat_gt_pl").glob("Walking*.55011271.mat"))
    with h5py.File(path) as file:
        images = [file[reference][()] for reference in np.ravel(file["Feat"][()])]
    with V73File(path) as mat:
        mat.cells("Feat", change(images))


@damage("h36m", "part labels have|the video 7 and its labels 7")
def short_part_labels(root, rng):
    edit_part_labels(root, lambda images: images[: rng.integers(2, 5)])


@damage("h36m", "the part labels hold|not whole numbers from 0 to 24")
def part_labels_beyond_the_parts(root, rng):
    edit_part_labels(root, lambda images: [*images[:3], images[3] + np.uint8(rng.integers(25, 200)), *images[4:]])


@damage("h36m", "of the labelled pixels lie around the joints")
def part_labels_turned_over(root, rng):
    edit_part_labels(root, lambda images: [np.ascontiguousarray(image.T) for image in images])


# --- MPII and LSP ---
@damage("mpii", "pictures are in both splits")
def a_picture_in_both_splits(root, rng):
    train, valid = (json.loads((root / "annot" / f"{name}.json").read_text()) for name in ("train", "valid"))
    (root / "annot" / "train.json").write_text(json.dumps([*train, valid[0]]))


@damage("mpii", "does not decode")
def an_undecodable_picture(root, rng):
    (root / "images" / "000000003.jpg").write_bytes(b"<html>not found</html>")


@damage("lsp", "1 pictures are missing, the first is im0004.jpg")
def a_missing_lsp_picture(root, rng):
    (root / "images" / "im0004.jpg").unlink()


@damage("lsp", "lies outside im0002.jpg")
def lsp_labels_of_another_size(root, rng):
    joints = loadmat(root / "joints.mat")["joints"]
    joints[:2, :, 1] += 600
    savemat(root / "joints.mat", {"joints": joints})
