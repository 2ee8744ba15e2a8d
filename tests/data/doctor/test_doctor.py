"""Every seeded corruption is found, and clean trees have no findings."""

import numpy as np
import pytest

from pose3d.app import main
from pose3d.data.doctor import check_tree, pictures
from pose3d.data.doctor.examine import layout_of
from pose3d.errors import PoseError
from tests.data.doctor import (  # noqa: F401  (each registers its corruptions)
    damage_3dhp_test_set,
    damage_aspset510,
    damage_humaneva,
    damage_mpi_inf_3dhp,
    damage_pictures,
)
from tests.data.doctor.damage import DAMAGES
from tests.data.doctor.damage_h36m import edit_part_labels

LAYOUTS = ("mpi_inf_3dhp", "mpi_inf_3dhp_test", "h36m", "mpii", "lsp", "coco", "humaneva", "aspset510")


def test_there_are_at_least_a_hundred_corruptions():
    assert len(DAMAGES) >= 100


@pytest.mark.parametrize("layout", LAYOUTS)
def test_a_clean_tree_raises_no_alarm(damaged, layout):
    root = damaged(layout)
    assert layout_of(root) == layout
    assert [str(finding) for finding in check_tree(root)] == []


def test_a_clean_extended_lsp_tree_raises_no_alarm(damaged):
    assert [str(finding) for finding in check_tree(damaged("lspet"))] == []


def test_part_labels_of_somebody_behind_a_chair_raise_no_alarm(damaged):
    root = damaged("h36m")

    def hidden(image: np.ndarray) -> np.ndarray:
        """(W, H) with the upper fifth of the person left."""
        rows = np.flatnonzero(image.any(axis=0))
        shown = np.zeros_like(image)
        end = rows.min() + len(rows) // 5
        shown[:, :end] = image[:, :end]
        return shown

    edit_part_labels(root, lambda images: [hidden(image) for image in images])
    assert [str(finding) for finding in check_tree(root)] == []


def test_labels_that_hardly_move_are_not_said_to_be_another_cameras(damaged, monkeypatch):
    """If a video's own labels are not informative, a similarity with those of another camera is no evidence."""
    real = pictures._match
    own: list[np.ndarray] = []

    def match(small, figures, lag, starts, offset):
        if offset == 1:  # only one's own labels are tried at other offsets
            own[:] = [figures[0]]
        is_own = offset != 0 or not own or any(figures[0] is one for one in own)
        return pictures.UNTOLD if is_own else max(0.9, real(small, figures, lag, starts, offset))

    monkeypatch.setattr(pictures, "_match", match)
    root = damaged("mpi_inf_3dhp")
    assert not any("not their own" in str(finding) for finding in check_tree(root))


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
