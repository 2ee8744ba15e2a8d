"""Corruptions of Human3.6M."""

import re

import h5py
import numpy as np

from pose3d.data.sources.h36m_cdf import read_poses
from pose3d.synth.layouts.files import V73File, save_cdf
from tests.data.doctor.damage import damage, edit_video

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


def edit_poses(root, kind, axes, change, camera=55011271):
    path = h36m_file(root, kind, camera)
    poses = change(read_poses(path, axes).copy())
    path.unlink()
    save_cdf(path, poses)


@damage("h36m", "metres")
def h36m_poses_in_metres(root, rng):
    edit_poses(root, "D3_Positions_mono", 3, lambda poses: poses / 1000)


@damage("h36m", "NaN")
def h36m_poses_that_are_no_numbers(root, rng):
    def spoil(poses):
        poses[int(rng.integers(len(poses))), 1] = np.nan
        return poses

    edit_poses(root, "D3_Positions_mono", 3, spoil)


@damage("h36m", "55011271|missing")
def an_h36m_video_that_is_missing(root, rng):
    next((root / "S1/Videos").glob("Walking*.55011271.mp4")).unlink()


@damage("h36m", "D3_Positions_mono|missing")
def an_h36m_pose_file_that_is_missing(root, rng):
    h36m_file(root, "D3_Positions_mono", 55011271).unlink()
