"""Reads the points of a C3D file, every count checked against the file: ezc3d hangs or crashes on some damaged ones.

The format: blocks of 512 bytes. The first is the header, in which byte 0 is the number of the first parameter block and
byte 1 is 0x50; 16-bit words 2 to 9 count points, analogue samples and frames and name the block where the data begins.
Parameters are a chain of records, each with the distance to the next. A frame is x, y, z and a residual for each point,
as floats or as integers to be scaled, then the analogue samples (https://www.c3d.org/HTML/default.htm).
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np

BLOCK: Final = 512
MAGIC: Final = 0x50
ORDERS: Final = {84: "<", 86: ">"}
"""Byte orders of the processors Intel and MIPS."""

MOST_FRAMES: Final = 65535
"""The header counts no further; longer recordings say their length in the parameters."""

Parameters = dict[str, Any]


@dataclass(frozen=True)
class C3D:
    """Points of a C3D file: (T, J, 3) in its own unit, NaN where the residual is negative; parameters as GROUP:NAME."""

    positions: np.ndarray
    parameters: Parameters

    def text(self, key: str) -> str:
        """A parameter of one text; empty where there is none."""
        return next(iter(self.texts(key)), "")

    def texts(self, key: str) -> list[str]:
        """A parameter of several texts."""
        value = self.parameters.get(key)
        return value if isinstance(value, list) else []

    def number(self, key: str) -> float:
        """A parameter of one number; 0 where there is none."""
        value = self.parameters.get(key)
        return float(value.flat[0]) if isinstance(value, np.ndarray) and value.size else 0.0


def read_c3d(path: Path) -> C3D:
    """The points and parameters of a file.

    Raises:
        OSError: it cannot be read.
        ValueError: it is damaged, or of a processor that is not made any more; the message says what is wrong.
    """
    content = path.read_bytes()
    if len(content) < 2 * BLOCK or content[1] != MAGIC:
        raise ValueError("it has no C3D header")
    begin = (content[0] - 1) * BLOCK
    if begin < BLOCK or begin + 4 > len(content):
        raise ValueError("its parameters lie outside the file")
    end = begin + content[begin + 2] * BLOCK
    if end > len(content):
        raise ValueError("its parameters are cut short")
    order = ORDERS.get(content[begin + 3])
    if order is None:
        raise ValueError(f"it is of an unknown processor ({content[begin + 3]})")
    parameters = _parameters(content[:end], begin + 4, order)
    return C3D(_positions(content, order, parameters), parameters)


def _parameters(content: bytes, place: int, order: str) -> Parameters:
    groups: dict[int, str] = {}
    values: list[tuple[int, str, Any]] = []
    for group, name, start, end in _records(content, place, order):
        if group < 0:
            groups[-group] = name
        else:
            values.append((group, name, _value(content, start, end, order)))
    return {f"{groups.get(group, '')}:{name}": value for group, name, value in values}


def _records(content: bytes, place: int, order: str) -> Iterator[tuple[int, str, int, int]]:
    """Group (negative: its own name), name, and where the record's content begins and must end."""
    while place + 2 <= len(content):
        length, group = struct.unpack_from("bb", content, place)
        if group == 0 or length == 0:
            return
        field = place + 2 + abs(length)
        if field + 2 > len(content):
            break
        name = content[place + 2 : field].decode("latin-1").strip().upper()
        step = struct.unpack_from(f"{order}h", content, field)[0]
        if step == 0:
            yield group, name, field + 2, len(content)
            return
        if step < 2 or field + step > len(content):
            break
        yield group, name, field + 2, field + step
        place = field + step
    else:
        return
    raise ValueError("its list of parameters is damaged")


def _value(content: bytes, place: int, end: int, order: str) -> Any:
    """Texts as a list, numbers as an array; the first of the sizes counts fastest."""
    if place + 2 > end:
        raise ValueError("its list of parameters is damaged")
    width, dimensions = struct.unpack_from("bB", content, place)
    sizes = tuple(content[place + 2 : place + 2 + dimensions])
    start = place + 2 + dimensions
    count = int(np.prod(sizes, dtype=np.int64)) if dimensions <= 7 else -1
    if width not in (-1, 1, 2, 4) or not 0 <= count <= (end - start) // abs(width):
        raise ValueError("its list of parameters is damaged")
    if width == -1:
        length = sizes[0] if sizes else 1
        texts = [content[at : at + length] for at in range(start, start + count, length or 1)]
        return [text.decode("latin-1").strip(" \0") for text in texts]
    kind = {1: "u1", 2: f"{order}i2", 4: f"{order}f4"}[width]
    return np.frombuffer(content, kind, count, start).reshape(sizes[::-1])


def _positions(content: bytes, order: str, parameters: Parameters) -> np.ndarray:
    points, analogue, first, last = struct.unpack_from(f"{order}4H", content, 2)
    (scale,) = struct.unpack_from(f"{order}f", content, 12)
    (block,) = struct.unpack_from(f"{order}H", content, 16)
    frames, start = last - first + 1, (block - 1) * BLOCK
    if frames < 1 or start < BLOCK or not np.isfinite(scale):
        raise ValueError("the counts in its header are damaged")
    width = 4 if scale < 0 else 2
    row = (4 * points + analogue) * width
    if last == MOST_FRAMES and row:
        frames = _long_frames(parameters) or max(len(content) - start, 0) // row
    if start + frames * row > len(content):
        raise ValueError("its frames are cut short")
    kind = f"{order}f4" if scale < 0 else f"{order}i2"
    rows = np.frombuffer(content, kind, frames * (4 * points + analogue), start).reshape(frames, -1)
    with np.errstate(invalid="ignore"):  # damaged floats
        data = rows[:, : 4 * points].reshape(frames, points, 4).astype(np.float64)
    positions = data[..., :3] * (1.0 if scale < 0 else float(scale))
    positions[data[..., 3] < 0] = np.nan
    return positions


def _long_frames(parameters: Parameters) -> int:
    """Number of frames by the fields of a trial, two words each; 0 where they are not given."""
    ends = [parameters.get(f"TRIAL:ACTUAL_{name}_FIELD") for name in ("START", "END")]
    if not all(isinstance(end, np.ndarray) and end.size == 2 for end in ends):
        return 0
    first, last = (int(end.flat[0]) % 65536 + 65536 * (int(end.flat[1]) % 65536) for end in ends if end is not None)
    return max(0, last - first + 1)
