"""Reading a damaged file first in a process of its own: parsers in C may end the process or never come back.

A fork copies the page tables of its parent, and every page that either of the two then writes to: 0.2 s of processor
time for a process with PyTorch in it. So it is a fork of a small process that is started once (`trial_process.py`).
"""

from __future__ import annotations

import atexit
import os
import pickle
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

SECONDS, BYTES_PER_SECOND = 5, 5e6
"""A reader counts as stuck after so many processor seconds, and one more for so many bytes of its file: ten times what
compressed files take, and more for others."""

_processes: dict[int, subprocess.Popen[str]] = {}
"""The small process of this process, by the number of the latter: after a fork the child needs one of its own."""


def limit_s(path: Path) -> int:
    """Processor seconds within which a sound file is read."""
    size = path.stat().st_size if path.is_file() else 0
    return SECONDS + round(size / BYTES_PER_SECOND)


def ends_badly(read: Callable[[], object], limit_s: int) -> bool:
    """Whether `read` crashes its process or takes more than `limit_s` seconds of processor time.

    An exception is neither: the caller, who reads the file next, gets it. Without fork nothing is tried.

    Args:
        read: a function, or a `functools.partial` of one, that another process can import.
    """
    if not hasattr(os, "fork"):
        return False
    process = _processes.get(os.getpid()) or _start()
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        print(limit_s, pickle.dumps(read).hex(), file=process.stdin, flush=True)
        answer = process.stdout.readline()
    except BrokenPipeError:
        answer = ""
    if not answer:  # killed from outside; the next file gets a new one
        _end(os.getpid())
    return answer == "bad\n"


def _start() -> subprocess.Popen[str]:
    """Start the small process. It imports what this process can, and is not interrupted from the keyboard."""
    process = subprocess.Popen(
        [sys.executable, "-P", str(Path(__file__).with_name("trial_process.py"))],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        process_group=0,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
    )
    _processes[os.getpid()] = process
    atexit.register(_end, os.getpid())
    return process


def _end(owner: int) -> None:
    """Kill the small process of the process `owner`; it would end with its input, which later forks also hold open."""
    if os.getpid() == owner and (process := _processes.pop(owner, None)):
        process.kill()
        process.communicate()
