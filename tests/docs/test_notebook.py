"""The tutorial notebook runs from its first cell to its last in an empty folder."""

import os
from pathlib import Path

import pytest

nbclient = pytest.importorskip("nbclient", reason="a tool for development, absent with the lowest versions")
nbformat = pytest.importorskip("nbformat")

ROOT = Path(__file__).parents[2]


@pytest.mark.slow
def test_the_tutorial_runs(tmp_path, monkeypatch):
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH")])))
    notebook = nbformat.read(ROOT / "docs" / "notebooks" / "tutorial.ipynb", as_version=4)
    client = nbclient.NotebookClient(notebook, timeout=3600, resources={"metadata": {"path": str(tmp_path)}})
    client.execute()
    for stage in ("stage1", "stage2", "stage3"):
        assert (tmp_path / "runs" / "quick" / stage / "metrics.json").is_file()
    last = "".join(output.get("text", "") for output in notebook.cells[-1].outputs)
    assert "distance of the pelvis" in last


def test_the_notebook_is_stored_without_outputs():
    notebook = nbformat.read(ROOT / "docs" / "notebooks" / "tutorial.ipynb", as_version=4)
    assert all(not cell.outputs for cell in notebook.cells if cell.cell_type == "code")
