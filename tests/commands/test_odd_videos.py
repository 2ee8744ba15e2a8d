"""Videos and streams that are not as usual, through the whole command: portrait, 4K, one frame, a stream that ends."""

import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest

from pose3d.app import main
from pose3d.commands import predict
from pose3d.predict import PosePredictor
from pose3d.predictions import read_predictions
from tests.predict.people import Reader2D, Reader3D, marked_image, standing_17

pytest.importorskip("ezc3d")
pytest.importorskip("pygltflib")

SMALL, CROP = (240, 135), 128


def joints_in(size: tuple[int, int], shift: float = 0.0) -> np.ndarray:
    """Joints (17, 2) px of a standing person in a picture of `size` px."""
    flat = standing_17()[:, :2]
    return (flat - flat.mean(0)) / np.ptp(flat[:, 1]) * 0.6 * min(size) + np.array(size) / 2 + (shift, 0)


def write_video(path: Path, size: tuple[int, int], frames: int, zoom: int = 1) -> list[np.ndarray]:
    """Marked people who move to the right, `zoom` times as large as `size`; returns their joints in px of the video."""
    whole = (size[0] * zoom, size[1] * zoom)
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"FFV1"), 25.0, whole)
    joints = [joints_in(size, 2.0 * number) for number in range(frames)]
    for points in joints:
        image = np.repeat(np.repeat(marked_image(points, size), zoom, 0), zoom, 1)
        writer.write(np.ascontiguousarray(image[..., ::-1]))
    writer.release()
    return [(points + 0.5) * zoom - 0.5 for points in joints]


@pytest.fixture
def networks(monkeypatch) -> None:
    predictor = PosePredictor(Reader3D(standing_17(), CROP), Reader2D(CROP))
    monkeypatch.setattr(predict, "_predictor", lambda args, boxes_given: predictor)


@pytest.mark.parametrize(("size", "zoom"), [(SMALL[::-1], 2), (SMALL, 16)], ids=["portrait", "4k"])
def test_portrait_and_4k(tmp_path, networks, size, zoom) -> None:
    path = tmp_path / "clip.avi"
    joints = write_video(path, size, 4, zoom)
    out = tmp_path / "out"
    assert main(["predict", str(path), "--video", "--player", "--pictures", "--out", str(out)]) == 0
    found = read_predictions(out / "predictions.npz")
    assert found.valid.all()
    box = np.ptp(joints[0], axis=0).max()
    assert np.abs(found.joints_2d - np.stack(joints)).max() < 0.03 * box
    drawn = cv2.VideoCapture(str(out / "video.mp4"))
    shape = (drawn.get(cv2.CAP_PROP_FRAME_WIDTH), drawn.get(cv2.CAP_PROP_FRAME_HEIGHT))
    assert shape == (size[0] * zoom // 2 * 2, size[1] * zoom // 2 * 2)


def test_one_frame(tmp_path, networks) -> None:
    path, out = tmp_path / "clip.avi", tmp_path / "out"
    write_video(path, SMALL, 1)
    arguments = ["--smooth", "--height", "1.7", "--export", "bvh,glb,trc,c3d,csv", "--video", "--player"]
    assert main(["predict", str(path), *arguments, "--out", str(out)]) == 0
    assert len(read_predictions(out / "refined.npz")) == 1
    assert len(list(out.glob("motion.*"))) == 5
    assert (out / "player.html").is_file()


def test_a_stream_that_ends(tmp_path, networks, capsys) -> None:
    path, out = tmp_path / "clip.avi", tmp_path / "out"
    write_video(path, SMALL, 12)
    address = path.as_uri()
    assert main(["predict", address, "--smooth", "--export", "bvh", "--out", str(out)]) == 0
    assert len(read_predictions(out / "predictions.npz")) == 12
    assert (out / "motion.bvh").is_file()
    assert "12 frames, a pose in 12" in capsys.readouterr().out
    assert main(["predict", address, "--video", "--out", str(out)]) == 2
    assert "a stream cannot be read twice" in capsys.readouterr().err


WEIGHED = """
import resource, sys
from pose3d.app import main
assert main(sys.argv[1:]) == 0
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)
"""


@pytest.mark.slow
def test_memory_does_not_grow_with_the_video(tmp_path) -> None:
    """The released networks on 1080p videos of 60 and of 600 frames, in processes of their own."""
    picture = cv2.imread(str(Path(__file__).parents[2] / "docs/images/wild3d.jpg"))
    picture = cv2.resize(picture, (2200, 1080))
    taken = []
    for frames in (60, 600):
        path = tmp_path / f"{frames}.mp4"
        writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"mp4v"), 25.0, (1920, 1080))
        for number in range(frames):
            left = number % 250
            writer.write(np.ascontiguousarray(picture[:, left : left + 1920]))
        writer.release()
        arguments = ["predict", str(path), "--runtime", "bfloat16", "--out", str(tmp_path / f"out{frames}")]
        done = subprocess.run([sys.executable, "-c", WEIGHED, *arguments], capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        taken.append(float(done.stdout.splitlines()[-1]))
    assert max(taken) < 2048
    assert taken[1] < taken[0] + 100
    print("peak MiB:", taken)
