"""Run tasks in several processes, counting finished items as they come; a killed run leaves no process behind."""

from __future__ import annotations

import multiprocessing as mp
import os
import signal
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_COMPLETED, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from typing import Any

from pose3d.errors import PoseError

Progress = Callable[[int], None]
"""Called with the number of items that were just finished."""

_POLL_SECONDS = 0.2
_counter: Any = None  # in a worker: the shared count


def run_tasks(make: Callable[..., None], tasks: Sequence[tuple[Any, ...]], workers: int, progress: Progress) -> None:
    """Call `make(*task, tick)` for each task, in this process (`workers` <= 1) or in several.

    `make` must be a function of a module, and calls `tick(n)` for each n items it has done. The first error of a task
    ends the run; tasks that have not begun are not started.
    """
    if workers <= 1 or len(tasks) <= 1:
        for task in tasks:
            make(*task, progress)
        return
    # spawn: the same on every system, and no thread, lock or file handle is inherited
    context = mp.get_context("spawn")
    counter = context.Value("q", 0)
    seen = 0
    with ProcessPoolExecutor(min(workers, len(tasks)), context, _start, (os.getpid(), counter)) as pool:
        pending = {pool.submit(_call, make, task) for task in tasks}
        try:
            while pending:
                finished, pending = wait(pending, timeout=_POLL_SECONDS, return_when=FIRST_COMPLETED)
                for future in finished:
                    future.result()
                count = counter.value
                progress(count - seen)
                seen = count
        except BrokenProcessPool as error:
            raise PoseError(
                "a worker process died (out of memory?); run the same command again to go on, with fewer --workers"
            ) from error
        finally:
            pool.shutdown(wait=True, cancel_futures=True)


def _start(parent: int, counter: Any) -> None:
    """Ignore Ctrl-C, which the parent handles; end with the parent; use one thread."""
    global _counter
    _counter = counter
    signal.signal(signal.SIGINT, signal.SIG_IGN)

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(1)
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()
    import cv2

    cv2.setNumThreads(1)


def _call(make: Callable[..., None], task: tuple[Any, ...]) -> None:
    make(*task, _tick)


def _tick(done: int) -> None:
    with _counter.get_lock():
        _counter.value += done
