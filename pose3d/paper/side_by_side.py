"""Run tasks that depend on one another, one after the other or several at a time."""

from __future__ import annotations

import os
from collections.abc import Callable, Hashable, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass

from pose3d.cores import available_cores


@dataclass(frozen=True)
class Task:
    """A function to call once the tasks named in `needs` are done. Names of no task count as done."""

    name: Hashable
    action: Callable[[], None]
    needs: tuple[Hashable, ...] = ()


def run_tasks(tasks: Sequence[Task], parallel: int = 1, interrupt: Callable[[], None] = lambda: None) -> None:
    """Run all tasks, each after those that it needs, at most `parallel` at a time, in the given order.

    After an error no further task is started, running tasks are completed, and the error is raised. On a
    KeyboardInterrupt, `interrupt` is called, which must end the running tasks.
    """
    if parallel == 1:
        for task in tasks:
            task.action()
        return
    open_names = {task.name for task in tasks}
    waiting, running = list(tasks), dict[Future[None], Task]()
    failure: BaseException | None = None
    with ThreadPoolExecutor(parallel) as pool:
        try:
            while running or (waiting and failure is None):
                for task in [task for task in waiting if not open_names & set(task.needs)] if failure is None else []:
                    if len(running) < parallel:
                        waiting.remove(task)
                        running[pool.submit(task.action)] = task
                finished, _ = wait(running, return_when=FIRST_COMPLETED)
                for future in finished:
                    open_names.discard(running.pop(future).name)
                    failure = failure or future.exception()
        except BaseException:
            interrupt()
            raise
    if failure is not None:
        raise failure


def thread_share(parallel: int) -> dict[str, str]:
    """Environment variables that divide the cores among the threads of several processes."""
    threads = str(max(1, available_cores() // parallel))
    return {} if parallel == 1 or "OMP_NUM_THREADS" in os.environ else {"OMP_NUM_THREADS": threads}
