"""The rendered film of docs/predict.md: what `pose3d predict` exports of it, read back by third-party software."""

from pathlib import Path

import cv2
import numpy as np
import pytest

from pose3d.app import main
from pose3d.predict.place.place import apply
from pose3d.predictions import read_predictions
from pose3d.skeleton import MPI_INF_3DHP_17
from scripts.film import errors, render, truth_of
from tests.animation.readers import READERS
from tests.animation.test_programs import in_blender

pytestmark = pytest.mark.slow
FRAMES = 125
WITHIN_MM = {"bvh": 5.0, "glb": 1.0, "trc": 1.0, "c3d": 1.0}
NEEDS = {"bvh": "bvhio", "glb": "pygltflib", "c3d": "ezc3d"}


@pytest.fixture(scope="module")
def predicted(tmp_path_factory) -> Path:
    """Folder of film.mp4 and of what is predicted of it."""
    from pose3d.synth.film import Film

    pytest.importorskip("ezc3d")
    pytest.importorskip("pygltflib")
    folder = tmp_path_factory.mktemp("film")
    film = folder / "film.mp4"
    render(film, Film(FRAMES, activity=1, seed=1))
    known = ["--height", "1.668", "--intrinsics", "1650,1650,959.5,539.5"]
    wanted = ["--smooth", "--video", "--player", "--export", "bvh,glb,trc,c3d"]
    assert main(["predict", str(film), *wanted, *known, "--out", str(folder / "out")]) == 0
    return folder


@pytest.fixture(scope="module")
def world(predicted) -> np.ndarray:
    """(FRAMES, 17, 3) mm, y up."""
    refined = read_predictions(predicted / "out" / "refined.npz")
    joints = refined.joints_3d.astype(float) + refined.translation.astype(float)[:, None]
    return apply(refined.world_from_camera, joints)


@pytest.mark.parametrize("kind", WITHIN_MM)
def test_exports_come_back(predicted, world, kind):
    if kind in NEEDS:
        pytest.importorskip(NEEDS[kind])
    found = READERS[kind](predicted / "out" / f"motion.{kind}") * (1000 if kind == "glb" else 1)
    assert found.shape == world.shape == (FRAMES, 17, 3)
    assert np.linalg.norm(found - world, axis=-1).max() < WITHIN_MM[kind]


@pytest.mark.parametrize("kind", ["bvh", "glb"])
def test_blender_shows_the_person_upright(predicted, world, kind):
    found = in_blender(kind, predicted / "out" / f"motion.{kind}", FRAMES)
    x, y, z = np.moveaxis(world, -1, 0)
    np.testing.assert_allclose(found, np.stack([x, -z, y], axis=-1), atol=WITHIN_MM[kind])
    height = found[..., 2]
    names = MPI_INF_3DHP_17.names
    assert (height[:, names.index("head")] > height[:, names.index("pelvis")] + 400).all()
    assert (np.abs(height[:, [names.index("r_ankle"), names.index("l_ankle")]].min(axis=1)) < 150).all()


def test_video_and_player_are_of_the_film(predicted):
    capture = cv2.VideoCapture(str(predicted / "out" / "video.mp4"))
    assert capture.get(cv2.CAP_PROP_FRAME_COUNT) == FRAMES
    assert (capture.get(cv2.CAP_PROP_FRAME_WIDTH), capture.get(cv2.CAP_PROP_FRAME_HEIGHT)) == (1920, 1080)
    assert "film.mp4" in (predicted / "out" / "player.html").read_text()


def test_as_near_as_the_documentation_says(predicted):
    """The goals for this film, with a margin for other processors, whose networks differ in the last digits."""
    truth = np.load(truth_of(predicted / "film.mp4"))
    plain, refined = (
        errors(read_predictions(predicted / "out" / f"{name}.npz"), truth["joints"], truth["up"])
        for name in ("predictions", "refined")
    )
    assert refined["mpjpe_mm"] < plain["mpjpe_mm"] + 1
    assert refined["acceleration_mm"] < 0.35 * plain["acceleration_mm"]
    assert refined["slip_mm"] < 10
    assert refined["up_deg"] < 2.5
    assert refined["distance_p90"] < 5.5
