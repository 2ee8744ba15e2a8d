"""Read frames ahead in another thread, so that decoding and the networks overlap."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from queue import Empty, Full, Queue
from threading import Event
from typing import TypeVar

from pose3d.predict.reading_thread import ReadingThread

T = TypeVar("T")

AHEAD = 4
"""Largest number of waiting frames: 100 MB at 4K."""

_PATIENCE_S = 0.1


class _Failed:
    def __init__(self, error: BaseException) -> None:
        self.error = error


_END = object()


def read_ahead(items: Iterable[T], most: int = AHEAD) -> Iterator[T]:
    """Iterate over the same items, of which up to `most` are made while earlier ones are in use.

    An exception of `items` is raised here, after the items before it. Closing the iterator ends the thread.
    """
    queue: Queue[object] = Queue(most)
    closed = Event()

    def put(item: object) -> None:
        while not closed.is_set():
            try:
                return queue.put(item, timeout=_PATIENCE_S)
            except Full:
                continue

    def read() -> None:
        try:
            for item in items:
                put(item)
                if closed.is_set():
                    return
            put(_END)
        except BaseException as error:  # raised again in the thread that consumes the items
            put(_Failed(error))

    thread = ReadingThread(read, closed, "read ahead")
    try:
        while True:
            try:
                item = queue.get(timeout=_PATIENCE_S)
            except Empty:  # a wait without end could not be interrupted on every system
                continue
            if item is _END:
                return
            if isinstance(item, _Failed):
                raise item.error
            yield item  # type: ignore[misc]
    finally:
        thread.close()
