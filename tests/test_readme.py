"""The make targets, commands, options and files in README and docs exist."""

import functools
import itertools
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from pose3d.app import COMMANDS, TRAINER_COMMANDS

ROOT = Path(__file__).parents[1]
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))]


def commands_in(page: Path) -> list[str]:
    """Command lines of the page's shell blocks, without comments, continuation lines joined."""
    blocks = re.findall(r"```(?:bash|sh|shell|console)\n(.*?)```", page.read_text(), re.DOTALL)
    lines = "\n".join(blocks).replace("\\\n", " ").splitlines()
    return [line.split("  #")[0].strip() for line in lines if line.strip() and not line.lstrip().startswith("#")]


ALL = [(page.name, line) for page in PAGES for line in commands_in(page)]


def words_of(line: str, program: str) -> list[list[str]]:
    """Argument lists of the calls of `program` in a command line; variables in front of it are dropped."""
    calls = []
    for part in re.split(r"&&|;|\|", line):
        words = shlex.split(part, comments=True)
        while words and "=" in words[0] and not words[0].startswith("-"):
            words = words[1:]
        if words and Path(words[0]).name == program:
            calls.append(words[1:])
    return calls


@functools.cache
def help_of(command: str) -> str:
    call = [sys.executable, "-m", "pose3d", command, "--help"]
    return subprocess.run(call, capture_output=True, text=True, check=True).stdout


def test_the_readme_shows_the_pipeline_and_the_tests():
    lines = [line for name, line in ALL if name == "README.md"]
    assert any("make stage1 stage2 stage3" in line for line in lines)
    assert "make test" in lines


@pytest.mark.parametrize(("page", "line"), ALL, ids=[f"{page}: {line[:60]}" for page, line in ALL])
def test_commands_exist(page, line):
    targets = set(re.findall(r"^([a-z0-9-]+)(?: [a-z0-9 -]+)?:", (ROOT / "Makefile").read_text(), re.MULTILINE))
    for words in words_of(line, "make"):
        assert {w for w in words if "=" not in w and not w.startswith("-")} <= targets | {"stage1", "stage2", "stage3"}
    for words in words_of(line, "pose3d"):
        assert words[0].startswith("-") or words[0] in COMMANDS | TRAINER_COMMANDS
        options = {w.split("=")[0] for w in words[1:] if w.startswith("--")}
        if options:
            unknown = [o for o in options if not re.search(rf"{re.escape(o)}(?![\w-])", help_of(words[0]))]
            assert not unknown, f"pose3d {words[0]} has no {unknown}"
    for words in words_of(line, "lightning"):
        assert words[0] in {"fit", "validate", "test", "predict"}
        files = [value for flag, value in itertools.pairwise(words) if flag == "--config"]
        assert all((ROOT / f).exists() for f in files if f.startswith("configs/"))


def test_make_trains_on_a_store_or_with_a_data_file():
    def recipe(data: str) -> str:
        call = ["make", "--dry-run", "stage2", f"DATA={data}"]
        said = subprocess.run(call, cwd=ROOT, capture_output=True, text=True, check=True).stdout
        (line,) = [line for line in said.splitlines() if "lightning fit" in line]
        return line

    assert "--data pose3d.data.PoseDataModule --data.train_files [some/store.h5] " in recipe("some/store.h5")
    assert "--config some/store.h5" not in recipe("some/store.h5")
    assert "--config some/data.yaml" in recipe("some/data.yaml")
