"""A store's identity follows its samples, not its file."""

import h5py

from pose3d.data.identity import content_sha256
from tests.data.drawn import write_store


def test_same_samples_same_hash(tmp_path):
    first, again, other = (tmp_path / f"{name}.h5" for name in ("first", "again", "other"))
    write_store(first, 3, seed=0)
    write_store(again, 3, seed=0)
    write_store(other, 3, seed=1)
    assert content_sha256(first) == content_sha256(again)
    assert content_sha256(first) != content_sha256(other)
    assert len(content_sha256(first)) == 64


def test_one_changed_checksum_changes_it_and_a_missing_one_leaves_none(tmp_path):
    path = tmp_path / "store.h5"
    write_store(path, 3)
    before = content_sha256(path)
    with h5py.File(path, "r+") as file:
        file["images/data"].attrs["sha256"] = "0" * 64
    assert content_sha256(path) not in (before, None)
    with h5py.File(path, "r+") as file:
        del file["images/data"].attrs["sha256"]
    assert content_sha256(path) is None
