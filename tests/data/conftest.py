from pathlib import Path

import pytest

from tests.data.drawn import write_store


@pytest.fixture(scope="session")
def store_3d(tmp_path_factory) -> Path:
    """12 samples of 3 people in 28 joints, with 3D labels and masks."""
    return write_store(tmp_path_factory.mktemp("store") / "studio3d.h5")


@pytest.fixture(scope="session")
def store_2d(tmp_path_factory) -> Path:
    """10 JPEG samples in 17 joints, 2D labels only."""
    from pose3d.skeleton import MPI_INF_3DHP_17

    path = tmp_path_factory.mktemp("store") / "wild2d.h5"
    return write_store(path, 10, joint_set=MPI_INF_3DHP_17, three_d=False, masks=False, seed=1, suffix=".jpg")
