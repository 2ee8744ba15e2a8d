"""Cases of a campaign: numbered, seeded, each run once, recorded as one line of JSON; a stopped campaign goes on."""

from __future__ import annotations

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

CASE_TIMEOUT_S = 300.0


@dataclass(frozen=True)
class Outcome:
    """How a command ended."""

    code: int
    """Exit code; minus the number of the signal that ended the process; 124 for a time-out."""
    output: str
    """What it printed to stdout and stderr."""

    @property
    def in_order(self) -> bool:
        """It ended by itself, without a traceback."""
        return self.code in (0, 1, 2) and "Traceback (most recent call last)" not in self.output


@dataclass(frozen=True)
class Record:
    """Result of one case."""

    number: int
    what: str
    fault: str
    """Empty where everything was in order."""
    seconds: float


def campaign(
    part: str,
    count: int,
    seconds: float,
    seed: int,
    out: Path,
    case: Callable[[int, np.random.Generator], tuple[str, str]],
) -> int:
    """Run the cases of a part that have no record yet, until `seconds` are over; the number of faults so far.

    `case` gets a number and a generator of random numbers and returns what it did and the fault that it found.
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


def call(words: list[str], log: Path, before: Callable[[], None] = lambda: None) -> int:
    """Start `pose3d WORDS` or a stage's command in a forked process and return its id.

    The parent has imported everything, so that a case costs what the command costs.
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
                before()
                code = _main(words)
            except SystemExit as end:
                code = end.code if isinstance(end.code, int) else 1
            except BaseException:
                traceback.print_exc()
                code = 1
    finally:
        os._exit(code)


def finish(pid: int, log: Path, seconds: float = CASE_TIMEOUT_S, kill: bool = False) -> Outcome:
    """Wait for a process; after `seconds` it is killed, which is a fault unless `kill` says that it was meant."""
    until = time.monotonic() + seconds
    while True:
        done, status = os.waitpid(pid, os.WNOHANG)
        if done:
            code = os.waitstatus_to_exitcode(status)
            break
        if time.monotonic() > until:
            os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)
            code = -signal.SIGKILL if kill else 124
            break
        time.sleep(0.005)
    return Outcome(code, log.read_text(errors="replace") if log.is_file() else "")


def run(words: list[str], log: Path, before: Callable[[], None] = lambda: None) -> Outcome:
    """Run a command to its end."""
    return finish(call(words, log, before), log)


def _main(words: list[str]) -> int:
    if words[0] in ("fit", "test", "validate"):
        from stages.cli import main as stages_main

        return stages_main(words)
    from pose3d.app import main as app_main

    return app_main(words)
