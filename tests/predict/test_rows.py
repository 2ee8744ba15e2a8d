"""Rows that are written as they are computed."""

import numpy as np
import pytest

from pose3d.errors import PoseError
from pose3d.predict.rows import RowWriter, read_rows
from pose3d.predictions import Predictions


def part(first: int, count: int) -> Predictions:
    rng = np.random.default_rng(first)
    return Predictions(
        joints_3d=rng.normal(size=(count, 17, 3)).astype(np.float32),
        valid=np.arange(count) % 2 == 0,
        frame=np.arange(first, first + count),
        camera=np.full(count, "known"),
        source="clip.mp4",
    )


def test_rows_come_back_and_the_file_goes(tmp_path):
    writer = RowWriter(tmp_path / "p.npz")
    parts = [part(0, 3), part(3, 5)]
    for piece in parts:
        writer.append(piece)
    whole = writer.finish(["clip.mp4"])
    np.testing.assert_array_equal(whole.joints_3d, np.concatenate([p.joints_3d for p in parts]))
    assert whole.frame.tolist() == list(range(8))
    assert whole.camera.tolist() == ["known"] * 8
    assert whole.source == "clip.mp4"
    writer.remove()
    assert not list(tmp_path.iterdir())


def test_a_killed_run_leaves_its_whole_rows(tmp_path):
    writer = RowWriter(tmp_path / "p.npz")
    writer.append(part(0, 4))
    size = writer.path.stat().st_size  # read while the writer still has it open
    assert len(read_rows(writer.path)) == 4
    with writer.path.open("r+b") as file:
        file.truncate(size - 10)
    assert read_rows(writer.path).frame.tolist() == [0, 1, 2]
    writer.close()


@pytest.mark.parametrize("content", [b"", b"{", b'{"columns": [["joints_3d", "<f4", [17, 3]]]}\n'])
def test_what_holds_no_row_is_refused(tmp_path, content):
    path = tmp_path / "p.rows"
    path.write_bytes(content)
    with pytest.raises(PoseError, match="predict again"):
        read_rows(path)
