"""`pose3d predict` and `pose3d export` through the command line's own entry point."""

import re
import shutil
from pathlib import Path

import cv2
import numpy as np
import pytest

from pose3d.app import main
from pose3d.errors import INCOMPLETE
from pose3d.predictions import Predictions, read_predictions, write_predictions
from tests.predict.people import save_stage
from tests.predict.test_frames import damage_frame, frame_places, write_video

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
    assert (tmp_path / "clip_pictures" / "clip.png").is_file()
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
        (["{images}", "--box", "200,10,30,30"], "lies outside the image of 80 x 80 px"),
        (["{images}", "--box", "-100,10,80,30"], "lies outside the image of 80 x 80 px"),
        (["{images}", "--box", "0.1,0.2,0.5,0.7"], "looks normalised to 0..1"),
        (["{images}", "--box", "10,10,1,40"], "is too small for a person"),
        (["{images}", "--box", "10,10,-5,40"], "has a negative side"),
        (["{images}", "--box", "10,10,inf,40"], "is not understood"),
        (["{images}", "--person", "0"], "--person 0 is not understood"),
        (["{images}", "--look-every", "0"], "--look-every 0"),
        (["nowhere.avi:1"], "there is no nowhere.avi:1"),
        (["{images}", "--boxes", "none.csv"], "there is no file of boxes none.csv"),
        (["{images}", "--boxes", "{boxes}"], "has 2 boxes for 3 frames"),
        (["{images}", "--boxes", "{images}/a.jpg"], "is not a list of boxes"),
        (["{images}", "--fov", "200"], "a field of view of 200.0 degrees is impossible"),
        (["{images}", "--intrinsics", "0,1,2,3"], "no positive focal lengths"),
        (["{images}", "--batch-size", "0"], "--batch-size 0"),
        (["{images}", "--out", "{images}/a.jpg"], "is a file of another kind"),
        (["{images}", "--boxes", "{boxes}", "--out", "{boxes}"], "is an input; choose another file for the output"),
        (["{images}", "--min-score", "nan"], "--min-score nan is no heatmap peak"),
        (["{images}", "--frame-rate", "0"], "--frame-rate 0 is not possible"),
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


def test_bad_files_in_a_folder_do_not_discard_the_rest(checkpoints, images, tmp_path, capsys) -> None:
    (images / "c.png").write_bytes(b"no image")
    (images / "d.jpg").mkdir()
    (images / "e.jpg").symlink_to(tmp_path / "gone.jpg")
    shutil.copy(images / "a.jpg", images / "f_\u0663.jpg")  # a digit, but not of the ten that sort by value
    shutil.copy(images / "a.jpg", images / "f_\u00b2.jpg")  # int() does not read it
    out = tmp_path / "p.npz"
    assert main(["predict", str(images), *checkpoints, *ANYTHING, "--out", str(out)]) == INCOMPLETE
    captured = capsys.readouterr()
    for name in ("c.png does not decode", "d.jpg: it is a folder", "e.jpg: it is a link"):
        assert name in captured.err
    assert "8 frames, a pose in 5; 3 could not be read" in captured.out
    found = read_predictions(out)
    assert found.valid is not None
    assert found.sequence_names is not None
    assert found.sequence_names[~found.valid].tolist() == ["c.png", "d.jpg", "e.jpg"]


def test_a_folder_of_bad_files_only(checkpoints, tmp_path, capsys) -> None:
    for name in ("a.jpg", "b.jpg"):
        (tmp_path / name).write_bytes(b"no image")
    assert main(["predict", str(tmp_path), *checkpoints, *ANYTHING, "--out", str(tmp_path / "p.npz")]) == 2
    assert "nothing in" in capsys.readouterr().err
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.jpg", "b.jpg"]


def test_a_damaged_frame_and_a_cut_file(checkpoints, tmp_path, capsys) -> None:
    video, out = tmp_path / "a:b.avi", tmp_path / "p.npz"  # the colon is no protocol
    write_video(video, 7)
    cut = frame_places(video)[5][0]
    damage_frame(video, 3)
    box = ["--box", "-5,5,40,40", *checkpoints[:2], "--device", "cpu", "--out", str(out)]
    assert main(["predict", str(video), *box]) == INCOMPLETE
    captured = capsys.readouterr()
    assert "frame 3 of a:b.avi is damaged" in captured.err
    assert "7 frames, a pose in 6; 1 could not be read" in captured.out
    assert read_predictions(out).valid.tolist() == [True] * 3 + [False] + [True] * 3  # type: ignore[union-attr]
    video.write_bytes(video.read_bytes()[: cut - 8])
    assert main(["predict", str(video), *box]) == INCOMPLETE
    assert "announces 7 frames, but the last 2 cannot be decoded" in capsys.readouterr().err
    assert len(read_predictions(out)) == 5


def test_the_target_is_checked_before_the_work(checkpoints, images, tmp_path, capsys) -> None:
    (tmp_path / "file").write_text("kept")
    arguments = ["predict", str(images), "--checkpoint", "none.ckpt", "--out", str(tmp_path / "file" / "p.npz")]
    assert main(arguments) == 2
    assert "cannot write" in capsys.readouterr().err
    assert (tmp_path / "file").read_text() == "kept"


def test_pictures_do_not_come_among_those_of_the_input(checkpoints, images, tmp_path, capsys) -> None:
    images.rename(tmp_path / "pictures")
    before = {path.name: path.read_bytes() for path in (tmp_path / "pictures").iterdir()}
    words = ["predict", str(tmp_path / "pictures"), *checkpoints, *ANYTHING, "--out", str(tmp_path), "--pictures"]
    assert main(words) == 2
    assert "written among those of the input" in capsys.readouterr().err
    assert {path.name: path.read_bytes() for path in (tmp_path / "pictures").iterdir()} == before


def test_inputs_of_the_same_name_do_not_share_a_folder(checkpoints, images, tmp_path, monkeypatch, capsys) -> None:
    monkeypatch.chdir(tmp_path)
    for folder in ("x", "y"):
        shutil.copytree(images, tmp_path / folder / "cam.01")
    shutil.copytree(images, tmp_path / "x" / "cam.02")
    written = []
    for source in ("x/cam.01", "x/cam.02", "y/cam.01", "x/cam.01"):
        assert main(["predict", source, *checkpoints, *ANYTHING]) == 0
        written.append(re.search(r"written: (\S+)", capsys.readouterr().out)[1])  # type: ignore[index]
    folders = ["cam.01", "cam.02", "cam.01-2", "cam.01"]
    assert written == [f"runs/predict/{folder}/predictions.npz" for folder in folders]


def test_export_says_what_it_wrote(checkpoints, tmp_path, capsys) -> None:
    out = tmp_path / "net.pt2"
    assert main(["export", checkpoints[3], "--image-size", "64", "--out", str(out)]) == 0
    printed = capsys.readouterr().out
    assert "in: crops (B, 64, 64, 3) uint8 RGB" in printed
    assert "out: heatmaps (B, 15, 4, 4)" in printed
    assert out.is_file()
    weights = tmp_path / "stage1.safetensors"
    assert main(["export", checkpoints[3], "--out", str(weights)]) == 0
    assert f"written: {weights} (sha256 " in capsys.readouterr().out
    assert weights.with_suffix(".json").is_file()
    assert main(["export", checkpoints[3], "--format", "safetensors", "--image-size", "64"]) == 2
    assert "no image size of their own" in capsys.readouterr().err
    assert main(["export", checkpoints[3], "--out", "net.tflite"]) == 2
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


def test_the_choices_of_the_test_time_are_flags(checkpoints, tmp_path):
    cv2.imwrite(str(tmp_path / "a.png"), np.random.default_rng(0).integers(0, 255, (120, 100, 3), dtype=np.uint8))
    base = ["predict", str(tmp_path / "a.png"), *checkpoints, "--box", "10,10,60,90", "--fov", "60", "--device", "cpu"]
    results = {}
    for name, flags in {
        "default": [],
        "full": ["--rotation", "full"],
        "argmax": ["--heatmap-maximum", "argmax"],
    }.items():
        out = tmp_path / f"{name}.npz"
        assert main([*base, *flags, "--out", str(out)]) == 0
        results[name] = read_predictions(out)
    assert np.abs(results["full"].perspective_rotation - results["default"].perspective_rotation).max() > 1e-4
    assert np.abs(results["argmax"].joints_2d - results["default"].joints_2d).max() > 1e-3
