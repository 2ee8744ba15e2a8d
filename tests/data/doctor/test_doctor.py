"""Every seeded corruption is found, and clean trees raise no alarm."""

import numpy as np
import pytest

from pose3d.app import main
from pose3d.data.doctor import check_tree
from pose3d.data.doctor.examine import layout_of
from pose3d.errors import PoseError
from tests.data.doctor.damage import DAMAGES

LAYOUTS = ("mpi_inf_3dhp", "mpi_inf_3dhp_test", "h36m", "mpii", "lsp")


def test_there_are_at_least_thirty_corruptions():
    assert len(DAMAGES) >= 30


@pytest.mark.parametrize("layout", LAYOUTS)
def test_a_clean_tree_raises_no_alarm(damaged, layout):
    root = damaged(layout)
    assert layout_of(root) == layout
    assert [str(finding) for finding in check_tree(root)] == []


@pytest.mark.parametrize(("layout", "corrupt", "words"), DAMAGES, ids=[d[1].__name__ for d in DAMAGES])
def test_a_corruption_is_found(damaged, layout, corrupt, words):
    root = damaged(layout)
    corrupt(root, np.random.default_rng(len(words[0])))
    findings = [str(finding) for finding in check_tree(root)]
    assert any(all(word in finding for word in words) for finding in findings), findings


def test_the_command_checks_folders(damaged, tmp_path, capsys):
    root = damaged("lsp")
    assert main(["check", str(root)]) == 0
    assert "whole" in capsys.readouterr().out
    (root / "images" / "im0001.jpg").unlink()
    assert main(["check", str(root)]) == 2
    assert "im0001.jpg" in capsys.readouterr().out
    (tmp_path / "empty").mkdir()
    assert main(["check", str(tmp_path / "empty")]) == 2
    with pytest.raises(PoseError, match="no data set that is known"):
        list(check_tree(tmp_path / "empty"))
