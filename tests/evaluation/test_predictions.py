"""The predictions file: the same arrays back from both formats, and what it refuses."""

from dataclasses import fields
from pathlib import Path

import numpy as np
import pytest

from pose3d.errors import PoseError
from pose3d.predictions import Predictions, read_predictions, write_predictions
from tests.evaluation.people import make_predictions


@pytest.mark.parametrize("suffix", [".npz", ".h5"])
@pytest.mark.parametrize("full", [False, True])
def test_written_and_read_again(tmp_path: Path, suffix: str, full: bool) -> None:
    written = make_predictions(full=full)
    path = tmp_path / "new folder" / f"predictions{suffix}"
    write_predictions(path, written)
    read = read_predictions(path)
    for field in fields(Predictions):
        a, b = getattr(written, field.name), getattr(read, field.name)
        if isinstance(a, np.ndarray):
            np.testing.assert_array_equal(a, b)
            assert a.dtype.kind == b.dtype.kind
        elif field.name != "path":
            assert a == b


def test_keys_are_those_of_the_design(tmp_path: Path) -> None:
    write_predictions(tmp_path / "p.npz", make_predictions())
    with np.load(tmp_path / "p.npz") as file:
        assert {"joints_3d", "target_3d", "sequence", "activity", "scene", "subject", "frame"} <= set(file)


@pytest.mark.parametrize(
    ("key", "value", "message"),
    [
        ("joints_3d", np.zeros((96, 16, 3)), r"'joints_3d' has shape \(96, 16, 3\), but must be \(N, 17, 3\)"),
        ("background_lines", np.zeros((7, 3)), r"'background_lines' has shape \(7, 3\), but must be any x 4"),
        ("world_from_camera", np.eye(3), r"'world_from_camera' has shape \(3, 3\), but must be 4 x 4"),
        ("target_3d", np.zeros((95, 17, 3)), "'target_3d' has 95 rows, but there are 96 predictions"),
        ("sequence", np.zeros(3), "'sequence' has 3 rows"),
        ("translation", np.full((96, 3), np.nan), "'translation' holds NaN or infinity in 96 of 96 frames"),
        ("joints_3d", None, "neither 'joints_3d' nor 'joints_2d'"),
        ("joints_3d", np.zeros((0, 17, 3)), "rows"),
    ],
)
def test_what_is_refused(key: str, value: np.ndarray | None, message: str) -> None:
    predictions = make_predictions()
    setattr(predictions, key, value)
    with pytest.raises(PoseError, match=message):
        predictions.check()


def test_joints_that_a_network_does_not_have_are_nan_in_every_frame() -> None:
    joints = np.zeros((4, 17, 2), np.float32)
    joints[:, 15:] = np.nan
    Predictions(joints_2d=joints).check()
    joints[2, 3] = np.nan
    with pytest.raises(PoseError, match="'joints_2d' holds NaN or infinity in 1 of 4 frames, the first in row 2"):
        Predictions(joints_2d=joints).check()
    with pytest.raises(PoseError, match="in 4 of 4 frames"):
        Predictions(joints_2d=np.full_like(joints, np.nan)).check()


def test_no_frame_is_refused() -> None:
    with pytest.raises(PoseError, match="holds no frame"):
        make_predictions().select(np.zeros(96, bool)).check()


@pytest.mark.parametrize("key", ["joints_3d", "target_3d"])
def test_nan_is_named_unless_the_frame_is_invalid(key: str) -> None:
    predictions = make_predictions()
    getattr(predictions, key)[7, 3, 1] = np.nan
    with pytest.raises(PoseError, match=f"'{key}' holds NaN or infinity in 1 of 96 frames, the first in row 7"):
        predictions.check()
    predictions.valid = np.arange(96) != 7
    predictions.check()
    assert len(predictions.evaluated()) == 95


def test_files_that_are_no_predictions(tmp_path: Path) -> None:
    with pytest.raises(PoseError, match="no predictions file"):
        read_predictions(tmp_path / "missing.npz")
    for name in ("broken.npz", "broken.h5"):
        (tmp_path / name).write_bytes(b"not an archive")
        with pytest.raises(PoseError, match="cannot be read"):
            read_predictions(tmp_path / name)
    write_predictions(tmp_path / "whole.npz", make_predictions())
    (tmp_path / "cut.npz").write_bytes((tmp_path / "whole.npz").read_bytes()[:2000])
    with pytest.raises(PoseError, match="cannot be read"):
        read_predictions(tmp_path / "cut.npz")
    with pytest.raises(PoseError, match="are written as"):
        write_predictions(tmp_path / "p.txt", make_predictions())
    np.savez(tmp_path / "other.npz", weights=np.zeros(3))
    with pytest.raises(PoseError, match="not a predictions file"):
        read_predictions(tmp_path / "other.npz")
