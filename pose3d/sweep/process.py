"""Training commands as child processes: own session, output to a log file, and terminated with this process."""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from pose3d.errors import PoseError


def environment(**extra: str) -> dict[str, str]:
    """This process's environment, with the commands that are installed beside this Python first on the path."""
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")])
    return {**os.environ, "PATH": path, "PYTHONUNBUFFERED": "1", **extra}


def start(command: Sequence[str], log: Path, env: Mapping[str, str]) -> subprocess.Popen[bytes]:
    """Start a command; stdout and stderr go to the end of `log`. A missing program is a PoseError."""
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("ab") as output:
        try:
            return subprocess.Popen(
                list(command),
                stdout=output,
                stderr=subprocess.STDOUT,
                stdin=subprocess.DEVNULL,
                env=dict(env),
                start_new_session=True,
                preexec_fn=die_with_parent(),
            )
        except FileNotFoundError as error:
            raise PoseError(f"there is no program {command[0]!r} to run; install the package, or correct it") from error


def stop(process: subprocess.Popen[bytes], patience_s: float = 10.0) -> None:
    """Terminate a child and everything it started: SIGTERM first, then SIGKILL."""
    for number in (signal.SIGTERM, signal.SIGKILL):
        if process.poll() is not None:
            return
        try:
            os.killpg(process.pid, number)
            process.wait(patience_s)
        except (ProcessLookupError, subprocess.TimeoutExpired):
            continue


def last_words(log: Path, lines: int = 1) -> str:
    """The last non-empty lines of a log, for an error message."""
    text = log.read_text(errors="replace").splitlines() if log.is_file() else []
    return " | ".join([line.strip() for line in text if line.strip()][-lines:]) or "it printed nothing"


def die_with_parent() -> Callable[[], None] | None:
    """On Linux, let the kernel end the child when this process is killed, so that no child outlives a restart."""
    if not sys.platform.startswith("linux"):
        return None
    libc = ctypes.CDLL(None, use_errno=True)
    set_parent_death_signal = 1  # PR_SET_PDEATHSIG
    return lambda: libc.prctl(set_parent_death_signal, signal.SIGKILL)
