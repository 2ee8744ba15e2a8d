"""Commands as forks: their output, their exit codes, and their end with this process."""

import os
import signal
import sys
import time
from multiprocessing import get_all_start_methods
from multiprocessing.process import BaseProcess

import pytest

from pose3d.errors import PoseError
from pose3d.paper.forked import run_forked

pytestmark = pytest.mark.skipif("fork" not in get_all_start_methods(), reason="this system cannot fork")


def test_the_words_the_log_the_environment_and_the_exit_code(tmp_path):
    def command(words):
        print("said", *words, os.environ["COLOUR"])
        print("wrong", file=sys.stderr)
        os.environ["COLOUR"] = "green"
        return len(words)

    (log := tmp_path / "log.txt").write_text("before\n")
    assert run_forked(command, ["lightning", "fit", "--now"], log, COLOUR="red") == 2
    assert sorted(log.read_text().splitlines()) == ["before", "said fit --now red", "wrong"]
    assert "COLOUR" not in os.environ


def test_a_command_that_is_killed_has_the_signals_number(tmp_path):
    assert run_forked(lambda words: os.kill(os.getpid(), signal.SIGKILL), ["pose3d"], tmp_path / "log") == -9


def test_a_traceback_is_in_the_log_and_a_failure(tmp_path):
    def command(words):
        raise ValueError("no such thing")

    assert run_forked(command, ["pose3d"], tmp_path / "log") == 1
    assert "ValueError: no such thing" in (tmp_path / "log").read_text()


def test_an_interruption_ends_the_fork(tmp_path, monkeypatch):
    def interrupt(number, frame):
        raise KeyboardInterrupt

    def command(words):
        (tmp_path / "pid").write_text(str(os.getpid()))
        while not waits.exists():
            time.sleep(0.01)
        os.kill(os.getppid(), signal.SIGALRM)
        time.sleep(60)

    join, waits = BaseProcess.join, tmp_path / "waits"

    def join_and_tell(process, timeout=None):
        waits.touch()
        join(process, timeout)

    monkeypatch.setattr(BaseProcess, "join", join_and_tell)
    before = signal.signal(signal.SIGALRM, interrupt)
    try:
        with pytest.raises(KeyboardInterrupt):
            run_forked(command, ["pose3d"], tmp_path / "log")
    finally:
        signal.signal(signal.SIGALRM, before)
    with pytest.raises(ProcessLookupError):
        os.kill(int((tmp_path / "pid").read_text()), 0)


def test_a_system_that_cannot_fork(tmp_path, monkeypatch):
    monkeypatch.setattr("pose3d.paper.forked.get_all_start_methods", lambda: ["spawn"])
    with pytest.raises(PoseError, match="--fork needs a system that can fork"):
        run_forked(lambda words: 0, ["pose3d"], tmp_path / "log")
