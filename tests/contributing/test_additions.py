"""The numbers of files in CONTRIBUTING.md are those of additions that work."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.contributing.additions import ADDITIONS

ROOT = Path(__file__).parents[2]
HELD_ELSEWHERE = {"a dependency", "a page of the documentation"}
"""By `make test-floor` and `make docs`."""


def counts() -> dict[str, range]:
    """Rows of the table: what is added, and how many files that touches."""
    rows = re.findall(r"^\| ((?:a|an) [^|]+) \| (\d)(?: to (\d))? \|", (ROOT / "CONTRIBUTING.md").read_text(), re.M)
    return {added: range(int(low), int(high or low) + 1) for added, low, high in rows}


def test_every_kind_of_addition_is_tried():
    assert counts().keys() - HELD_ELSEWHERE == ADDITIONS.keys()


@pytest.mark.parametrize("added", ADDITIONS)
def test_an_addition_touches_as_many_files_as_contributing_says(added):
    assert len(ADDITIONS[added]) in counts()[added]
    for name, edit in ADDITIONS[added].items():
        assert (ROOT / name).exists() == isinstance(edit, list), name


@pytest.mark.slow
def test_the_additions_work_without_another_edit(tmp_path):
    """All additions are made and used in a copy of the project."""
    copy = tmp_path / "copy"
    for package in ("pose3d", "stages", "configs"):
        # Beside it, other tests may be writing into __pycache__.
        shutil.copytree(ROOT / package, copy / package, symlinks=True, ignore=shutil.ignore_patterns("__pycache__"))
    for edits in ADDITIONS.values():
        for name, edit in edits.items():
            path = copy / name
            path.parent.mkdir(parents=True, exist_ok=True)
            content = (ROOT / edit).read_text() if isinstance(edit, Path) else edit
            if isinstance(content, list):
                text = path.read_text()
                for old, new in content:
                    assert text.count(old) == 1, (name, old)
                    text = text.replace(old, new)
                content = text
            path.write_text(content)
    place = tmp_path / "place"
    place.mkdir()
    env = os.environ | {"PYTHONPATH": f"{copy}{os.pathsep}{ROOT}", "OMP_NUM_THREADS": "1"}
    call = [sys.executable, "-m", "tests.contributing.checks", str(place)]
    done = subprocess.run(call, cwd=copy, env=env, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.count("checked: ") == len(ADDITIONS)
