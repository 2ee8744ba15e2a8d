"""Tasks side by side: order, number, errors, interruptions."""

import threading
import time

import pytest

from pose3d.paper.side_by_side import Task, run_tasks


class Recorder:
    """Tasks that note when they begin and end, and how many ran at once."""

    def __init__(self):
        self.events, self.now, self.most, self.lock = [], 0, 0, threading.Lock()

    def task(self, name, *needs, seconds=0.02, error=None):
        def action():
            with self.lock:
                self.events.append(("begin", name))
                self.now += 1
                self.most = max(self.most, self.now)
            time.sleep(seconds)
            with self.lock:
                self.now -= 1
                self.events.append(("end", name))
            if error:
                raise error

        return Task(name, action, needs)


def test_one_at_a_time_in_order():
    record = Recorder()
    run_tasks([record.task("a", seconds=0), record.task("b", "a", seconds=0), record.task("c", seconds=0)])
    assert [name for kind, name in record.events if kind == "begin"] == ["a", "b", "c"]
    assert record.most == 1


def test_several_at_a_time_after_what_they_need():
    record = Recorder()
    tasks = [
        record.task("parent", seconds=0.05),
        record.task("child", "parent"),
        record.task("grandchild", "child", "done before"),
        *(record.task(f"other{i}") for i in range(4)),
    ]
    run_tasks(tasks, parallel=3)
    assert record.most in (2, 3)
    assert len(record.events) == 14
    assert record.events.index(("end", "parent")) < record.events.index(("begin", "child"))
    assert record.events.index(("end", "child")) < record.events.index(("begin", "grandchild"))


def test_after_an_error_nothing_more_begins_and_what_runs_is_finished():
    record = Recorder()
    tasks = [
        record.task("bad", seconds=0.01, error=ValueError("broken")),
        record.task("long", seconds=0.1),
        record.task("child", "bad"),
        record.task("never", "long"),
    ]
    with pytest.raises(ValueError, match="broken"):
        run_tasks(tasks, parallel=2)
    assert ("end", "long") in record.events
    assert not {"child", "never"} & {name for _, name in record.events}


def test_an_interruption_ends_what_runs(monkeypatch):
    stopped = threading.Event()

    def interrupted(*args, **kwargs):
        raise KeyboardInterrupt

    monkeypatch.setattr("pose3d.paper.side_by_side.wait", interrupted)
    with pytest.raises(KeyboardInterrupt):
        run_tasks([Task("long", lambda: bool(stopped.wait(20))), Task("other", stopped.set)], 2, stopped.set)
    assert stopped.is_set()
