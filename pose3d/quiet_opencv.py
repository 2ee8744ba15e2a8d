"""OpenCV without its own messages, for calls whose failure this package reports itself."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import cv2

SILENT = 0


@contextmanager
def quiet_opencv() -> Iterator[None]:
    """Silence OpenCV's log in the block, in any thread; the level before is restored."""
    # OpenCV 5 keeps these functions in `utils.logging`, OpenCV 4 at the top.
    log: Any = getattr(cv2.utils, "logging", cv2)
    level = log.getLogLevel()
    log.setLogLevel(SILENT)
    try:
        yield
    finally:
        log.setLogLevel(level)
