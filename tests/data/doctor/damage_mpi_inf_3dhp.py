"""Corruptions of the training set of MPI-INF-3DHP."""

import cv2
import numpy as np
from scipy.io import loadmat, savemat

from tests.data.doctor.damage import damage, edit_video

SWAP = [0, 1, 2, 3, 4, 5, 6, 7, 13, 14, 15, 16, 17, 8, 9, 10, 11, 12, 23, 24, 25, 26, 27, 18, 19, 20, 21, 22]
VIDEO = "S7/Seq1/imageSequence/video_{}.avi"


def edit_annotations(root, key, change, sequence="S7/Seq1", cameras=range(14)):
    path = root / sequence / "annot.mat"
    mat = {name: value for name, value in loadmat(path).items() if not name.startswith("__")}
    for camera in cameras:
        rows = mat[key][camera, 0]
        mat[key][camera, 0] = change(rows.reshape(len(rows), 28, -1)).reshape(len(rows), -1)
    savemat(path, mat)


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
