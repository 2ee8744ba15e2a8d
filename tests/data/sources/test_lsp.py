"""LSP and its extended training set on fabricated official files."""

import numpy as np
import pytest
from scipy.io import savemat

from pose3d.data.sources import lsp, lspet
from pose3d.data.sources.prepare import prepare
from pose3d.data.store import PoseStore
from pose3d.errors import PoseError
from tests.data.sources.picture_trees import PELVIS, WHOLE, picture

# LSP's index of each of the first 14 joints.
LSP_14 = [13, 12, 8, 7, 6, 9, 10, 11, 2, 1, 0, 3, 4, 5]


def lsp_tree(root, extended, count=1003):
    """Labels of `count` pictures, of which only a few pictures are written."""
    rng = np.random.default_rng(1)
    joints = rng.uniform(10, 110, (count, 14, 3)).round(3)
    joints[..., 2] = rng.integers(0, 2, (count, 14))
    if extended:
        joints[..., :2] *= joints[..., 2:]
        savemat(root / "joints.mat", {"joints": joints.transpose(1, 2, 0)})
    else:
        savemat(root / "joints.mat", {"joints": joints.transpose(2, 1, 0)})
    return joints


def test_lsp_splits_at_1000_and_takes_occluded_joints(tmp_path):
    joints = lsp_tree(tmp_path, extended=False)
    for number in (1001, 1002, 1003):
        picture(tmp_path / "images" / f"im{number:04d}.jpg", number - 950)
    prepare(lsp.plan(tmp_path, framing=WHOLE, split="test"), tmp_path / "out.h5")
    store = PoseStore(tmp_path / "out.h5")
    assert list(store.labels("frame")) == [1001, 1002, 1003]
    np.testing.assert_allclose(store.labels("joints_2d")[1, :14], joints[1001][LSP_14, :2], atol=1e-4)
    np.testing.assert_allclose(store.labels("joints_2d")[1, PELVIS], joints[1001][[2, 3], :2].mean(axis=0), atol=1e-4)
    assert store.labels("visible")[1, :15].all()
    assert not store.labels("visible")[1, 15:].any()
    with pytest.raises(PoseError, match="1000 images are missing"):
        lsp.plan(tmp_path, framing=WHOLE)


def test_lspet_has_other_axes_and_the_opposite_flag(tmp_path):
    root = tmp_path / "hr-lspet"
    root.mkdir()
    joints = lsp_tree(root, extended=True, count=3)
    for number, end in ((1, "jpg"), (2, "png"), (3, "jpg")):
        picture(root / "images" / f"im{number:05d}.{end}", 60 * number)
    prepare(lspet.plan(tmp_path, framing=WHOLE), tmp_path / "out.h5")
    store = PoseStore(tmp_path / "out.h5")
    assert len(store) == 3
    for index in range(3):
        flags = joints[index, :, 2]
        assert list(store.labels("visible")[index, :14]) == list(flags[LSP_14])
        assert store.labels("visible")[index, PELVIS] == flags[2] * flags[3]
        seen = flags[LSP_14] > 0
        np.testing.assert_allclose(
            store.labels("joints_2d")[index, :14][seen], joints[index][LSP_14, :2][seen], atol=1e-4
        )
    with pytest.raises(PoseError, match="is it LSP's"):
        lsp.plan(root, framing=WHOLE)
