"""Corruptions of the test set of MPI-INF-3DHP."""

import re

import cv2
import h5py
import numpy as np

from tests.data.doctor.damage import damage

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


@damage("mpi_inf_3dhp_test", "TS2|annot_data.mat")
def test_labels_that_were_cut(root, rng):
    path = root / TEST / "TS2" / "annot_data.mat"
    path.write_bytes(path.read_bytes()[: int(rng.integers(600, 3000))])


@damage("mpi_inf_3dhp_test", "TS3|annot3")
def test_labels_without_3d(root, rng):
    with h5py.File(root / TEST / "TS3" / "annot_data.mat", "a") as file:
        del file["annot3"]


@damage("mpi_inf_3dhp_test", "TS4|NaN")
def test_labels_that_are_no_numbers(root, rng):
    def spoil(joints):
        joints[..., int(rng.integers(joints.shape[-2])), 0] = np.nan
        return joints

    edit_test(root, 4, "annot3", spoil)


@damage("mpi_inf_3dhp_test", "TS1|px")
def test_images_of_another_size(root, rng):
    for path in (root / TEST / "TS1" / "imageSequence").iterdir():
        cv2.imwrite(str(path), cv2.resize(cv2.imread(str(path)), None, fx=0.5, fy=0.5))
