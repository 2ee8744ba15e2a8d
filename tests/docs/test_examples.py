"""The programs of the documentation run in an empty folder and print the output on the page."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
BLOCK = re.compile(r"```(python|text)(?: title=\"([\w.]+)\")?\n(.*?)```", re.DOTALL)
PAGES = sorted(
    page
    for folder in ("own", "concepts")
    for page in (ROOT / "docs" / folder).glob("*.md")
    if "```python" in page.read_text()
)


def program_and_output(page: Path) -> tuple[str, str, dict[str, str]]:
    """The python blocks of a page one after the other, its text blocks, and the blocks that are files of their own."""
    blocks = BLOCK.findall(page.read_text())
    program = "\n".join(text for kind, _, text in blocks if kind == "python")
    output = "".join(text for kind, _, text in blocks if kind == "text")
    return program, output, {title: text for _, title, text in blocks if title}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_the_examples_of_a_page_run(page, tmp_path):
    program, output, files = program_and_output(page)
    for name, text in files.items():
        (tmp_path / name).write_text(text)
    (tmp_path / "example.py").write_text(program)
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONWARNINGS": "ignore"}
    done = subprocess.run([sys.executable, "example.py"], cwd=tmp_path, capture_output=True, text=True, env=environment)
    assert done.returncode == 0, done.stderr[-3000:]
    assert done.stdout == output


def test_every_page_of_parts_is_a_program():
    assert {page.stem for page in PAGES} >= {"data", "backbone", "head", "metric", "stage", "poses", "protocols"}
