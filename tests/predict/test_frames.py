"""Reading images and videos, and choosing frames for a sheet."""

import re
import struct

import cv2
import numpy as np
import pytest

from pose3d.data.videos import Video
from pose3d.errors import PoseError
from pose3d.predict.frames import batches, open_frames
from pose3d.predict.pictures import SHEET_ROWS, ContactSheet


def write_image(path, value=0):
    cv2.imwrite(str(path), np.full((20, 30, 3), (value, 0, 200), np.uint8))


def frame_places(path):
    """Where the frames of an MJPEG AVI begin and how long they are, in bytes."""
    content = path.read_bytes()
    starts = [found.start() for found in re.finditer(b"00dc....\xff\xd8", content, re.DOTALL)]
    return [(start + 8, int.from_bytes(content[start + 4 : start + 8], "little")) for start in starts]


def damage_frame(path, number):
    """Overwrite one frame of an MJPEG AVI with zeros."""
    start, length = frame_places(path)[number]
    content = bytearray(path.read_bytes())
    content[start : start + length] = bytes(length)
    path.write_bytes(content)


def stretched(webm):
    """A WebM video whose last frame is shown a second later; its blocks begin with track, time (ms) and flags."""
    content = bytearray(webm)
    last = [found.start() for found in re.finditer(rb"\x81..[\x00\x80]", content, re.DOTALL)][-1]
    time = int.from_bytes(content[last + 1 : last + 3], "big")
    content[last + 1 : last + 3] = (time + 1000).to_bytes(2, "big")
    return bytes(content)


def write_video(path, count=7):
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter_fourcc(*"MJPG"), 10, (64, 48))
    for i in range(count):
        writer.write(np.full((48, 64, 3), 30 * i, np.uint8))
    writer.release()


def test_a_folder_is_read_in_the_order_of_its_numbers(tmp_path):
    for number in (10, 9, 100):
        write_image(tmp_path / f"frame_{number}.png", number)
    (tmp_path / "notes.txt").write_text("no image")
    frames = open_frames(tmp_path)
    assert frames.names == ["frame_9.png", "frame_10.png", "frame_100.png"]
    assert frames.expected == 3
    read = list(frames)
    assert [frame.number for frame in read] == [0, 1, 2]
    assert [frame.image[0, 0].tolist() for frame in read] == [[200, 0, 9], [200, 0, 10], [200, 0, 100]]  # RGB


def test_a_video_gives_its_frames_one_by_one(tmp_path):
    path = tmp_path / "clip.avi"
    write_video(path)
    frames = open_frames(path)
    assert frames.expected == 7
    read = [(frame.number, float(frame.image.mean())) for frame in frames]
    assert [number for number, _ in read] == list(range(7))
    np.testing.assert_allclose([value for _, value in read], 30 * np.arange(7), atol=3)
    assert len(list(frames)) == 7  # once more from the start


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("bad.png", b"not an image", r"bad\.png does not decode"),
        ("empty.jpg", b"", r"empty\.jpg does not decode"),
        ("bad.mp4", b"not a video", r"cannot open the video .*bad\.mp4; check the file, or convert it"),
    ],
)
def test_damaged_files_are_named(tmp_path, name, content, message):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(PoseError, match=message):
        list(open_frames(tmp_path / name))


def test_an_image_that_was_cut_is_refused_and_not_filled_with_grey(tmp_path):
    whole = cv2.imencode(".jpg", np.random.default_rng(0).integers(0, 255, (60, 80, 3), np.uint8))[1].tobytes()
    for name in ("a.jpg", "b.jpg"):
        (tmp_path / name).write_bytes(whole[: len(whole) // (1 if name == "a.jpg" else 2)])
    read = list(open_frames(tmp_path))
    assert [frame.image is None for frame in read] == [False, True]
    assert "b.jpg is cut short" in read[1].problem


def test_images_are_turned_upright_as_their_header_says(tmp_path):
    content = cv2.imencode(".jpg", np.zeros((20, 30, 3), np.uint8))[1].tobytes()
    exif = b"Exif\0\0II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0\x06\0\0\0\0\0\0\0"  # orientation 6
    segment = b"\xff\xe1" + (len(exif) + 2).to_bytes(2, "big") + exif
    (tmp_path / "a.jpg").write_bytes(content[:2] + segment + content[2:])
    frames = open_frames(tmp_path / "a.jpg")
    assert list(frames.sizes()) == [(20, 30)]
    assert next(iter(frames)).image.shape == (30, 20, 3)


def test_a_variable_frame_rate_is_no_loss_of_frames(tmp_path):
    path = tmp_path / "screen.webm"
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter_fourcc(*"VP80"), 25, (64, 48))
    for i in range(6):
        writer.write(np.full((48, 64, 3), 30 * i, np.uint8))
    writer.release()
    path.write_bytes(stretched(path.read_bytes()))
    read = list(open_frames(path))
    assert [(frame.number, frame.image is None) for frame in read] == [(n, False) for n in range(6)]
    assert read[-1].time == pytest.approx(1.2)
    assert sum(image is None for _, image, _ in Video(path).walk()) == 25  # labels of a data set count by the clock


def test_nothing_to_read(tmp_path):
    with pytest.raises(PoseError, match="contains no images"):
        open_frames(tmp_path)
    with pytest.raises(PoseError, match=r"there is no .*missing"):
        open_frames(tmp_path / "missing")


def test_batches():
    assert list(batches(range(7), 3)) == [[0, 1, 2], [3, 4, 5], [6]]


@pytest.mark.parametrize("count", [1, 7, 8, 15, 16, 17, 100, 1000])
def test_a_sheet_is_spread_evenly_and_bounded(count):
    sheet = ContactSheet()
    for i in range(count):
        sheet.add((np.zeros(0), np.zeros(0), np.zeros(0), str(i)))
        assert len(sheet.kept) < 2 * SHEET_ROWS
    chosen = [int(row[3]) for row in sheet.rows()]
    assert len(chosen) == min(count, SHEET_ROWS)
    assert chosen[0] == 0
    assert chosen[-1] >= 0.8 * (count - 1)
    gaps = np.diff(chosen)
    assert not len(gaps) or gaps.max() <= 2 * gaps.min()


def test_frames_behind_a_damaged_one_keep_their_numbers(tmp_path):
    path = tmp_path / "clip.avi"
    write_video(path)
    damage_frame(path, 2)
    frames = open_frames(path)
    read = list(frames)
    assert [frame.number for frame in read] == list(range(7))
    assert [frame.image is None for frame in read] == [False, False, True, False, False, False, False]
    assert "frame 2 of clip.avi is damaged" in read[2].problem
    assert frames.missed == 0
    np.testing.assert_allclose(read[6].image.mean(), 180, atol=3)
    assert read[6].time == pytest.approx(0.6)


def test_a_video_is_turned_upright_as_its_metadata_says(tmp_path):
    path = tmp_path / "phone.mp4"
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter_fourcc(*"mp4v"), 25, (64, 48))
    image = np.zeros((48, 64, 3), np.uint8)
    image[:24, :32] = 255  # the upper left quarter
    for _ in range(3):
        writer.write(image)
    writer.release()
    content = bytearray(path.read_bytes())
    matrix = content.find(b"tkhd") + 44
    content[matrix : matrix + 36] = struct.pack(">9i", 0, 1 << 16, 0, -(1 << 16), 0, 0, 48 << 16, 0, 1 << 30)
    path.write_bytes(content)
    frames = open_frames(path)
    assert list(frames.sizes()) == [(48, 64)]
    first = next(iter(frames)).image
    assert first.shape == (64, 48, 3)
    assert first[:32, 24:].mean() > 200  # a quarter turn clockwise takes it to the upper right
    assert first[:32, :24].mean() < 50


def test_sizes_come_from_the_header(tmp_path):
    write_image(tmp_path / "a.png")
    (tmp_path / "b.jpg").write_bytes(b"none")
    assert list(open_frames(tmp_path).sizes()) == [(30, 20), None]
