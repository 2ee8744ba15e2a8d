"""The Python example of docs/own_data.md runs and gives a whole store."""

import re
from pathlib import Path

from pose3d.data.check import check_store
from pose3d.data.store import PoseStore

PAGE = Path(__file__).parents[3] / "docs" / "own_data.md"


def test_the_store_writer_example_runs(tmp_path, monkeypatch):
    (code,) = re.findall(r"```python\n(.*?)```", PAGE.read_text(), re.DOTALL)
    monkeypatch.chdir(tmp_path)
    exec(compile(code, str(PAGE), "exec"), {})
    assert len(PoseStore("mine.h5")) == 8
    assert [str(finding) for finding in check_store("mine.h5")] == []
