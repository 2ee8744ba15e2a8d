"""Types that scripts leave in predictions files: the values survive, or one sentence says what is wrong."""

from contextlib import suppress
from pathlib import Path

import h5py
import numpy as np
import pytest

from pose3d.errors import PoseError
from pose3d.evaluation import evaluate
from pose3d.plain_arrays import flags, labels, numbers, read_arrays, texts, whole_numbers
from pose3d.predictions import Predictions, read_predictions, write_predictions
from tests.evaluation.people import make_predictions

F = np.array([1.5, -2.0])


@pytest.mark.parametrize("dtype", ["f2", "f4", ">f4", "f8", ">f8", "longdouble", "O"])
def test_floats_of_any_width_keep_their_values(dtype):
    found = numbers(F.astype(dtype), "x")
    np.testing.assert_array_equal(found, F)
    assert found.dtype in (np.float32, np.float64)
    assert found.dtype.isnative


@pytest.mark.parametrize("dtype", ["i1", "u2", "i4", "u4", ">i4", "i8", "u8"])
def test_integers_are_numbers_too(dtype):
    found = numbers(np.array([1, 100], dtype), "x")
    assert found.dtype == np.float64
    assert found.tolist() == [1.0, 100.0]


@pytest.mark.parametrize(
    "value",
    [
        np.array(["1.0"]),
        np.array([True]),
        np.array([1j]),
        np.array([1, "2"], object),
        np.array(["2026-01-01"], "M8[D]"),
    ],
)
def test_what_is_no_number_is_refused(value):
    with pytest.raises(PoseError, match=r"x .*must hold numbers"):
        numbers(value, "x")


@pytest.mark.parametrize("dtype", ["?", "i8", "u1", "f2", "f8", "O"])
def test_flags(dtype):
    assert flags(np.array([True, False, True]).astype(dtype), "x").tolist() == [True, False, True]


@pytest.mark.parametrize(("value", "row"), [([0, 2], 1), ([0.5, 1], 0), ([1, np.nan], 1)])
def test_flags_that_are_neither_true_nor_false_are_refused(value, row):
    with pytest.raises(PoseError, match=f"x must hold true or false .* in row {row}"):
        flags(np.array(value), "x")


@pytest.mark.parametrize(
    "value",
    [["7", "000012"], [b"7", b"12"], [7.0, 12.0], np.array([7, 12], "u2"), np.array([7, "12"], object), [" 7", "+12 "]],
)
def test_frame_numbers(value):
    found = whole_numbers(np.array(value) if isinstance(value, list) else value, "frame")
    assert found.dtype == np.int64
    assert found.tolist() == [7, 12]


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (["1", "img_2"], "img_2"),
        ([1.0, 2.5], "2.5"),
        ([1.0, np.nan], "nan"),
        (["1", "9" * 30], "999"),
        ([1.0, 1e30], "e"),
    ],
)
def test_frame_numbers_that_are_none(value, shown):
    with pytest.raises(PoseError, match=f"frame must hold whole numbers, but has .*{shown}.* in row 1"):
        whole_numbers(np.array(value), "frame")
    with pytest.raises(PoseError, match="in row 1"):
        whole_numbers(np.array([1, 2**63], "u8"), "frame")


def test_labels_and_texts():
    assert labels(np.array(["a", b"b"], object), "x").tolist() == ["a", "b"]
    assert labels(np.array([b"a"]), "x").tolist() == ["a"]
    assert labels(np.array([1.0, 2.0]), "x").dtype == np.int64
    assert labels(np.array([1, 2], object), "x").tolist() == [1, 2]
    with pytest.raises(PoseError, match="'None' in row 1"):
        labels(np.array(["a", None], object), "x")
    assert texts(np.array("box"), "x").item() == "box"
    with pytest.raises(PoseError, match="must hold text"):
        texts(np.array(3), "x")


def _columns() -> dict[str, np.ndarray]:
    written = make_predictions(full=True).plain()
    return {k: v for k, v in vars(written).items() if isinstance(v, np.ndarray)}


OTHER_TYPES = {
    "joints_3d": lambda v: v.astype(">f8"),
    "frame": lambda v: np.array([f"{i:06d}" for i in v]),
    "sequence": lambda v: v.astype(float),
    "activity": lambda v: v.astype("u4"),
    "scene": lambda v: v.astype(object),
    "visible": lambda v: v.astype(np.float16),
    "sequence_names": lambda v: v.astype("S"),
    "scene_names": lambda v: v.astype(object),
}


def _tables(predictions: Predictions) -> list:
    tables = evaluate([predictions], "3dhp", draws=0).tables
    return [table.as_json() for table in tables if table.title != "Switches at test time"]


@pytest.mark.parametrize("suffix", [".npz", ".h5"])
def test_a_file_of_other_types_scores_the_same(tmp_path, suffix):
    columns = _columns()
    expected = _tables(make_predictions(full=True))
    columns |= {key: change(columns[key]) for key, change in OTHER_TYPES.items()}
    path = tmp_path / f"p{suffix}"
    if suffix == ".npz":
        np.savez(path, **columns)
    else:
        del columns["scene"], columns["scene_names"]  # HDF5 has no objects
        original = _columns()
        with h5py.File(path, "w") as file:
            for key, value in columns.items():
                file[key] = value.astype("S") if value.dtype.kind == "U" else value
            file["scene"], file["scene_names"] = original["scene"], original["scene_names"].astype("S")
    read = read_predictions(path)
    assert read.frame.dtype == np.int64
    assert read.visible.dtype == bool
    assert _tables(read) == expected


def test_half_precision_is_scored(tmp_path):
    columns = _columns() | {"joints_3d": _columns()["joints_3d"].astype(np.float16)}
    np.savez(tmp_path / "p.npz", **columns)
    for protocol in ("3dhp", "3dhp-pa", "all"):
        assert evaluate([read_predictions(tmp_path / "p.npz")], protocol, draws=0).tables[0].rows


class _Harmful:
    def __reduce__(self):
        return Path.touch, (Path("/tmp/pose3d-must-not-exist"),)


def test_objects_other_than_numbers_and_text_are_refused_and_run_no_code(tmp_path):
    for harmful in (np.array([_Harmful()], object), np.array([Path("x")], object)):
        np.savez(tmp_path / "p.npz", **(_columns() | {"sequence": np.repeat(harmful, 96)[:96]}))
        with pytest.raises(PoseError, match="'sequence' holds Python objects other than numbers and text"):
            read_predictions(tmp_path / "p.npz")
    assert not Path("/tmp/pose3d-must-not-exist").exists()


def test_damaged_files_are_one_sentence(tmp_path):
    np.savez_compressed(tmp_path / "whole.npz", **_columns())
    with h5py.File(tmp_path / "whole.h5", "w") as file:
        file["joints_3d"] = np.zeros((3, 17, 3))
    rng = np.random.default_rng(0)
    for suffix in (".npz", ".h5"):
        content = (tmp_path / f"whole{suffix}").read_bytes()
        for cut in (0, 1, 100, len(content) // 2, len(content) - 1):
            (tmp_path / f"cut{suffix}").write_bytes(content[:cut])
            with pytest.raises(PoseError) as caught:
                read_predictions(tmp_path / f"cut{suffix}")
            assert "\n" not in str(caught.value)
    content = bytearray((tmp_path / "whole.npz").read_bytes())
    for _ in range(100):
        damaged = bytearray(content)
        for place in rng.integers(0, len(content), 8):
            damaged[place] = rng.integers(0, 256)
        (tmp_path / "bits.npz").write_bytes(damaged)
        with suppress(PoseError):
            read_predictions(tmp_path / "bits.npz")


def test_a_scalar_in_place_of_a_column_is_refused(tmp_path):
    np.savez(tmp_path / "p.npz", **(_columns() | {"frame": np.int64(3)}))
    with pytest.raises(PoseError, match=r"'frame' has shape \(\), but must be \(N\)"):
        read_predictions(tmp_path / "p.npz")


def test_object_arrays_of_text_are_read(tmp_path):
    np.savez(tmp_path / "p.npz", names=np.array(["a", "b"], object))
    assert read_arrays(tmp_path / "p.npz")["names"].tolist() == ["a", "b"]


ODD = {
    "one number": lambda v: np.float64(3),
    "one text": lambda v: np.array("x"),
    "none": lambda v: np.array(None),
    "a dictionary": lambda v: np.array({"a": 1}),
    "nothing": lambda v: np.zeros(0),
    "one axis more": lambda v: v[..., None],
    "every row twice": lambda v: np.concatenate([np.atleast_1d(v)] * 2),
    "text": lambda v: np.full(v.shape, "x"),
    "bytes": lambda v: np.full(v.shape, b"\xff"),
    "lists of different lengths": lambda v: np.array([[1], [1, 2]], object),
    "structures": lambda v: np.zeros(3, [("a", "f4")]),
    "infinity": lambda v: np.full(v.shape, np.inf),
}


@pytest.mark.parametrize("odd", ODD)
def test_a_column_of_any_odd_content_is_read_or_refused(tmp_path, odd):
    write_predictions(tmp_path / "sound.npz", make_predictions(full=True))
    with np.load(tmp_path / "sound.npz") as file:
        sound = dict(file)
    refused = []
    for key, value in sound.items():
        np.savez(tmp_path / "odd.npz", **(sound | {key: ODD[odd](value)}))
        try:
            evaluate([read_predictions(tmp_path / "odd.npz")], "3dhp", draws=0)
        except PoseError:
            refused.append(key)
    assert {"joints_3d", "target_3d"} <= set(refused)
