"""Cases of a campaign: numbered, seeded, each run once and recorded as one line of JSON, so that it can be resumed."""

from __future__ import annotations

import contextlib
import importlib
import json
import os
import signal
import sys
import time
import traceback
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from pose3d.errors import INCOMPLETE

CASE_TIMEOUT_S = 300.0
POLL_S = 0.002

Command = Callable[[], int]
"""Something to run in a process of its own; it returns the exit code."""


@dataclass(frozen=True)
class Outcome:
    """How a command ended."""

    code: int
    """Exit code; minus the number of the signal that ended the process; 124 for a time-out."""
    output: str
    """Its output to stdout and stderr."""
    cpu_s: float = 0.0
    """Processor time that it used."""

    @property
    def in_order(self) -> bool:
        """Whether it ended by itself, without a traceback."""
        return self.code in (0, 1, 2, INCOMPLETE) and "Traceback (most recent call last)" not in self.output


@dataclass(frozen=True)
class Record:
    """Result of one case."""

    number: int
    what: str
    fault: str
    """Description of the fault, "" if there is none."""
    seconds: float


def campaign(
    part: str,
    count: int,
    seconds: float,
    seed: int,
    out: Path,
    case: Callable[[int, np.random.Generator], tuple[str, str]],
) -> int:
    """Run the cases of a part that have no record yet, for at most `seconds`; returns the number of faults so far.

    `case` is called with a number and a random generator, and returns a description and the fault that it found.
    """
    file = out / f"{part}-seed{seed}.jsonl"
    file.parent.mkdir(parents=True, exist_ok=True)
    known = [json.loads(line) for line in file.read_text().splitlines()] if file.is_file() else []
    done = {record["number"] for record in known}
    started = time.monotonic()
    for number in range(count):
        if number in done:
            continue
        if time.monotonic() - started > seconds:
            break
        began = time.monotonic()
        what, fault = case(number, np.random.default_rng([seed, number]))
        record = Record(number, what, fault, round(time.monotonic() - began, 2))
        with file.open("a") as stream:
            stream.write(json.dumps(asdict(record)) + "\n")
        known.append(asdict(record))
        if fault:
            print(f"{part} {number}: {what}: {fault}", flush=True)
    faults = sum(bool(record["fault"]) for record in known)
    print(f"{part}: {len(known)} of {count} cases, {faults} faults ({file})", flush=True)
    return faults


def command(words: list[str]) -> Command:
    """`pose3d WORDS`, or `lightning WORDS` where the first is `fit`, `test` or `validate`."""

    def run_it() -> int:
        if words[0] in ("fit", "test", "validate"):
            from stages.cli import main as stages_main

            return stages_main(words)
        from pose3d.app import main as app_main

        return app_main(words)

    return run_it


def call(start: Command, log: Path) -> int:
    """Start a command in a forked process and return its id.

    The parent has imported everything, so that a case takes no time for imports.
    """
    pid = os.fork()
    if pid:
        return pid
    code = 70
    try:
        with log.open("w") as stream:
            for number in (1, 2):
                os.dup2(stream.fileno(), number)
            os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
            sys.stdout = sys.stderr = stream
            try:
                code = start()
            except SystemExit as end:
                code = end.code if isinstance(end.code, int) else 1
            except BaseException:
                traceback.print_exc()
                code = 1
    finally:
        os._exit(code)


def finish(pid: int, log: Path, due: Callable[[], bool] | None = None) -> Outcome:
    """Wait for a process. It is killed when `due` returns True, or after `CASE_TIMEOUT_S`, which is a time-out."""
    until = time.monotonic() + CASE_TIMEOUT_S
    while True:
        done, status, usage = os.wait4(pid, os.WNOHANG)
        if done:
            code = os.waitstatus_to_exitcode(status)
            break
        late = time.monotonic() > until
        if late or (due is not None and due()):
            os.kill(pid, signal.SIGKILL)
            usage = os.wait4(pid, 0)[2]
            code = 124 if late else -signal.SIGKILL
            break
        time.sleep(POLL_S)
    output = log.read_text(errors="replace") if log.is_file() else ""
    return Outcome(code, output, usage.ru_utime + usage.ru_stime)


def warm(start: Command, folder: Path) -> Outcome:
    """Run a command once, then import the modules that it imported, so that later runs have them."""
    names = folder / "modules.json"

    def listed() -> int:
        before = set(sys.modules)
        code = start()
        names.write_text(json.dumps([name for name in sys.modules if name not in before]))
        return code

    outcome = run(listed, folder / "log.txt")
    if names.is_file():
        for name in json.loads(names.read_text()):
            with contextlib.suppress(Exception):  # modules that a library creates at run time
                importlib.import_module(name)
    return outcome


def run(start: Command, log: Path) -> Outcome:
    """Run a command and wait for it."""
    return finish(call(start, log), log)
