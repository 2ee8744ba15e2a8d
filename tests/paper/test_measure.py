"""Cells of an evaluation, by name and by pattern."""

from pose3d.paper.measure import lookup


def test_lookup_by_pattern():
    tables = [
        {"title": "T", "columns": ["a", "b", "mm"], "rows": [["S1 Box 1", "ours", 3.0], ["S1 Box 1", "mapped", 2]]}
    ]
    assert lookup(tables, ("T", "*Box*/mapped", "mm")) == 2
    assert lookup(tables, ("T", "S1 Box 1", "mm")) == 3
    assert lookup(tables, ("T", "*Walk*/ours", "mm")) is None
    assert lookup(tables, ("T", "S1 Box 1", "px")) is None
