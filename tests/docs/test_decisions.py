"""Every decision of docs/paper.md has its code: the files exist, and one of them names the decision."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
ROW = re.compile(r"\| ([NLGDM]\d+)(?:, M3a)? \|.*\| ([^|]*) \|")
DECISIONS = dict(
    match.groups() for match in map(ROW.fullmatch, (ROOT / "docs/paper.md").read_text().splitlines()) if match
)


def files(place: str) -> list[Path]:
    """The files that a cell names; a name without a folder lies beside the one before it."""
    found: list[Path] = []
    for name in re.findall(r"`([\w/*.-]+\.(?:py|yaml)|configs/[\w/]+)`", place):
        beside = [found[-1].parent] if found else []
        folder = next(folder for folder in (ROOT, ROOT / "pose3d", *beside) if any(folder.glob(name)))
        found += folder.glob(name)
    return [path for entry in found for path in (entry.rglob("*.yaml") if entry.is_dir() else [entry])]


def test_all_of_them_are_there():
    counts = {letter: sum(name[0] == letter for name in DECISIONS) for letter in "NLGDM"}
    assert counts == {"N": 16, "L": 10, "G": 6, "D": 11, "M": 7}


@pytest.mark.parametrize("name", DECISIONS)
def test_a_decision_is_named_where_it_lives(name):
    assert any(re.search(rf"\b{name}\b", path.read_text()) for path in files(DECISIONS[name]))
