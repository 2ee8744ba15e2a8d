"""`pose3d evaluate` through the command line's own entry point."""

import json
from pathlib import Path

import numpy as np
import pytest

from pose3d.app import main
from pose3d.predictions import Predictions, write_predictions
from tests.evaluation.people import make_predictions


@pytest.fixture(autouse=True)
def _wide_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "160")


def _written(path: Path, predictions: Predictions) -> str:
    write_predictions(path, predictions)
    return str(path)


def test_tables_on_the_terminal_and_in_json_hold_the_same_numbers(tmp_path: Path, capsys) -> None:
    file = _written(tmp_path / "p.npz", make_predictions())
    assert main(["evaluate", file, "--json", str(tmp_path / "out" / "e.json")]) == 0
    printed = capsys.readouterr().out
    result = json.loads((tmp_path / "out" / "e.json").read_text())
    assert [t["title"] for t in result["tables"]] == ["All", "By scene", "By activity", "By sequence", "By joint group"]
    assert "box from: ground truth" in printed
    for table in result["tables"]:
        assert f"{table['title']} · protocol 3dhp" in printed
        assert table["rules"] == result["rules"]["3dhp"]
        for row in table["rows"]:
            line = next(x for x in printed.split(table["title"])[1].splitlines() if x.strip().startswith(str(row[0])))
            for column, cell in list(zip(table["columns"], row, strict=True))[1:]:
                if isinstance(cell, float):
                    assert f"{cell:.1f}" in line or f"{cell:.2f}" in line, (column, line)


def test_every_option_at_once(tmp_path: Path, capsys) -> None:
    pytest.importorskip("sklearn")
    ours = _written(tmp_path / "ours.npz", make_predictions(full=True))
    other = _written(tmp_path / "other.h5", make_predictions(seed=1))
    picture = tmp_path / "classes.png"
    arguments = ["evaluate", ours, other, "--compare", other, "--draw-classes", str(picture), "--bootstrap", "50"]
    assert main([*arguments, "--protocol", "3dhp-pa"]) == 0
    printed = capsys.readouterr().out
    for title in ("By pose class", "Switches at test time", "Paired comparison"):
        assert f"{title} · protocol 3dhp-pa" in printed
    assert "Sit: lower" in printed  # the rule is stated
    assert picture.exists()


def test_all(tmp_path: Path, capsys) -> None:
    assert main(["evaluate", _written(tmp_path / "p.npz", make_predictions(full=True)), "--protocol", "all"]) == 0
    printed = capsys.readouterr().out
    assert "3dhp-200" in printed
    assert "humaneva-rst" in printed


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--protocol", "h3.6m"], "unknown protocol 'h3.6m'; the closest are h36m"),
        (["--protocol", "mpii"], "has no 'joints_2d'"),
        (["--every", "0"], "--every must be at least 1"),
        (["--compare", "missing.npz"], "no predictions file missing.npz"),
    ],
)
def test_mistakes_end_with_one_sentence(tmp_path: Path, capsys, arguments: list[str], message: str) -> None:
    file = _written(tmp_path / "p.npz", make_predictions())
    assert main(["evaluate", file, *arguments]) == 2
    error = capsys.readouterr().err
    assert message in error
    assert error.count("\n") == 1


def test_wrong_unit_and_wrong_joint_count(tmp_path: Path, capsys) -> None:
    metres = make_predictions()
    metres.joints_3d = metres.joints_3d / 1000
    assert main(["evaluate", _written(tmp_path / "metres.npz", metres)]) == 2
    assert "its unit is not millimetres" in capsys.readouterr().err
    np.savez(tmp_path / "sixteen.npz", joints_3d=np.zeros((3, 16, 3)))
    assert main(["evaluate", str(tmp_path / "sixteen.npz")]) == 2
    assert "must be (N, 17, 3)" in capsys.readouterr().err


@pytest.mark.parametrize("option", ["--json", "--draw-classes"])
def test_an_unwritable_output_is_told_before_the_work_and_the_old_file_stays(tmp_path, capsys, monkeypatch, option):
    file = _written(tmp_path / "p.npz", make_predictions())
    monkeypatch.setattr("pose3d.commands.evaluate.evaluate", lambda *a, **k: pytest.fail("evaluated"))
    for target in (tmp_path, tmp_path / "p.npz" / "scores.out", Path("/proc/scores.out")):
        assert main(["evaluate", file, option, str(target)]) == 2
        assert f"cannot write {target}" in capsys.readouterr().err
    assert main(["evaluate", file, "--json", file]) == 2  # an input is never overwritten
    assert "is an input" in capsys.readouterr().err
