"""A reader that crashes or hangs is detected safely; one that raises is not reported as damaged here."""

import os
import signal

import pytest

from pose3d.data.sources import h36m_cdf
from pose3d.data.sources.trial import ends_badly, limit_s
from pose3d.errors import PoseError


def stuck():
    while True:
        pass


def refuse():
    raise ValueError("not this format")


@pytest.mark.parametrize(
    ("read", "bad"),
    [(lambda: os.kill(os.getpid(), signal.SIGSEGV), True), (stuck, True), (refuse, False), (lambda: 1, False)],
)
def test_what_counts_as_bad(read, bad):
    assert ends_badly(read, limit_s=1) is bad


def test_a_cdf_file_that_holds_its_reader_up_is_refused(tmp_path, monkeypatch):
    cdflib = pytest.importorskip("cdflib")
    monkeypatch.setattr(cdflib, "CDF", lambda path: stuck())
    monkeypatch.setattr(h36m_cdf, "limit_s", lambda path: 1)
    with pytest.raises(PoseError, match=r"S1\.cdf as a CDF file: it is damaged; unpack it again"):
        h36m_cdf.read_poses(tmp_path / "S1.cdf", 3)


def test_larger_files_may_take_longer(tmp_path):
    small, large = tmp_path / "small.mat", tmp_path / "large.mat"
    small.write_bytes(b"1")
    with large.open("wb") as file:
        file.truncate(300_000_000)  # as an annot.mat of MPI-INF-3DHP
    assert limit_s(small) == 5
    assert limit_s(large) == 65
