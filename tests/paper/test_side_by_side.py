"""Tasks side by side: order, number, errors, interruptions."""

import threading

import pytest

from pose3d.paper import side_by_side
from pose3d.paper.side_by_side import Task, run_tasks


class Recorder:
    """Tasks that note when they begin and end, and how many ran at once."""

    def __init__(self):
        self.events, self.now, self.most, self.lock = [], 0, 0, threading.Lock()

    def task(self, name, *needs, until=lambda: None, error=None):
        def action():
            with self.lock:
                self.events.append(("begin", name))
                self.now += 1
                self.most = max(self.most, self.now)
            until()
            with self.lock:
                self.now -= 1
                self.events.append(("end", name))
            if error:
                raise error

        return Task(name, action, needs)


def test_one_at_a_time_in_order():
    record = Recorder()
    run_tasks([record.task("a"), record.task("b", "a"), record.task("c")])
    assert [name for kind, name in record.events if kind == "begin"] == ["a", "b", "c"]
    assert record.most == 1


def test_several_at_a_time_after_what_they_need():
    record, both = Recorder(), threading.Barrier(2, timeout=60)
    tasks = [
        record.task("parent", until=both.wait),
        record.task("child", "parent"),
        record.task("grandchild", "child", "done before"),
        record.task("beside", until=both.wait),
        *(record.task(f"other{i}") for i in range(3)),
    ]
    run_tasks(tasks, parallel=3)
    assert record.most in (2, 3)
    assert len(record.events) == 14
    assert record.events.index(("end", "parent")) < record.events.index(("begin", "child"))
    assert record.events.index(("end", "child")) < record.events.index(("begin", "grandchild"))


def test_after_an_error_nothing_more_begins_and_what_runs_is_finished(monkeypatch):
    record, noticed, wait, waits = Recorder(), threading.Event(), side_by_side.wait, []

    def counted(*args, **kwargs):
        waits.append(args)
        if len(waits) == 2:  # the first one ended with the error
            noticed.set()
        return wait(*args, **kwargs)

    monkeypatch.setattr(side_by_side, "wait", counted)
    tasks = [
        record.task("bad", error=ValueError("broken")),
        record.task("long", until=lambda: noticed.wait(60)),
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
