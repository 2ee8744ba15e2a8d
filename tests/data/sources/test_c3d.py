"""C3D files are read as ezc3d reads them; damaged ones are refused, from some of which ezc3d never returns."""

import numpy as np
import pytest

from pose3d.data.sources.c3d import read_c3d
from pose3d.data.sources.points import Points, read_points, write_c3d
from pose3d.errors import PoseError
from pose3d.skeleton import MPI_INF_3DHP_17
from scripts.torture.damage import damage_bytes

ezc3d = pytest.importorskip("ezc3d")


@pytest.fixture
def path(tmp_path):
    positions = np.random.default_rng(0).normal(0, 500, (4, 17, 3))
    positions[2, 5] = np.nan
    write_c3d(tmp_path / "points.c3d", Points(tuple(MPI_INF_3DHP_17.names), positions, 50.0, "seventeen"))
    return tmp_path / "points.c3d"


def test_points_and_parameters_are_those_of_ezc3d(path):
    file, other = read_c3d(path), ezc3d.c3d(str(path))
    expected = np.asarray(other["data"]["points"])[:3].transpose(2, 1, 0)
    np.testing.assert_array_equal(file.positions, expected)
    assert np.isnan(file.positions[2, 5]).all()
    point = other["parameters"]["POINT"]
    assert file.texts("POINT:LABELS") == point["LABELS"]["value"]
    assert file.number("POINT:RATE") == point["RATE"]["value"][0] == 50
    assert file.text("POINT:UNITS") == "mm"
    assert file.text("POINT:SKEL") == read_points(path).skeleton == "seventeen"


def test_integers_of_a_big_endian_file_are_scaled(path):
    """A file made by hand: two points, three frames, one analogue sample a frame, the second point missing once."""
    data = np.arange(27, dtype=">i2").reshape(3, 9)
    data[1, 7] = -1
    head = np.zeros(512, np.uint8)
    head[:2] = 2, 0x50
    head[2:10] = np.frombuffer(np.array([2, 1, 1, 3], ">u2").tobytes(), np.uint8)
    head[12:16] = np.frombuffer(np.array(0.5, ">f4").tobytes(), np.uint8)
    head[16:18] = 0, 3
    section = np.zeros(512, np.uint8)
    section[:4] = 1, 0x50, 1, 86
    path.write_bytes(head.tobytes() + section.tobytes() + data.tobytes())
    positions = read_c3d(path).positions
    np.testing.assert_array_equal(positions[0], [[0, 0.5, 1], [2, 2.5, 3]])
    assert np.isnan(positions[1, 1]).all()
    np.testing.assert_array_equal(positions[2, 1], [11, 11.5, 12])


@pytest.mark.parametrize(("kept", "fault"), [(0, "no C3D header"), (937, "no C3D header"), (1100, "cut short")])
def test_a_cut_file_is_refused(path, kept, fault):
    path.write_bytes(path.read_bytes()[:kept])
    with pytest.raises(PoseError, match=f"as a C3D file: it.*{fault}"):
        read_points(path)


@pytest.mark.parametrize(
    ("place", "value", "fault"),
    [
        (0, 0, "outside the file"),
        (0, 255, "outside the file"),
        (1, 0x51, "no C3D header"),
        (512 + 2, 255, "parameters are cut short"),
        (512 + 3, 7, "unknown processor"),
        (9, 200, "frames are cut short"),
        (3, 200, "frames are cut short"),
        (17, 255, "frames are cut short"),
    ],
)
def test_counts_beyond_the_file_are_refused(path, place, value, fault):
    content = bytearray(path.read_bytes())
    content[place] = value
    path.write_bytes(content)
    with pytest.raises(PoseError, match=fault):
        read_points(path)


@pytest.mark.parametrize("step", [b"\x00\x80", b"\xff\x7f", b"\x01\x00"])
def test_a_broken_chain_of_parameters_is_refused(path, step):
    content = bytearray(path.read_bytes())
    place = content.index(b"POINT") + 5
    content[place : place + 2] = step
    path.write_bytes(content)
    with pytest.raises(PoseError, match="list of parameters is damaged"):
        read_points(path)


def test_damage_of_any_kind_is_a_sentence_or_read(path):
    content = path.read_bytes()
    refused = 0
    for seed in range(500):
        path.write_bytes(damage_bytes(content, np.random.default_rng(seed))[0])
        try:
            read_points(path)
        except PoseError:
            refused += 1
    assert 100 < refused < 490
