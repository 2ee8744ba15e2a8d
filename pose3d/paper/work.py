"""The work of a reproduction as tasks with their dependencies: trainings, tests, figures."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING

from pose3d.paper.ledger import Row
from pose3d.paper.measure import needed_tests
from pose3d.paper.side_by_side import Task
from pose3d.paper.steps import Step, steps
from pose3d.paper.testing import box_step, trainings

if TYPE_CHECKING:
    from pose3d.paper.reproduce import Reproduction


def tasks_of(reproduction: Reproduction, rows: Sequence[Row], seed: int) -> list[Task]:
    """The trainings of a seed, parents first, then each row's tests and figures, then the findings."""
    wanted, tasks = trainings(rows), list[Task]()
    for number, step in enumerate(wanted, 1):
        train = partial(reproduction.train, step, seed, f"{number} of {len(wanted)}")
        tasks.append(Task(_training(step, seed), train, (("train", step.parent, seed),)))
    for row in rows:
        step, tests = steps()[str(row.step)], []
        for test, switches in sorted(needed_tests(row, reproduction.overlays.has_test)):
            tests.append(("test", step.name, test, switches, seed))
            if all(task.name != tests[-1] for task in tasks):
                action = partial(reproduction.test, step, seed, test, switches)
                tasks.append(Task(tests[-1], action, (_training(step, seed), _training(box_step(step), seed))))
        tasks.append(Task(("row", row.key, seed), partial(reproduction.write, row, seed), tuple(tests)))
    every_row = tuple(("row", row.key, seed) for row in rows)
    return [*tasks, Task(("findings", seed), partial(reproduction.write_findings, seed), every_row)]


def _training(step: Step, seed: int) -> tuple[str, str, int]:
    return ("train", step.name, seed)
