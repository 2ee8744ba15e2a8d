"""Reads the transaction log of an offline W&B run: LevelDB's log format around W&B's own protobuf records."""

import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Any

BLOCK = 32768
FILE_HEADER, CHUNK_HEADER = 7, 7
FULL, FIRST, MIDDLE, LAST = 1, 2, 3, 4


def records(path: Path) -> Iterator[Any]:
    """Every record of a `run-ID.wandb` file."""
    from wandb.proto.wandb_internal_pb2 import Record

    content = path.read_bytes()
    assert content[:4] == b":W&B", path
    place, parts = FILE_HEADER, b""
    while place + CHUNK_HEADER <= len(content):
        if BLOCK - place % BLOCK < CHUNK_HEADER:
            place += BLOCK - place % BLOCK
            continue
        _checksum, length, kind = struct.unpack_from("<IHB", content, place)
        assert FULL <= kind <= LAST, (place, kind)
        part = content[place + CHUNK_HEADER : place + CHUNK_HEADER + length]
        place += CHUNK_HEADER + length
        parts = part if kind in (FULL, FIRST) else parts + part
        if kind in (FULL, LAST):
            record = Record()
            record.ParseFromString(parts)
            yield record
