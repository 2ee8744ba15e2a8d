"""Joint sets against the official index tables, typed here a second time."""

import numpy as np
import pytest

from pose3d.errors import PoseError
from pose3d.skeleton import (
    H36M_17,
    H36M_32,
    JOINT_SETS,
    LSP_14,
    MPI_INF_3DHP_17,
    MPI_INF_3DHP_28,
    MPII_16,
    POSE2D_15,
    joint_set,
    remap,
)

# One-based, as the official tools print them.
O1_17 = [2, 16, 2, 3, 4, 2, 6, 7, 15, 9, 10, 15, 12, 13, 15, 15, 2]
O2_17 = [16, 15, 16, 2, 3, 16, 2, 6, 16, 15, 9, 16, 15, 12, 15, 15, 16]
O1_28 = [3, 1, 4, 5, 5, 2, 6, 7, 6, 9, 10, 11, 12, 6, 14, 15, 16, 17, 5, 19, 20, 21, 22, 5, 24, 25, 26, 27]
O2_28 = [4, 3, 5, 5, 5, 1, 2, 6, 2, 6, 9, 10, 11, 2, 6, 14, 15, 16, 4, 5, 19, 20, 21, 4, 5, 24, 25, 26]


@pytest.mark.parametrize(
    ("joints", "o1", "o2"), [(MPI_INF_3DHP_17, O1_17, O2_17), (MPI_INF_3DHP_28, O1_28, O2_28)], ids=["17", "28"]
)
def test_parents_are_the_official_ones(joints, o1, o2):
    assert [p + 1 for p in joints.parents_o1] == o1
    assert [p + 1 for p in joints.parents_o2] == o2


def test_order_two_is_the_grandparent_except_at_the_hips():
    o1, o2 = MPI_INF_3DHP_17.parents_o1, MPI_INF_3DHP_17.parents_o2
    exceptions = {MPI_INF_3DHP_17.names[j] for j in range(17) if o2[j] != o1[o1[j]]}
    assert exceptions == {"r_hip", "l_hip"}


def test_flip_of_the_17_joints():
    assert list(MPI_INF_3DHP_17.flip) == [0, 1, 5, 6, 7, 2, 3, 4, 11, 12, 13, 8, 9, 10, 14, 15, 16]


@pytest.mark.parametrize("joints", JOINT_SETS.values(), ids=JOINT_SETS)
def test_flips_are_involutions_that_commute_with_the_parents(joints):
    flip = np.array(joints.flip)
    assert (flip[flip] == np.arange(len(joints))).all()
    for parents in (joints.parents_o1, joints.parents_o2):
        if parents:
            assert [parents[flip[j]] for j in range(len(joints))] == [flip[p] for p in parents]


@pytest.mark.parametrize(
    ("source", "target", "expected"),
    [
        (MPI_INF_3DHP_28, MPI_INF_3DHP_17, [7, 5, 14, 15, 16, 9, 10, 11, 23, 24, 25, 18, 19, 20, 4, 3, 6]),
        (H36M_32, H36M_17, [0, 1, 2, 3, 6, 7, 8, 12, 13, 14, 15, 17, 18, 19, 25, 26, 27]),
        (H36M_32, MPI_INF_3DHP_17, [15, 13, 25, 26, 27, 17, 18, 19, 1, 2, 3, 6, 7, 8, 0, 12, 14]),
        (H36M_17, MPI_INF_3DHP_17, [10, 8, 14, 15, 16, 11, 12, 13, 1, 2, 3, 4, 5, 6, 0, 7, 9]),
        (MPI_INF_3DHP_17, H36M_17, [14, 8, 9, 10, 11, 12, 13, 15, 1, 16, 0, 5, 6, 7, 2, 3, 4]),
        (MPII_16, POSE2D_15, [9, 8, 12, 11, 10, 13, 14, 15, 2, 1, 0, 3, 4, 5, 6]),
        (LSP_14, POSE2D_15, [13, 12, 8, 7, 6, 9, 10, 11, 2, 1, 0, 3, 4, 5, -1]),
    ],
)
def test_remaps_are_the_official_ones(source, target, expected):
    assert remap(source, target).tolist() == expected


def test_unknown_names_are_refused_with_the_known_ones():
    with pytest.raises(PoseError, match="mpi_inf_3dhp_17"):
        joint_set("coco")
    with pytest.raises(PoseError, match="head_top"):
        MPI_INF_3DHP_17.index("nose")
