"""Reading a damaged file first in a process of its own: parsers in C may end the process or never come back."""

from __future__ import annotations

import contextlib
import faulthandler
import os
import resource
from collections.abc import Callable

LIMIT_S = 60
"""Processor seconds after which a reader counts as stuck: tens of times what the largest official file takes."""


def ends_badly(read: Callable[[], object], limit_s: int = LIMIT_S) -> bool:
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
