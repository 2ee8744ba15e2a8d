"""The small process of `trial.py`: has one reader after another called by a fork of itself.

It runs as a script and imports nothing but what the readers need. A line of its input has the limit in seconds and the
pickled reader; the answer is a line, "bad" or "fine".

The fork goes on with the next reader, as a fork for each would import the same libraries again. One that ends badly may
have been harmed by an earlier file, so its last reader is called once more by a new fork, whose end decides.
"""

from __future__ import annotations

import contextlib
import os
import pickle
import resource
import sys
from collections.abc import Callable


class Fork:
    """A process that calls readers until one of them ends it."""

    def __init__(self) -> None:
        task_in, task_out = os.pipe()
        done_in, done_out = os.pipe()
        self._pid = os.fork()
        if not self._pid:
            try:
                os.close(task_out)
                os.close(done_in)
                _serve(task_in, done_out)
            finally:
                os._exit(0)
        os.close(task_in)
        os.close(done_out)
        self._tasks, self._done = os.fdopen(task_out, "w"), os.fdopen(done_in)
        self.is_new = True

    def survives(self, line: str) -> bool:
        """Whether the process is still there after the reader of a line."""
        self.is_new = False
        with contextlib.suppress(BrokenPipeError):
            print(line, end="", file=self._tasks, flush=True)
        if self._done.readline():
            return True
        with contextlib.suppress(BrokenPipeError):
            self._tasks.close()
        self._done.close()
        os.waitpid(self._pid, 0)
        return False


def _serve(tasks: int, done: int) -> None:
    """Call the readers of all lines. What they print goes nowhere."""
    nowhere = os.open(os.devnull, os.O_RDWR)
    os.dup2(nowhere, 0)
    os.dup2(nowhere, 1)
    for line in os.fdopen(tasks):
        limit_s, read = _unpacked(line)
        with contextlib.suppress(BaseException):  # a limit of the system below ours: nothing is tried
            used = resource.getrusage(resource.RUSAGE_SELF)
            allowed = int(used.ru_utime + used.ru_stime) + 1 + limit_s
            resource.setrlimit(resource.RLIMIT_CPU, (allowed, resource.getrlimit(resource.RLIMIT_CPU)[1]))
            read()
        os.write(done, b"done\n")


def _unpacked(line: str) -> tuple[int, Callable[[], object]]:
    limit_s, pickled = line.split()
    return int(limit_s), pickle.loads(bytes.fromhex(pickled))


def main() -> None:
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    fork: Fork | None = None
    for line in sys.stdin:
        fine = True
        with contextlib.suppress(Exception):  # cannot be imported here: nothing is tried
            _unpacked(line)  # the readers' modules stay imported for the next forks
            current, fork = fork or Fork(), None
            was_new, fine = current.is_new, current.survives(line)
            if not (fine or was_new):
                current = Fork()
                fine = current.survives(line)
            fork = current if fine else None
        print("fine" if fine else "bad", flush=True)


if __name__ == "__main__":
    main()
