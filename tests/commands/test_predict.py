"""`pose3d predict` and `pose3d export` through the command line's own entry point."""

from pathlib import Path

import cv2
import numpy as np
import pytest

from pose3d.app import main
from pose3d.predictions import Predictions, read_predictions, write_predictions
from tests.predict.people import save_stage
from tests.predict.test_frames import write_video

ANYTHING = ["--min-score=-1e9", "--device", "cpu"]
"""Random networks see nobody: let every joint count as seen."""


@pytest.fixture(scope="module")
def checkpoints(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    folder = tmp_path_factory.mktemp("run")
    paths = [save_stage(folder / "stage2/best.ckpt", 2), save_stage(folder / "stage1/best.ckpt", 1)]
    return ["--checkpoint", str(paths[0]), "--box-checkpoint", str(paths[1])]


@pytest.fixture
def images(tmp_path: Path) -> Path:
    folder = tmp_path / "images"
    folder.mkdir()
    for i, name in enumerate(("b_10.png", "b_2.png", "a.jpg")):
        pixels = np.random.default_rng(i).integers(0, 255, (60 + 10 * i, 80, 3), dtype=np.uint8)
        cv2.imwrite(str(folder / name), pixels)
    return folder


def test_a_folder_of_images(checkpoints, images, tmp_path, capsys) -> None:
    out = tmp_path / "out"
    assert main(["predict", str(images), *checkpoints, *ANYTHING, "--out", str(out), "--pictures"]) == 0
    found = read_predictions(out / "predictions.npz")
    assert found.joints_3d is not None
    assert found.joints_3d.shape == (3, 17, 3)
    assert found.joints_2d is not None
    assert found.joints_2d.shape == (3, 17, 2)
    assert found.translation is not None
    assert found.bbox is not None
    assert found.frame is not None
    assert found.frame.tolist() == [0, 1, 2]
    assert found.sequence_names is not None
    assert found.sequence_names.tolist() == ["a.jpg", "b_2.png", "b_10.png"]
    assert found.box == "2DPoseNet"
    assert sorted(path.name for path in (out / "pictures").iterdir()) == ["a.png", "b_10.png", "b_2.png"]
    printed = capsys.readouterr().out
    assert "3 frames, a pose in 3\n" in printed
    assert "camera: field of view of 55 degrees (assumed)" in printed
    assert "give --fov or --intrinsics" in printed


def test_a_video_with_given_boxes(checkpoints, tmp_path, capsys) -> None:
    video, boxes, out = tmp_path / "clip.avi", tmp_path / "boxes.csv", tmp_path / "clip.h5"
    write_video(video, 7)
    boxes.write_text("10,5,30,40\n" * 3 + "nan,nan,nan,nan\n" + "10,5,30,40\n" * 3)
    arguments = ["predict", str(video), *checkpoints[:2], "--boxes", str(boxes), "--intrinsics", "70,70,31.5,23.5"]
    assert main([*arguments, "--out", str(out), "--pictures", "--batch-size", "3", "--device", "cpu"]) == 0
    found = read_predictions(out)
    assert found.valid is not None
    assert found.valid.tolist() == [True] * 3 + [False] + [True] * 3
    assert found.box == "given"
    assert found.camera is not None
    assert found.camera[0] == "fx 70, fy 70, cx 31.5, cy 23.5 px"
    printed = capsys.readouterr().out
    assert "7 frames, a pose in 6; nobody was found in 1, whose values are NaN" in printed
    assert "assumed" not in printed
    assert (tmp_path / "pictures" / "clip.png").is_file()
    # Its own boxes, read back from the file, give the same poses.
    again = tmp_path / "again.npz"
    arguments[arguments.index(str(boxes))] = str(out)
    assert main([*arguments, "--out", str(again), "--device", "cpu"]) == 0
    np.testing.assert_allclose(read_predictions(again).joints_3d, found.joints_3d, rtol=1e-3, atol=1e-3)


def test_nobody_anywhere(checkpoints, images, tmp_path, capsys) -> None:
    out = tmp_path / "p.npz"
    assert main(["predict", str(images / "a.jpg"), *checkpoints, "--min-score", "1e9", "--out", str(out)]) == 0
    assert "1 frame, a pose in 0; nobody was found in 1" in capsys.readouterr().out
    assert np.isnan(np.load(out)["joints_3d"]).all()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["{images}", "--checkpoint", "none.ckpt"], "`make stage1 stage2 stage3` makes it"),
        (["missing.mp4"], "there is no missing.mp4"),
        (["{images}", "--box", "1,2,3"], "--box '1,2,3' is not understood; write x,y,w,h"),
        (["{images}", "--box", "1,2,0,0"], "has no area"),
        (["{images}", "--boxes", "none.csv"], "there is no file of boxes none.csv"),
        (["{images}", "--boxes", "{boxes}"], "has 2 boxes for 3 frames"),
        (["{images}", "--boxes", "{images}/a.jpg"], "is no list of boxes"),
        (["{images}", "--fov", "200"], "a field of view of 200.0 degrees is impossible"),
        (["{images}", "--intrinsics", "0,1,2,3"], "no positive focal lengths"),
        (["{images}", "--batch-size", "0"], "--batch-size 0"),
        (["{images}", "--out", "{images}/a.jpg"], "is a file of another kind"),
    ],
)
def test_mistakes_end_with_one_sentence(checkpoints, images, tmp_path, monkeypatch, capsys, arguments, message) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "two.npz").unlink(missing_ok=True)
    pose = np.zeros((2, 17, 3))
    write_predictions(tmp_path / "two.npz", Predictions(joints_3d=pose, bbox=np.ones((2, 4))))
    filled = [word.format(images=images, boxes=tmp_path / "two.npz") for word in arguments]
    assert main(["predict", *checkpoints, *filled]) == 2
    error = capsys.readouterr().err
    assert message in error
    assert error.strip().count("\n") == 0
    assert "Traceback" not in error


def test_a_damaged_image_is_named(checkpoints, images, capsys) -> None:
    (images / "c.png").write_bytes(b"no image")
    assert main(["predict", str(images), *checkpoints, *ANYTHING]) == 2
    assert "c.png is damaged or no image" in capsys.readouterr().err


def test_export_says_what_it_wrote(checkpoints, tmp_path, capsys) -> None:
    out = tmp_path / "net.pt2"
    assert main(["export", checkpoints[3], "--image-size", "64", "--out", str(out)]) == 0
    printed = capsys.readouterr().out
    assert "in: crops (B, 64, 64, 3) uint8 RGB" in printed
    assert "out: heatmaps (B, 15, 4, 4)" in printed
    assert out.is_file()
    assert main(["export", checkpoints[3], "--out", "net.onnx"]) == 2
    assert "exported as .pt2" in capsys.readouterr().err


@pytest.mark.parametrize("command", ["predict", "export", "report"])
def test_an_unwritable_output_is_told_before_the_work(checkpoints, images, capsys, monkeypatch, command) -> None:
    def fail(*args: object) -> None:
        pytest.fail("the work has begun")

    for name in ("pose3d.commands.predict._predictor", "pose3d.predict.export.load_deployed"):
        monkeypatch.setattr(name, fail)
    monkeypatch.setattr("pose3d.reporting.page.read_run", fail)
    given = {"predict": [str(images), *checkpoints], "export": [checkpoints[1]], "report": [str(images)]}[command]
    suffix = {"predict": ".npz", "export": ".pt2", "report": ".html"}[command]
    assert main([command, *given, "--out", f"/proc/deeper/out{suffix}"]) == 2
    assert "cannot write /proc/deeper/out" in capsys.readouterr().err
