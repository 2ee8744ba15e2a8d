"""Targets that cannot be written: no room on the disk, in the quota or below a limit, or a read-only folder or file."""

from __future__ import annotations

import ctypes
import errno
import os
import resource
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np

from scripts.torture.refused_writes import refuse_writes

Refusal = Callable[[], None]
"""Called in the process of the command, before it begins."""


def too_large(rng: np.random.Generator, work: Path, target: Path) -> tuple[Refusal, str]:
    """Files may not grow beyond a limit (EFBIG)."""
    limit = _bytes(rng)
    return (lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))), f"file size limit {limit}"


def full(rng: np.random.Generator, work: Path, target: Path) -> tuple[Refusal, str]:
    """The disk has no more room (ENOSPC)."""
    room = _bytes(rng)
    return (lambda: refuse_writes(work, room, errno.ENOSPC)), f"disk with {room} bytes"


def quota(rng: np.random.Generator, work: Path, target: Path) -> tuple[Refusal, str]:
    """The user's quota is used up (EDQUOT)."""
    room = _bytes(rng)
    return (lambda: refuse_writes(work, room, errno.EDQUOT)), f"quota of {room} bytes"


def _bytes(rng: np.random.Generator) -> int:
    """Between a few kilobytes and more than most outputs need."""
    return int(np.exp(rng.uniform(np.log(4096), np.log(300_000))))


def read_only_folder(rng: np.random.Generator, work: Path, target: Path) -> tuple[Refusal, str]:
    """The folder is read-only."""
    work.chmod(0o555)
    return obey_permissions, "read-only folder"


def read_only_file(rng: np.random.Generator, work: Path, target: Path) -> tuple[Refusal, str]:
    """The existing file is read-only."""
    target.chmod(0o444)
    return obey_permissions, "read-only file"


WAYS = (too_large, full, quota, read_only_folder, read_only_file)


def obey_permissions() -> None:
    """Drop root's right to write regardless of permissions (Linux: CAP_DAC_OVERRIDE)."""
    if os.geteuid() != 0 or not sys.platform.startswith("linux"):
        return
    libc = ctypes.CDLL(None, use_errno=True)
    header = (ctypes.c_uint32 * 2)(0x20080522, 0)  # version 3, this process
    sets = (ctypes.c_uint32 * 6)()  # effective, permitted, inheritable; low and high words
    if libc.capget(header, sets):
        raise OSError(ctypes.get_errno(), "capget")
    dac_override, dac_read_search = 1, 2
    for place in (0, 1):
        sets[place] &= ~((1 << dac_override) | (1 << dac_read_search))
    if libc.capset(header, sets):
        raise OSError(ctypes.get_errno(), "capset")
