"""Hints for mistyped names, and the number of cores."""

import os

from pose3d.cores import available_cores
from pose3d.suggestions import closest, did_you_mean


def test_the_nearest_names_come_first_and_keep_their_spelling():
    assert closest("WORLDS", ["world", "Worlds", "words"]) == ["Worlds", "world", "words"]
    assert closest("zzz", ["world"]) == []


def test_without_a_near_name_everything_is_listed():
    assert did_you_mean("stge1", ["stage1", "stage2"]) == "did you mean stage1 or stage2?"
    assert did_you_mean("zzz", ["stage1", "stage2"]) == "known are stage1, stage2"
    assert did_you_mean("zzz", ["stage1", "stage2"], shown=["see the list"]) == "known are see the list"


def test_cores_are_those_of_this_process():
    mine = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {min(mine)})
    try:
        assert available_cores() == 1
    finally:
        os.sched_setaffinity(0, mine)
