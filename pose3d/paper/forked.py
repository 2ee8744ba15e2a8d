"""Run commands as forks of this process, which has imported the libraries: start-up dominates a short training."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Sequence
from importlib import import_module
from multiprocessing import get_all_start_methods, get_context
from pathlib import Path

from pose3d.errors import PoseError
from pose3d.sweep.process import die_with_parent

PATIENCE_S = 10.0


def run_forked(main: Callable[[list[str]], int], command: Sequence[str], log: Path, **extra: str) -> int:
    """Run a `lightning` or `pose3d` command in a fork of this process; its exit code, negative for a signal.

    Args:
        main: the `pose3d` command line, which serves `lightning fit` and `test` too.
        command: program name and arguments.
        log: file that the output is appended to.
        extra: environment variables to add.

    The fork ends when this process does.

    Raises:
        PoseError: this system cannot fork.
    """
    if "fork" not in get_all_start_methods():
        raise PoseError(f"--fork needs a system that can fork processes, and {sys.platform} cannot; leave it out")
    import_module("stages.cli")  # what every fork shares
    log.parent.mkdir(parents=True, exist_ok=True)
    sys.stdout.flush()
    sys.stderr.flush()
    process = get_context("fork").Process(target=_child, args=(main, list(command), log, extra))
    try:
        process.start()
        process.join()
    finally:
        for end in (process.terminate, process.kill):
            if process.is_alive():
                end()
                process.join(PATIENCE_S)
    return int(process.exitcode or 0)


def _child(main: Callable[[list[str]], int], command: list[str], log: Path, extra: dict[str, str]) -> None:
    """Run the command in the forked process."""
    if ends_too := die_with_parent():
        ends_too()
    os.environ.update(extra)
    with log.open("ab") as output:
        os.dup2(output.fileno(), 1)
        os.dup2(output.fileno(), 2)
    sys.stdout, sys.stderr = (os.fdopen(number, "w", buffering=1, closefd=False) for number in (1, 2))
    sys.exit(main(command[1:]))
