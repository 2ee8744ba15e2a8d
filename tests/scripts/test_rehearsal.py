"""The rehearsal of the paper in its smallest form: from official trees to one row of a table, and once more."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from scripts.rehearsal import FRAMES, trees

ROOT = Path(__file__).parents[2]


def test_each_row_gets_the_trees_that_it_needs_and_all_rows_all_of_them():
    assert trees(["supp-table2/localised"]) == ["lsp", "lspet", "mpii"]
    assert trees(["table1"]) == ["h36m", "lsp", "lspet", "mpii"]
    assert trees(["table5", "supp-table1", "supp-table2"]) == sorted(FRAMES)


@pytest.mark.slow
def test_from_official_trees_to_a_filled_row_and_again_without_work(tmp_path):
    command = [sys.executable, str(ROOT / "scripts" / "rehearsal.py"), "--out", str(tmp_path), "--resolution", "64"]
    command += ["--rows", "supp-table2/localised"]
    first = subprocess.run(command, capture_output=True, text=True, check=False)
    assert first.returncode == 0, first.stderr
    results = tmp_path / "runs/paper/mini-official/results/supp-table2/localised/seed0.json"
    content = json.loads(results.read_text())
    assert content["tested_on"] == {"lsp": "data/lsp/val.h5", "mpii": "data/mpii/val.h5"}
    assert all(0 <= figure <= 100 for figure in content["figures"].values())
    assert len(content["figures"]) == 4
    assert "training pose2d, seed 0 (1 of 1) ..." in first.stdout
    again = subprocess.run(command, capture_output=True, text=True, check=False)
    assert again.returncode == 0, again.stderr
    assert "training pose2d, seed 0 (1 of 1): done before" in again.stdout
    assert not any(word in again.stdout for word in ("preparing", "testing", "synth"))
