"""A thread that reads frames beside the main thread, and ends before the interpreter does."""

from __future__ import annotations

import atexit
from collections.abc import Callable
from threading import Event, Thread

PATIENCE_S = 5.0
"""How long the end of a thread is waited for: decoding the largest frame takes less."""


class ReadingThread:
    """A thread that runs `read` until it ends by itself, `close` is called or the program ends.

    When the interpreter ends, it ends every other thread where that thread next asks for the interpreter's lock. Inside
    OpenCV and PyTorch this is a destructor in C++, and the process aborts with "terminate called without an active
    exception". So no thread may be left there at the end, also where a program ends without closing its iterators.

    Args:
        read: the function of the thread; returns soon after `closed` is set.
        closed: tells `read` to return; set by `close`.
        name: of the thread, in debuggers.
    """

    def __init__(self, read: Callable[[], None], closed: Event, name: str) -> None:
        self._closed = closed
        self._thread = Thread(target=read, name=name, daemon=True)
        self._thread.start()
        atexit.register(self.close)

    def close(self) -> None:
        """End the thread; one that is stuck in a camera or a file is left after `PATIENCE_S`."""
        atexit.unregister(self.close)
        self._closed.set()
        self._thread.join(PATIENCE_S)
