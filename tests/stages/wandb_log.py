"""Reads the transaction log of an offline W&B run: LevelDB's log format around W&B's own protobuf records."""

import struct
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

BLOCK = 32768
FILE_HEADER, CHUNK_HEADER = 7, 7
FULL, FIRST, MIDDLE, LAST = 1, 2, 3, 4


def finished_records(path: Path, patience_s: float = 60) -> list[Any]:
    """Every record of a run that has ended: W&B's own process may write the last ones after `wandb.finish` returned."""
    deadline = time.monotonic() + patience_s
    while True:
        found = list(records(path))
        if found and found[-1].WhichOneof("record_type") == "exit":
            return found
        assert time.monotonic() < deadline, f"{path} has no end after {patience_s:g} s"
        time.sleep(0.05)


def records(path: Path) -> Iterator[Any]:
    """Every record of a `run-ID.wandb` file."""
    from wandb.proto.wandb_internal_pb2 import Record

    content = path.read_bytes()
    if len(content) < FILE_HEADER:
        return
    assert content[:4] == b":W&B", path
    place, parts = FILE_HEADER, b""
    while place + CHUNK_HEADER <= len(content):
        if BLOCK - place % BLOCK < CHUNK_HEADER:
            place += BLOCK - place % BLOCK
            continue
        _checksum, length, kind = struct.unpack_from("<IHB", content, place)
        assert FULL <= kind <= LAST, (place, kind)
        part = content[place + CHUNK_HEADER : place + CHUNK_HEADER + length]
        if len(part) < length:  # still being written
            return
        place += CHUNK_HEADER + length
        parts = part if kind in (FULL, FIRST) else parts + part
        if kind in (FULL, LAST):
            record = Record()
            record.ParseFromString(parts)
            yield record
