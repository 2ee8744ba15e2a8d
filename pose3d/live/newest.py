"""The newest frame of a video or a camera: what comes while the last one is in use is dropped."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from threading import Condition, Event

from pose3d.predict.frames import Frame
from pose3d.predict.reading_thread import ReadingThread


def newest(frames: Iterable[Frame], in_time: bool) -> Iterator[Frame]:
    """Frames without a backlog; damaged ones are left out.

    Args:
        frames: read in a thread of its own, as fast as they come.
        in_time: wait for each frame's own time, as a file has to be played.
    """
    changed = Condition()
    waiting: list[Frame] = []
    ended: list[BaseException | None] = []
    closed = Event()

    def read() -> None:
        start, error = time.monotonic(), None
        try:
            for frame in frames:
                if closed.wait(max(0.0, start + frame.time - time.monotonic()) if in_time else 0.0):
                    return
                if frame.image is not None:
                    with changed:
                        waiting[:] = [frame]
                        changed.notify_all()
        except BaseException as caught:  # raised again in the thread that waits
            error = caught
        with changed:
            ended.append(error)
            changed.notify_all()

    thread = ReadingThread(read, closed, "newest frame")
    try:
        while True:
            with changed:
                changed.wait_for(lambda: waiting or ended, timeout=0.2)
                if not waiting and not ended:
                    continue
                if not waiting:
                    if ended[0] is not None:
                        raise ended[0]
                    return
                frame = waiting.pop()
            yield frame
    finally:
        thread.close()
