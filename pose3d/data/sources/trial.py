"""Reading a damaged file first in a process of its own: parsers in C may end the process or never come back."""

from __future__ import annotations

import contextlib
import faulthandler
import os
import resource
from collections.abc import Callable
from pathlib import Path

SECONDS, BYTES_PER_SECOND = 5, 5e6
"""A reader counts as stuck after so many processor seconds, and one more for so many bytes of its file: ten times what
compressed files take, and more for others."""


def limit_s(path: Path) -> int:
    """Processor seconds within which a sound file is read."""
    size = path.stat().st_size if path.is_file() else 0
    return SECONDS + round(size / BYTES_PER_SECOND)


def ends_badly(read: Callable[[], object], limit_s: int) -> bool:
    """Whether `read` crashes its process or takes more than `limit_s` seconds of processor time.

    An exception is neither: the caller, who reads the file next, gets it. Without fork nothing is tried.
    """
    if not hasattr(os, "fork"):
        return False
    pid = os.fork()
    if not pid:
        try:
            faulthandler.disable()
            resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
            resource.setrlimit(resource.RLIMIT_CPU, (limit_s, limit_s))
            with contextlib.suppress(BaseException):
                read()
        finally:
            os._exit(0)
    return os.WIFSIGNALED(os.waitpid(pid, 0)[1])
