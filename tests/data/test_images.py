"""Image files that cannot be read are named; folders list what is there and what was passed over."""

import os

import cv2
import numpy as np
import pytest

from pose3d.data.images import is_cut, list_images, natural_key, read_image
from pose3d.errors import PoseError


def encoded(suffix, height=24, width=32):
    rng = np.random.default_rng(0)
    return cv2.imencode(suffix, rng.integers(0, 255, (height, width, 3), np.uint8))[1].tobytes()


def with_size(jpeg, height, width):
    """A JPEG whose frame header claims another size."""
    place = jpeg.index(b"\xff\xc0") + 5
    return jpeg[:place] + height.to_bytes(2, "big") + width.to_bytes(2, "big") + jpeg[place + 4 :]


DAMAGED = {
    "empty": b"",
    "text": b"not an image at all",
    "impossible size": with_size(encoded(".jpg"), 65500, 65500),
    "no size": with_size(encoded(".jpg"), 0, 0),
    "cut jpeg": encoded(".jpg")[:-30],
    "cut png": encoded(".png")[:-30],
    "header only": encoded(".jpg")[:20],
    "webp header": b"RIFF\x10\x00\x00\x00WEBPVP8 ",
}


@pytest.mark.parametrize("content", DAMAGED.values(), ids=list(DAMAGED))
def test_a_damaged_image_is_one_sentence_with_its_name(tmp_path, content):
    path = tmp_path / "picture.jpg"
    path.write_bytes(content)
    with pytest.raises(PoseError, match=r"picture\.jpg (is cut short|does not decode); copy"):
        read_image(path)


def test_what_is_no_file_is_one_sentence_too(tmp_path):
    (tmp_path / "b.jpg").mkdir()
    (tmp_path / "link.jpg").symlink_to(tmp_path / "gone.jpg")
    for name in ("b.jpg", "link.jpg", "absent.jpg"):
        with pytest.raises(PoseError, match=f"cannot read the image .*{name}"):
            read_image(tmp_path / name)


def test_pixels_and_bytes_are_those_of_the_file(tmp_path):
    for suffix in (".png", ".bmp", ".webp", ".tif", ".jpg"):
        path = tmp_path / f"image{suffix}"
        path.write_bytes(encoded(suffix))
        image, content = read_image(path)
        assert content == path.read_bytes()
        np.testing.assert_array_equal(image, cv2.imread(str(path)))


def test_bytes_behind_the_end_of_an_image_do_not_matter():
    for suffix in (".jpg", ".png"):
        assert not is_cut(encoded(suffix) + b"\x00" * 5000)
        assert is_cut(encoded(suffix)[:-30])
    thumbnail = encoded(".jpg", 8, 8)
    whole = encoded(".jpg")
    segment = b"\xff\xe1" + (len(thumbnail) + 2).to_bytes(2, "big") + thumbnail
    nested = whole[:2] + segment + whole[2:]
    assert not is_cut(nested)


def test_a_listing_names_what_it_passes_over(tmp_path):
    (tmp_path / "b.jpg").mkdir()
    (tmp_path / "gone.png").symlink_to(tmp_path / "nothing.png")
    os.mkfifo(tmp_path / "pipe.jpg")
    for name in ("a10.jpg", "a2.jpg", "a²1.JPG", "notes.txt", "._a2.jpg"):
        (tmp_path / name).write_bytes(b"x")
    (tmp_path / "b.jpg" / "inner.png").write_bytes(b"x")
    flat = list_images(tmp_path)
    assert [path.name for path in flat.paths] == ["a2.jpg", "a10.jpg", "a²1.JPG"]
    reasons = sorted(sentence.split("/")[-1] for sentence in flat.refused)
    assert reasons == [
        "b.jpg is a folder, not an image",
        "gone.png is a link to a file that is not there",
        "pipe.jpg is no regular file",
    ]
    assert "inner.png" in {path.name for path in list_images(tmp_path, recursive=True).paths}
    with pytest.raises(PoseError, match="there is no folder"):
        list_images(tmp_path / "a2.jpg")


def test_names_sort_by_their_numbers_whatever_the_digits():
    names = ["f_10", "f_9", "f_09", "f_²", "f_٣", "f", "f_1" + 5000 * "0", "10", "9a"]
    ordered = sorted(names, key=natural_key)
    assert ordered.index("f_9") < ordered.index("f_10") < ordered.index("f_1" + 5000 * "0")
    assert ordered.index("9a") < ordered.index("10")
