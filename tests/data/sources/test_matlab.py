"""MATLAB files that scipy's reader does not survive are refused like other damaged ones."""

import numpy as np
import pytest
from scipy.io import savemat

from pose3d.data.sources.matlab import load_v5
from pose3d.errors import PoseError


def test_a_file_that_crashes_the_reader_is_refused(tmp_path):
    path = tmp_path / "annot.mat"
    cell = np.empty((1, 1), object)
    cell[0, 0] = np.random.default_rng(0).uniform(10, 80, (1, 51))
    savemat(path, {"annot2": cell, "annot3": cell})
    np.testing.assert_array_equal(load_v5(path, "annot2")["annot2"][0, 0], cell[0, 0])
    content = bytearray(path.read_bytes())
    content[231:337] = bytes(106)
    path.write_bytes(content)
    with pytest.raises(PoseError, match=r"annot\.mat as a MATLAB file: it is damaged"):
        load_v5(path, "annot2")
