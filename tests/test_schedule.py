"""Phase tables: the paper's cells, typed here a second time, and the arithmetic of phases."""

from pathlib import Path

import pytest
import yaml

from pose3d.errors import PoseError
from pose3d.schedule import Phase, Schedule

SCHEDULES = Path(__file__).parents[1] / "configs" / "schedules"

# Supplement Table 3: base LR, iterations in thousands, Hsum, Hdeep, H4b20, H5a.
TABLE_3 = [
    (0.050, 60, 1.0, 0.5, 0.5, 0.5),
    (0.010, 60, 1.0, 0.4, 0.1, 0.1),
    (0.005, 60, 1.0, 0.2, 0.05, 0.05),
    (0.001, 60, 1.0, 0.2, 0.05, 0.05),
    (6.6e-4, 60, 1.0, 0.1, 0.005, 0.005),
    (0.0001, 40, 1.0, 0.01, 0.001, 0.001),
    (2.5e-5, 40, 1.0, 0.001, 0.0001, 0.0001),
    (0.0008, 60, 1.0, 0.0001, 0.0001, 0.0001),
    (0.0001, 40, 1.0, 0.0001, 0.0001, 0.0001),
    (3.3e-5, 20, 1.0, 0.0001, 0.0001, 0.0001),
]
# Supplement Table 4: base LR, thousands alone, thousands together, X4b5, X4b20, Xdeep, Xsum, H, PL.
TABLE_4 = [
    (0.05, 45, 60, 50, 50, 50, 100, 0.1, 0.05),
    (0.01, 15, 30, 10, 10, 10, 100, 0.05, 0.025),
    (0.005, 30, 30, 5, 5, 5, 100, 0.01, 0.005),
    (0.001, 15, 15, 1, 1, 1, 100, 0.01, 0.005),
    (5e-4, 30, 30, 0.5, 0.5, 0.5, 100, 0.005, 0.001),
    (1e-4, 15, 15, 0.1, 0.1, 0.1, 100, 0.005, 0.001),
]
# Supplement Table 5: base LR, thousands alone, thousands together, Pfused.
TABLE_5 = [(0.05, 1, 2, 100), (0.01, 15, 20, 100), (0.005, 15, 20, 100), (0.001, 15, 20, 100)]


def rows_of(name):
    schedule = Schedule.load(SCHEDULES / f"{name}.yaml")
    return [(p.lr, p.iterations, dict(p.weights)) for p in schedule.phases]


def test_table_3_as_printed():
    columns = ("Hsum", "Hdeep", "H4b20", "H5a")
    expected = [(lr, k * 1000, dict(zip(columns, w, strict=True))) for lr, k, *w in TABLE_3]
    assert rows_of("paper_stage1") == expected
    assert Schedule.load(SCHEDULES / "paper_stage1.yaml").total_iterations == 500_000


@pytest.mark.parametrize(("name", "column", "total"), [("paper_stage2", 1, 150_000), ("paper_stage2_both", 2, 180_000)])
def test_table_4_as_printed(name, column, total):
    columns = ("X4b5", "X4b20", "Xdeep", "Xsum", "H", "PL")
    expected = [(row[0], row[column] * 1000, dict(zip(columns, row[3:], strict=True))) for row in TABLE_4]
    assert rows_of(name) == expected
    assert sum(iterations for _, iterations, _ in rows_of(name)) == total


@pytest.mark.parametrize(("name", "column"), [("paper_stage3", 1), ("paper_stage3_both", 2)])
def test_table_5_as_printed(name, column):
    assert rows_of(name) == [(row[0], row[column] * 1000, {"Pfused": row[3]}) for row in TABLE_5]


def test_phase_boundaries():
    schedule = Schedule("s", (Phase(3, 0.1, {"H": 1}), Phase(2, 0.2, {"H": 2}), Phase(1, 0.3, {"H": 3})))
    # Walk through the phases one step at a time, as a training would.
    walked = [phase for phase in schedule.phases for _ in range(phase.iterations)]
    assert [schedule.at(step) for step in range(6)] == walked
    assert schedule.at(6) == schedule.at(10**6) == schedule.phases[-1]
    assert schedule.boundaries == (3, 5, 6)
    with pytest.raises(ValueError, match="negative"):
        schedule.at(-1)


def test_scaling_changes_iteration_counts_only():
    schedule = Schedule.load(SCHEDULES / "paper_stage1.yaml")
    scaled = schedule.scaled(0.001)
    assert [p.iterations for p in scaled.phases] == [60, 60, 60, 60, 60, 40, 40, 60, 40, 20]
    assert [(p.lr, p.weights) for p in scaled.phases] == [(p.lr, p.weights) for p in schedule.phases]
    assert [p.iterations for p in schedule.scaled(1e-9).phases] == [1] * 10
    with pytest.raises(PoseError, match="greater than 0"):
        schedule.scaled(0)


GOOD = {"iterations": 2, "lr": 0.1, "weights": {"H": 1.0}}


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ({"name": "x"}, "needs `name` and a list `phases`"),
        ({"phases": []}, "no phases"),
        ({"phases": [GOOD], "phase": []}, "unknown key 'phase'"),
        ({"phases": [GOOD, {"lr": 0.1}]}, "phase 2 of .* exactly the keys"),
        ({"phases": [GOOD | {"iterations": 0}]}, "iterations of phase 1"),
        ({"phases": [GOOD | {"iterations": 1.5}]}, "whole number"),
        ({"phases": [GOOD | {"lr": "fast"}]}, "lr of phase 1 .* 'fast'"),
        ({"phases": [GOOD | {"lr": -0.1}]}, "at least 0"),
        ({"phases": [GOOD | {"weights": {"H": float("nan")}}]}, "weight H of phase 1"),
        ({"phases": [GOOD | {"weights": {}}]}, "at least one loss"),
        ({"phases": [GOOD, GOOD | {"weights": {"P": 1}}]}, "different losses"),
    ],
)
def test_mistakes_in_a_file_are_named(tmp_path, content, message):
    path = tmp_path / "schedule.yaml"
    path.write_text(yaml.safe_dump(content))
    with pytest.raises(PoseError, match=message):
        Schedule.load(path)


def test_a_missing_file_suggests_the_closest():
    with pytest.raises(PoseError, match=r"did you mean .*paper_stage2.yaml"):
        Schedule.load(SCHEDULES / "paper_stag2.yaml")


def test_broken_yaml_is_one_sentence(tmp_path):
    path = tmp_path / "schedule.yaml"
    path.write_text("phases: [")
    with pytest.raises(PoseError, match="not valid YAML") as caught:
        Schedule.load(path)
    assert "\n" not in str(caught.value)


def test_exponents_without_a_point_are_numbers(tmp_path):
    path = tmp_path / "schedule.yaml"
    path.write_text("phases:\n- {iterations: 1, lr: 1e-3, weights: {H: 5e-2}}\n")
    assert Schedule.load(path).at(0) == Phase(1, 0.001, {"H": 0.05})


def test_a_table_without_a_loss_that_is_weighted_is_refused():
    schedule = Schedule.load(SCHEDULES / "paper_stage1.yaml")
    schedule.check_columns(["Hsum", "H5a"])
    with pytest.raises(PoseError, match="has no weight for Xdeep; add the column to each of its phases"):
        schedule.check_columns(["Hsum", "Xdeep"])
