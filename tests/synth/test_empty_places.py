"""Pictures of places without people."""

import numpy as np

from pose3d.data.images import read_image
from pose3d.synth.empty_places import draw_place, write_places


def test_places_differ_and_are_upright(tmp_path):
    pictures = [draw_place(number, 0, 64) for number in range(12)]
    assert all(picture.shape == (64, 64, 3) and picture.std() > 4 for picture in pictures)
    assert np.array_equal(pictures[3], draw_place(3, 0, 64))
    assert not np.array_equal(pictures[3], draw_place(3, 1, 64))
    # Skies and ceilings are lighter than the ground.
    assert np.mean([picture[:16].mean() > picture[48:].mean() for picture in pictures]) > 0.6


def test_what_is_there_is_left_alone(tmp_path):
    write_places(tmp_path / "places", 2, seed=3, resolution=64)
    paths = sorted((tmp_path / "places").iterdir())
    assert [path.name for path in paths] == ["3-00000-64.jpg", "3-00001-64.jpg"]
    assert read_image(paths[0])[0].shape == (64, 64, 3)
    paths[0].write_bytes(b"kept")
    write_places(tmp_path / "places", 3, seed=3, resolution=64)
    assert paths[0].read_bytes() == b"kept"
    assert len(list((tmp_path / "places").iterdir())) == 3
