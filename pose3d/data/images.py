"""Image files: read one, list a folder; a file that cannot be read is a PoseError that names it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import cv2
import numpy as np
from PIL import Image

from pose3d.errors import PoseError

SUFFIXES: Final = (".jpg", ".jpeg", ".png", ".bmp", ".webp", ".tif", ".tiff")
"""Endings of file names that are taken for images, in lower case."""

_SIDEWAYS: Final = (5, 6, 7, 8)
"""EXIF orientations that exchange width and height."""


@dataclass(frozen=True)
class Listing:
    """The images of a folder, and what had to be passed over.

    Attributes:
        paths: regular files with an image's ending; `frame_2` comes before `frame_10`.
        refused: one sentence for each entry that has an image's ending but is no regular file.
        entries: both kinds in one order; reading one of the refused is a PoseError.
    """

    paths: list[Path]
    refused: list[str]
    entries: list[Path]


def list_images(folder: Path, *, recursive: bool = False, suffixes: tuple[str, ...] = SUFFIXES) -> Listing:
    """Images in `folder`, and with `recursive` in its subfolders; hidden entries (`.name`) are ignored.

    Nothing is decoded: a file in `paths` may still turn out to be damaged when it is read.

    Raises:
        PoseError: there is no such folder, or it cannot be read.
    """
    if not folder.is_dir():
        raise PoseError(f"there is no folder {folder}; name a folder of images")
    try:
        entries = list(folder.rglob("*") if recursive else folder.iterdir())
    except OSError as error:
        raise PoseError(f"cannot list the folder {folder}: {error.strerror}; check its permissions") from error
    named = [
        entry
        for entry in entries
        if entry.suffix.lower() in suffixes
        and not any(part.startswith(".") for part in entry.relative_to(folder).parts)
    ]
    named.sort(key=lambda entry: [natural_key(part) for part in entry.relative_to(folder).parts])
    refused = [f"{entry} {reason}" for entry in named if (reason := _irregular(entry))]
    return Listing([entry for entry in named if entry.is_file()], refused, named)


def _irregular(entry: Path) -> str:
    """Why an entry cannot hold an image; empty for a regular file."""
    if entry.is_file():
        return ""
    if entry.is_dir():
        return "is a folder, not an image"
    if entry.is_symlink():
        return "is a link to a file that is not there"
    return "is no regular file" if entry.exists() else "does not exist"


def natural_key(name: str) -> list[tuple[int, str]]:
    """Sorts `frame_2` before `frame_10`; only 0 to 9 count as digits, of numbers of any length."""
    # A number is compared by its length without leading zeros first, then digit by digit.
    parts = re.split(r"([0-9]+)", name)
    numbers = [part.lstrip("0") for part in parts[1::2]]
    key = [(-1, part) for part in parts]
    key[1::2] = [(len(number), number) for number in numbers]
    return [*key, (-1, name)]


def read_image(path: Path, *, upright: bool = False) -> tuple[np.ndarray, bytes]:
    """Read an image file.

    Args:
        path: the file.
        upright: turn the image as its EXIF header says. Data sets need False: their labels are in stored pixels.

    Returns:
        The image, (H, W, 3) uint8 BGR, and the bytes of the file.

    Raises:
        PoseError: the file is not there, damaged, cut short or no image.
    """
    if reason := _irregular(path):  # reading a pipe would wait for its writer
        raise PoseError(f"cannot read the image {path}: it {reason}")
    try:
        encoded = path.read_bytes()
    except OSError as error:
        raise PoseError(f"cannot read the image {path}: {error.strerror}") from error
    return decode_image(encoded, f"the image {path}", upright=upright), encoded


def image_size(path: Path) -> tuple[int, int] | None:
    """(width, height) px of the upright image, from the file's header alone; None where it cannot be read."""
    try:
        with Image.open(path) as image:
            width, height = image.size
            return (height, width) if image.getexif().get(274) in _SIDEWAYS else (width, height)
    except Exception:  # Pillow raises many kinds for damaged files; reading the image says what is wrong
        return None


def decode_image(encoded: bytes, where: str, *, upright: bool = False) -> np.ndarray:
    """(H, W, 3) uint8 BGR from an encoded image; `where` begins the sentence of the PoseError, see `read_image`."""
    if is_cut(encoded):
        # The decoder would fill the missing part with grey and say nothing.
        raise PoseError(f"{where} is cut short; copy or unpack it again")
    flags = cv2.IMREAD_COLOR if upright else cv2.IMREAD_COLOR | cv2.IMREAD_IGNORE_ORIENTATION
    try:
        image = cv2.imdecode(np.frombuffer(encoded, np.uint8), flags) if encoded else None
    except cv2.error:  # an impossible size, for instance
        image = None
    if image is None:
        raise PoseError(f"{where} does not decode; copy or unpack it again")
    return np.asarray(image)


def is_cut(encoded: bytes) -> bool:
    """Whether a JPEG or PNG lacks its end; whatever follows the end does not matter."""
    if encoded[:2] == b"\xff\xd8":
        # From the scan on, since a thumbnail in the header has an end of its own.
        scan = encoded.find(b"\xff\xda")
        return encoded.find(b"\xff\xd9", max(scan, 0)) < 0
    return encoded[:8] == b"\x89PNG\r\n\x1a\n" and b"IEND" not in encoded
