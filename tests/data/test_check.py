import re
from itertools import pairwise

import cv2
import h5py
import numpy as np
import pytest

from pose3d.app import main
from pose3d.data.check import check_store
from pose3d.skeleton import MPI_INF_3DHP_17
from tests.data.drawn import write_store


def spoil(path, tmp_path, edit):
    """A copy of a store after `edit(file)`."""
    copy = tmp_path / "damaged.h5"
    copy.write_bytes(path.read_bytes())
    with h5py.File(copy, "r+") as file:
        edit(file)
    return copy


def add(name, value, rows=slice(None)):
    def edit(file):
        column = file[name][:]
        column[rows] += np.asarray(value, column.dtype)
        file[name][:] = column

    return edit


def times(name, value, rows=slice(None)):
    def edit(file):
        column = file[name][:]
        column[rows] *= np.asarray(value, column.dtype)
        file[name][:] = column

    return edit


def swap(one, other):
    def edit(file):
        a, b = file[one][:], file[other][:]
        file[one][:], file[other][:] = b, a

    return edit


def reencode(row, change, group="images"):
    """Replace one picture by `change(picture)`; the others keep their bytes."""

    def edit(file):
        offset, data = file[f"{group}/offset"][:], file[f"{group}/data"][:]
        parts = [data[a:b] for a, b in pairwise(offset)]
        parts[row] = change(parts[row])
        file[f"{group}/data"].resize(sum(map(len, parts)), axis=0)
        file[f"{group}/data"][:] = np.concatenate(parts)
        file[f"{group}/offset"][1:] = np.cumsum([len(part) for part in parts])

    return edit


def half_size(encoded):
    return cv2.imencode(".png", cv2.imdecode(encoded, cv2.IMREAD_UNCHANGED)[::2, ::2])[1].ravel()


def nan(file):
    column = file["joints_3d"][:]
    column[5, 3, 1] = np.nan
    file["joints_3d"][:] = column


def y_up(file):
    for name in ("joints_3d", "joints_3d_univ"):
        times(name, [1, -1, 1])(file)


DAMAGED = {
    "one bit of a label": (add("subject", 1, 3), "subject: its bytes"),
    "one bit of an image": (add("images/data", 1, 5000), "images/data: its bytes"),
    "NaN": (nan, "sample 5: joints_3d holds NaN"),
    "metres": (times("joints_3d", 0.001), "joints_3d seems to be in metres"),
    "centimetres": (times("joints_3d_univ", 0.1), "joints_3d_univ seems to be in centimetres"),
    "one sample in metres": (times("joints_3d", 0.001, 4), "sample 4: thighs of joints_3d|sample 4: joints_3d seems"),
    "y up": (y_up, "joints_3d: it projects .* px from the 2D joints"),
    "z backward": (times("joints_3d", [1, 1, -1]), "behind the camera"),
    "true and universal swapped": (swap("joints_3d", "joints_3d_univ"), "mixed up"),
    "focal length": (times("intrinsics", [[1.3, 1, 1], [1, 1.3, 1], [1, 1, 1]]), "check calibration"),
    "one camera": (add("intrinsics", [[0, 0, 9], [0, 0, 0], [0, 0, 0]], 7), "sample 7: joints_3d projects"),
    "focal length negative": (times("intrinsics", -1, 2), "sample 2: intrinsics are not a pinhole"),
    "rotation": (times("cam_from_world", 1.1, 2), "sample 2: cam_from_world holds no rotation"),
    "one 2D label": (add("joints_2d", 0.5, (6, 4)), "sample 6: joints_3d projects"),
    "universal of another sequence": (times("joints_3d_univ", 1.02, 3), "sample 3: .*one factor"),
    "box moved": (add("bbox", [60, 0, 0, 0], 1), "sample 1: joints lie outside their box"),
    "box as corners": (lambda f: f.__getitem__("bbox").__setitem__((8, slice(2, 4)), (3, 4)), "sample 8: .*their box"),
    "box empty": (times("bbox", [1, 1, 0, 1], 1), "sample 1: the box has no area"),
    "box outside": (add("bbox", 4000, 2), "sample 2: the box lies outside"),
    "visible 2": (times("visible", 2, 0), "sample 0: visible holds"),
    "image size": (times("image_size", 2), "image is 200 x 180 px, image_size says 400 x 360"),
    "image size of one": (reencode(3, half_size), "sample 3: its image is 100 x 90"),
    "mask size": (reencode(3, half_size, "masks"), "sample 3: its mask is 100 x 90"),
    "undecodable": (reencode(9, lambda b: b[::-1].copy()), "the image of sample 9"),
    "mask undecodable": (reencode(9, lambda b: b[::-1].copy(), "masks"), "the mask of sample 9"),
    "sequence without name": (add("sequence", 5, 4), "sample 4: sequence points outside the 2"),
    "checksum missing": (lambda f: f["frame"].attrs.__delitem__("sha256"), "frame: no checksum"),
    "head size": (times("head_size", 0, 4), "sample 4: head_size"),
}


@pytest.mark.parametrize("name", DAMAGED)
def test_each_fault_is_found(store_3d, tmp_path, name):
    edit, expected = DAMAGED[name]
    findings = "\n".join(map(str, check_store(spoil(store_3d, tmp_path, edit))))
    assert re.search(expected, findings), findings


def test_duplicated_frame(store_3d, tmp_path):
    first = {}

    def keep(encoded):
        first["bytes"] = encoded
        return encoded

    def edit(file):
        reencode(2, keep)(file)
        reencode(10, lambda _: first["bytes"])(file)

    found = [str(finding) for finding in check_store(spoil(store_3d, tmp_path, edit))]
    assert any("sample 10: the image was there before (sample 10 repeats sample 2)" in line for line in found)


def test_jpeg_cut_short(store_2d, tmp_path):
    """Some OpenCV versions decode what is left and say nothing, others refuse."""
    found = "\n".join(str(f) for f in check_store(spoil(store_2d, tmp_path, reencode(4, lambda b: b[:-400]))))
    assert re.search("sample 4: (its JPEG is cut short|the image of sample 4 .* does not decode)", found)


def test_whole_files_raise_no_alarm(store_3d, store_2d, tmp_path):
    files = [store_3d, store_2d]
    files += [write_store(tmp_path / f"{seed}.h5", 20, seed=seed) for seed in range(3)]
    files += [write_store(tmp_path / "17.h5", 6, joint_set=MPI_INF_3DHP_17, suffix=".jpg")]
    for path in files:
        assert list(check_store(path)) == []


def test_several_people_in_one_picture_are_no_duplicates(store_2d, tmp_path):
    first = {}
    edit_one = reencode(1, lambda b: first.setdefault("bytes", b))

    def edit(file):
        edit_one(file)
        reencode(2, lambda _: first["bytes"])(file)

    assert not [f for f in check_store(spoil(store_2d, tmp_path, edit)) if "there before" in f.what]


def test_a_lens_with_distortion_is_a_warning(store_3d, tmp_path):
    rng = np.random.default_rng(0)
    path = spoil(store_3d, tmp_path, add("joints_2d", rng.normal(0, 0.3, (12, 28, 2))))
    kinds = {f.kind for f in check_store(path) if f.where == "joints_3d"}
    assert kinds == {"warning"}


def test_sample_limits_decoding(store_3d, tmp_path):
    path = spoil(store_3d, tmp_path, reencode(9, lambda b: b[::-1].copy()))
    assert any("sample 9" in f.where for f in check_store(path))
    assert not any(f.where == "sample 9" for f in check_store(path, sample=2))


def test_command(store_3d, store_2d, tmp_path, capsys):
    assert main(["check", str(store_3d), str(store_2d)]) == 0
    assert capsys.readouterr().out == f"{store_3d}: whole\n{store_2d}: whole\n"
    cut = tmp_path / "cut.h5"
    cut.write_bytes(store_3d.read_bytes()[:20_000])
    assert main(["check", str(cut)]) == 2
    out = capsys.readouterr()
    assert "cut short" in out.out
    assert "not whole, 1 error" in out.out
    assert main(["check", str(spoil(store_3d, tmp_path, nan)), "--sample", "1"]) == 2
    for wrong in (tmp_path / "none.h5", tmp_path):
        assert main(["check", str(wrong)]) == 2
