"""`pose3d predict` and `pose3d refine` on a video of known motion: refined, placed, exported, drawn."""

import re
from pathlib import Path

import cv2
import numpy as np
import pytest

from pose3d.app import main
from pose3d.commands import predict
from pose3d.predict.place.contacts import ANKLES
from pose3d.predict.place.place import apply
from pose3d.predict.rows import RowWriter
from pose3d.predictions import read_predictions
from pose3d.skeleton import MPI_INF_3DHP_17
from pose3d.synth.bodies import load_bodies
from pose3d.synth.cameras import Camera, look_at, pinhole
from tests.animation.readers import READERS
from tests.predict.motions import BODY, acceleration_error, mpjpe, world_motion
from tests.predict.oracle import oracle, write_marked_video

pytest.importorskip("ezc3d")
pytest.importorskip("pygltflib")
pytest.importorskip("bvhio")

FRAMES, STANDING = 50, 7
FOCAL, SIZE = 280.0, (320, 240)
CAMERA = Camera(pinhole(FOCAL, SIZE), look_at(np.array([300.0, -4500, 1500]), np.array([0, 0, 900.0])), SIZE)
PITCH = float(np.degrees(np.arcsin(-CAMERA.cam_from_world[2, 2])))
INTRINSICS = f"{FOCAL},{FOCAL},{(SIZE[0] - 1) / 2},{(SIZE[1] - 1) / 2}"


@pytest.fixture(scope="module")
def video(tmp_path_factory) -> tuple[Path, np.ndarray]:
    path = tmp_path_factory.mktemp("video") / "exercise.avi"
    return path, write_marked_video(path, world_motion(STANDING, FRAMES, seed=3), CAMERA)


@pytest.fixture
def networks(monkeypatch, video) -> None:
    monkeypatch.setattr(predict, "_predictor", lambda args, boxes_given: oracle(video[1]))


def test_a_video_becomes_an_animation(video, networks, tmp_path, capsys) -> None:
    path, joints = video
    out, height = tmp_path / "out", float(load_bodies().height[BODY])
    arguments = ["--smooth", "--height", f"{height}", "--depth", "perspective", "--intrinsics", INTRINSICS]
    arguments += ["--camera-pitch", f"{PITCH}"]
    outputs = ["--video", "--player", "--pictures", "--export", "bvh,glb,trc,c3d,csv", "--out", str(out)]
    assert main(["predict", str(path), *arguments, *outputs]) == 0
    names = "predictions.npz refined.npz motion.bvh motion.glb motion.trc motion.c3d motion.csv video.mp4 player.html"
    assert sorted(p.name for p in out.iterdir()) == sorted([*names.split(), "pictures"])
    raw, refined = read_predictions(out / "predictions.npz"), read_predictions(out / "refined.npz")
    root = joints[:, MPI_INF_3DHP_17.root]
    truth = joints - root[:, None]
    assert raw.background_lines.shape[1] == 4
    np.testing.assert_array_equal(raw.background_lines, refined.background_lines)

    assert acceleration_error(refined.joints_3d, truth) < 0.3 * acceleration_error(raw.joints_3d, truth)
    assert mpjpe(refined.joints_3d, truth) < mpjpe(raw.joints_3d, truth) + 1
    distance = np.linalg.norm(refined.translation, axis=1) / np.linalg.norm(root, axis=1)
    assert np.abs(distance - 1).max() < 0.05
    up = refined.world_from_camera[1, :3]
    assert np.degrees(np.arccos(min(1.0, up @ CAMERA.cam_from_world[:3, 2]))) < 2
    world = apply(refined.world_from_camera, refined.joints_3d.astype(float) + refined.translation[:, None])
    stands = refined.contact[1:] & refined.contact[:-1]
    slips = np.linalg.norm(np.diff(world[:, ANKLES], axis=0), axis=-1)[stands]
    assert stands.mean() > 0.1
    assert slips.mean() < 3
    assert np.quantile(slips, 0.95) < 10

    for name in ("bvh", "glb", "trc", "c3d", "csv"):
        back = READERS[name](out / f"motion.{name}") * (1000 if name == "glb" else 1)
        assert np.linalg.norm(back - world, axis=-1).max() < (5 if name == "bvh" else 1), name
    printed = capsys.readouterr().out
    assert "height: 1.80 m (given)" in printed
    assert "up and floor: from a camera pitch of" in printed
    assert re.search(r"distance: 4\.\d\d m on average, uncertain by 0\.\d\d m", printed)


def test_the_drawn_video(video, networks, tmp_path) -> None:
    path, _ = video
    out = tmp_path / "out"
    assert main(["predict", str(path), "--video", "--out", str(out), "--fov", "60"]) == 0
    plain, drawn = (cv2.VideoCapture(str(p)) for p in (path, out / "video.mp4"))
    assert drawn.get(cv2.CAP_PROP_FPS) == plain.get(cv2.CAP_PROP_FPS)
    for number in range(FRAMES):
        (ok, a), (also, b) = plain.read(), drawn.read()
        assert ok
        assert also, number
        assert a.shape == b.shape
        changed = np.abs(b.astype(int) - a).max(axis=-1) > 60
        assert changed.sum() > 100, number  # lines between the marks
    assert not drawn.read()[0]


def test_refine_does_the_same_without_networks(video, networks, tmp_path, monkeypatch, capsys) -> None:
    path, _ = video
    options = ["--smooth", "--height", "1.75", "--export", "bvh", "--camera-pitch", "7.6"]
    first, second = tmp_path / "first", tmp_path / "second"
    assert main(["predict", str(path), *options, "--out", str(first)]) == 0
    assert main(["predict", str(path), "--out", str(second)]) == 0
    monkeypatch.setattr(predict, "_predictor", None)
    assert main(["refine", str(second / "predictions.npz"), *options]) == 0
    for name in ("motion.bvh", "predictions.npz"):
        assert (first / name).read_bytes() == (second / name).read_bytes() or name == "predictions.npz"
    a, b = (read_predictions(folder / "refined.npz") for folder in (first, second))
    np.testing.assert_array_equal(a.joints_3d, b.joints_3d)
    assert "up and floor: from a camera pitch of 7.6 degrees" in capsys.readouterr().out
    assert main(["refine", str(second / "predictions.npz"), "--player"]) == 0
    assert "data:video/webm" in (second / "player.html").read_text()


def test_a_killed_run_is_recovered(video, networks, tmp_path, monkeypatch, capsys) -> None:
    path, _ = video
    out = tmp_path / "out"
    append, count = RowWriter.append, 0

    def killed(self, part) -> None:
        nonlocal count
        count += 1
        if count > 30:
            raise KeyboardInterrupt
        append(self, part)

    monkeypatch.setattr(RowWriter, "append", killed)
    assert main(["predict", str(path), "--out", str(out)]) == 130
    (left,) = out.iterdir()
    assert f"what was predicted is in {left}" in capsys.readouterr().err
    assert main(["refine", str(left), "--smooth"]) == 0
    assert len(read_predictions(out / "recovered.npz")) == 30
    assert read_predictions(out / "recovered_refined.npz").valid.all()  # type: ignore[union-attr]


def test_frames_in_a_folder_are_a_video_where_a_rate_is_given(video, networks, tmp_path, capsys) -> None:
    path, _ = video
    capture, folder = cv2.VideoCapture(str(path)), tmp_path / "frames"
    folder.mkdir()
    for number in range(20):
        cv2.imwrite(str(folder / f"{number}.png"), capture.read()[1])
    out = tmp_path / "out"
    assert main(["predict", str(folder), "--smooth", "--out", str(out)]) == 2
    assert "for a folder of frames give --frame-rate" in capsys.readouterr().err
    assert main(["predict", str(folder), "--smooth", "--frame-rate", "25", "--out", str(out)]) == 0
    refined = read_predictions(out / "refined.npz")
    assert refined.sequence.tolist() == [0] * 20  # type: ignore[union-attr]
    np.testing.assert_allclose(refined.time, np.arange(20) / 25)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--export", "fbx"], "--export fbx is not a format"),
        (["--cutoff", "3"], "belong to --smooth"),
        (["--smooth", "--cutoff", "arms=3"], "--cutoff arms=3 is not understood"),
        (["--height", "175"], "--height 175 is not a human height"),
        (["--camera-pitch", "100"], "--camera-pitch 100 is not possible"),
        (["--smooth", "--frame-rate", "0"], "--frame-rate 0 is not possible"),
        (["--video", "--out", "{file}/x"], "cannot write"),
    ],
)
def test_mistakes_are_told_before_the_work(video, tmp_path, monkeypatch, capsys, arguments, message) -> None:
    (tmp_path / "file").write_text("")
    filled = [word.format(file=tmp_path / "file") for word in arguments]
    monkeypatch.setattr(predict, "_predictor", None)  # never reached
    monkeypatch.chdir(tmp_path)
    assert main(["predict", str(video[0]), *filled]) == 2
    assert message in capsys.readouterr().err


def test_mistakes_of_refine(video, networks, tmp_path, capsys) -> None:
    out = tmp_path / "p.npz"
    assert main(["predict", str(video[0]), "--out", str(out)]) == 0
    for arguments, message in (
        ([str(out)], "there is nothing to do"),
        ([str(tmp_path / "none.npz"), "--smooth"], "no predictions file"),
        ([str(out), "--smooth", "--out", str(tmp_path / "x.txt")], "is no predictions file"),
        ([str(out), "--video", "--source", str(tmp_path / "none.avi")], "there is no"),
    ):
        assert main(["refine", *arguments]) == 2
        assert message in capsys.readouterr().err
