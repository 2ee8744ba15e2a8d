"""Whether a video file is complete, told from its container without decoding: AVI, MP4/MOV and Matroska/WebM.

The header states the number of frames, also in a file that was cut short while it was copied.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Final

RIFF_LISTS: Final = (b"movi", b"rec ")
MATROSKA: Final = b"\x1a\x45\xdf\xa3"
SEGMENT, CLUSTER = 0x18538067, 0x1F43B675
_MATROSKA_LEVEL_1: Final = {
    SEGMENT, CLUSTER, 0x1A45DFA3, 0x114D9B74, 0x1549A966, 0x1654AE6B, 0x1C53BB6B, 0x1941A469, 0x1043A770, 0x1254C367,
    0xEC, 0xBF,
}  # fmt: skip


@dataclass(frozen=True)
class Container:
    """What the structure of a video file says.

    Attributes:
        complete: False where a part is missing or overwritten; True also for formats that are not known here.
        frames: complete frames before the first gap, where the format stores one chunk per frame (AVI); else None.
    """

    complete: bool
    frames: int | None = None


def inspect(path: Path) -> Container:
    """Walk over the parts of a video file; a few bytes are read of each."""
    with path.open("rb", buffering=0) as file:
        size = path.stat().st_size
        head = _bytes(file, 0, 12)
        if head[:4] == b"RIFF" and head[8:12] == b"AVI ":
            return _avi(file, size)
        if head[4:8] == b"ftyp":
            return Container(_boxes_complete(file, size))
        if head[:4] == MATROSKA:
            return Container(_matroska_complete(file, size))
    return Container(True)


def _bytes(file: BinaryIO, start: int, count: int) -> bytes:
    file.seek(start)
    return file.read(count)


def _avi(file: BinaryIO, size: int) -> Container:
    """Count the chunks of the video stream, up to the first that is no chunk or passes the end of the file."""
    frames, stream = 0, b""
    for kind in _chunks(file, 0, size):
        if kind is None:
            return Container(False, frames)
        if kind[2:] in (b"dc", b"db"):
            stream = stream or kind[:2]
            frames += kind[:2] == stream
    return Container(True, frames)


def _chunks(file: BinaryIO, start: int, end: int) -> Iterator[bytes | None]:
    """Four-letter names of the chunks between two offsets, lists opened; None where the structure breaks off."""
    while start + 8 <= end:
        head = _bytes(file, start, 12)
        kind, length = head[:4], int.from_bytes(head[4:8], "little")
        stop = start + 8 + length
        if not all(0x20 <= byte < 0x7F for byte in kind):
            yield None
            return
        if kind == b"RIFF" or (kind == b"LIST" and head[8:12] in RIFF_LISTS):
            yield from _chunks(file, start + 12, min(stop, end))
        elif stop <= end:
            yield kind
        if stop > end:
            yield None
            return
        start = stop + length % 2


def _boxes_complete(file: BinaryIO, size: int) -> bool:
    """Whether the top-level boxes of an MP4 file fill it exactly and hold its index."""
    start, kinds = 0, set()
    while start < size:
        head = _bytes(file, start, 16)
        length, kind = int.from_bytes(head[:4], "big"), head[4:8]
        if length == 1:
            length = int.from_bytes(head[8:16], "big")
        elif length == 0:
            length = size - start
        if length < 8 or start + length > size:
            return False
        kinds.add(kind)
        start += length
    return b"moov" in kinds


def _matroska_complete(file: BinaryIO, size: int) -> bool:
    """Whether the elements of a Matroska file follow each other to its end."""
    start = 0
    while start < size:
        head = _bytes(file, start, 12)
        identity, width = _number(head, keep_marker=True)
        length, more = _number(head[width:], keep_marker=False)
        if identity not in _MATROSKA_LEVEL_1 or not more:
            return False
        unknown = length == (1 << (7 * more)) - 1
        start += width + more
        if identity == SEGMENT or unknown:
            if not unknown and start + length > size:
                return False
            if unknown and identity != SEGMENT:
                return True  # a live stream's cluster: it has no length to check
            continue  # its elements are looked at one by one
        start += length
    return start == size


def _number(head: bytes, keep_marker: bool) -> tuple[int, int]:
    """An EBML number of variable width, and its width in bytes; (0, 0) where there is none."""
    if not head or not head[0]:
        return 0, 0
    width = 9 - head[0].bit_length()
    value = int.from_bytes(head[:width], "big")
    return (value if keep_marker else value & ((1 << (7 * width)) - 1)), width
