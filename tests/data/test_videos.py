"""A damaged frame is lost alone, and a truncated file has its remaining frames."""

import cv2
import numpy as np
import pytest

from pose3d.data.containers import inspect
from pose3d.data.videos import ImageFolder, Video
from pose3d.errors import PoseError

FRAMES = 40


def number_of(image):
    """The number that `drawn` wrote into a frame."""
    return round(float((image[:10].mean(axis=(0, 2)) > 128).sum()) / 4)


def drawn(number):
    image = np.full((120, 160, 3), 60, np.uint8)
    cv2.putText(image, str(number), (20, 80), 0, 2, (255, 255, 255), 3)
    image[:10] = 0
    image[:10, : 4 * number] = 255
    return image


def write(path, code, frames=FRAMES):
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*code), 25, (160, 120))
    for number in range(frames):
        writer.write(drawn(number))
    writer.release()
    return path.read_bytes()


CONTAINERS = {"xvid.avi": "XVID", "mjpg.avi": "MJPG", "mpeg4.mp4": "mp4v", "mpeg4.mkv": "mp4v", "vp8.webm": "VP80"}


@pytest.fixture(params=CONTAINERS, scope="module")
def video(request, tmp_path_factory):
    path = tmp_path_factory.mktemp("videos") / request.param
    write(path, CONTAINERS[request.param])
    return path


@pytest.fixture(scope="module")
def motion_jpeg(tmp_path_factory):
    """An AVI in which every frame is a JPEG, and where in the file each of them begins."""
    path = tmp_path_factory.mktemp("videos") / "video.avi"
    content = write(path, "MJPG", 12)
    begins, place = [], content.index(b"movi")
    while (place := content.find(b"00dc", place)) >= 0 and len(begins) < 12:
        begins.append(place + 8)
        place += 8
    return content, begins


def damaged(tmp_path, motion_jpeg, *frames):
    content, begins = bytearray(motion_jpeg[0]), motion_jpeg[1]
    for frame in frames:
        size = int.from_bytes(content[begins[frame] - 4 : begins[frame]], "little")
        content[begins[frame] : begins[frame] + size] = bytes(size)
    path = tmp_path / "damaged.avi"
    path.write_bytes(content)
    return Video(path)


def test_a_whole_video_gives_every_frame(video):
    reader = Video(video)
    assert inspect(video).complete
    assert reader.length_and_size() == (FRAMES, (160, 120))
    assert [(number, number_of(image)) for number, image, _ in reader.walk()] == [(n, n) for n in range(FRAMES)]
    images = list(reader.frames([0, 7, 8, 39, 40, 55]))
    assert [None if image is None else number_of(image) for image in images] == [0, 7, 8, 39, None, None]


def test_a_damaged_frame_does_not_end_a_video(tmp_path, motion_jpeg):
    reader = damaged(tmp_path, motion_jpeg, 5, 8, 9)
    assert reader.length_and_size()[0] == 12
    seen = {number: None if image is None else number_of(image) for number, image, _ in reader.walk()}
    assert seen == {n: None if n in (5, 8, 9) else n for n in range(12)}
    images = [None if image is None else number_of(image) for image in reader.frames(range(14))]
    assert images == [None if n in (5, 8, 9) or n > 11 else n for n in range(14)]
    assert [None if image is None else number_of(image) for image in reader.frames([4, 6, 9, 11])] == [4, 6, None, 11]


def test_the_first_and_the_last_frame_may_be_damaged(tmp_path, motion_jpeg):
    images = [
        None if image is None else number_of(image) for image in damaged(tmp_path, motion_jpeg, 0, 11).frames(range(12))
    ]
    assert images == [None, *range(1, 11), None]


@pytest.mark.parametrize("share", [0.35, 0.6, 0.9])
@pytest.mark.parametrize("how", ["cut", "zeros"])
def test_a_video_that_was_cut_is_as_long_as_what_is_left(tmp_path, video, share, how):
    content = video.read_bytes()
    path = tmp_path / video.name
    kept = content[: int(share * len(content))]
    path.write_bytes(kept if how == "cut" else kept + bytes(len(content) - len(kept)))
    assert not inspect(path).complete
    if video.suffix == ".mp4":  # its table of frames is at the end
        with pytest.raises(PoseError, match="cannot open"):
            Video(path).length_and_size()
        return
    length, _ = Video(path).length_and_size()
    assert 0.2 * FRAMES < length < FRAMES
    images = [image for image in Video(path).frames(range(FRAMES)) if image is not None]
    # What is left of the last frame may decode to the picture before it.
    assert [number_of(image) for image in images[: length - 1]] == list(range(length - 1))


def test_a_gap_in_an_avi_ends_the_frames_whose_numbers_are_known(tmp_path, motion_jpeg):
    content, begins = bytearray(motion_jpeg[0]), motion_jpeg[1]
    content[begins[6] - 8 : begins[6] + 40] = bytes(48)
    path = tmp_path / "gap.avi"
    path.write_bytes(content)
    assert Video(path).length_and_size()[0] == 6
    assert [image is not None for image in Video(path).frames(range(12))] == [True] * 6 + [False] * 6


def test_lost_blocks_of_a_matroska_file_are_counted_by_its_clock(tmp_path):
    path = tmp_path / "video.webm"
    content = bytearray(write(path, "VP80"))
    middle = len(content) // 2
    content[middle : middle + 400] = bytes(400)
    path.write_bytes(content)
    seen = [(number, number_of(image)) for number, image, _ in Video(path).walk() if image is not None]
    assert seen
    assert seen[-1] == (FRAMES - 1, FRAMES - 1)
    assert len(seen) < FRAMES


def test_what_is_no_video_is_named(tmp_path):
    path = tmp_path / "notes:1.avi"
    path.write_text("not a video")
    for missing in (path, tmp_path / "absent.avi"):
        with pytest.raises(PoseError, match=missing.name):
            Video(missing).length_and_size()


def test_extracted_frames_go_on_behind_a_gap(tmp_path):
    for number in (1, 2, 4, 10):
        cv2.imwrite(str(tmp_path / f"img_{number:06d}.jpg"), drawn(number))
    (tmp_path / "img_000004.jpg").write_bytes(b"damaged")
    for odd in ("img_٣٣٣٣٣٣.jpg", "img_00002²2.jpg", "img_99.jpg", "img_.jpg", "img_000012.jpg.txt"):
        (tmp_path / odd).write_bytes(b"")
    folder = ImageFolder(tmp_path, "img_{:06d}.jpg")
    assert folder.length_and_size() == (10, (160, 120))
    images = [None if image is None else number_of(image) for image in folder.frames(range(11))]
    assert images == [1, 2, None, None, None, None, None, None, None, 10, None]
    with pytest.raises(PoseError, match="no image of"):
        ImageFolder(tmp_path, "frame_{:06d}.jpg").length_and_size()
