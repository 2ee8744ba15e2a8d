"""Rows from the first training to the figure, with real commands, a tiny network and drawn people."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
import yaml

from pose3d.app import main as pose3d
from pose3d.paper.ledger import find
from pose3d.paper.merge import merged
from pose3d.paper.reproduce import Reproduction
from pose3d.predictions import read_predictions
from stages.cli import main as lightning
from tests.data.drawn import write_store

ROOT = Path(__file__).parents[2]
TINY_MODEL = {"weights": "random", "iterations_scale": 0.005}
TINY_TRUNK = "mobilenetv3_small_100"
TINY_DATA = {"image_size": 64, "batch_size": 4, "eval_batch_size": 4, "num_workers": 0}

pytestmark = pytest.mark.slow


@pytest.fixture
def tiny(tmp_path, monkeypatch):
    """A repository with an even smaller profile `mini`; commands run in this process."""
    shutil.copytree(ROOT / "configs", tmp_path / "configs")
    for number in (1, 2, 3):
        recipe = tmp_path / f"configs/profiles/mini/stage{number}.yaml"
        net: dict[str, object] = {} if number == 3 else {"backbone": TINY_TRUNK}
        net |= {"image_size": 64} if number == 2 else {}
        overlay = tmp_path / "overlay.yaml"
        overlay.write_text(
            yaml.safe_dump(
                {
                    "trainer": {"accelerator": "cpu", "logger": False, "enable_progress_bar": False},
                    "model": {"init_args": TINY_MODEL | {"net": net}},
                    "data": {"init_args": TINY_DATA},
                }
            )
        )
        recipe.write_text(yaml.safe_dump(merged([recipe, overlay])))
    embedded = tmp_path / "data" / "embedded"
    embedded.mkdir(parents=True)
    write_store(embedded / "wild2d.h5", 22, three_d=False, masks=False, subjects=11)
    write_store(embedded / "lab3d.h5", 22, masks=False, subjects=11)
    write_store(embedded / "studio3d.h5", 16, subjects=8)
    write_store(embedded / "test.h5", 6, subjects=6)
    write_store(embedded / "test_wide.h5", 6, subjects=6)
    monkeypatch.chdir(tmp_path)

    def in_process(self, what, command, log):
        program = {"lightning": lightning, "pose3d": pose3d}[command[0]]
        assert program(command[1:]) == 0, what

    monkeypatch.setattr(Reproduction, "_call", in_process)


def test_the_found_box_and_2dposenet_itself(tiny):
    out = Path("runs/paper/mini")
    rows = [*find("table5/no-gt-box"), *find("supp-table2/localised")]
    Reproduction("mini", out, say=lambda line: None).run(rows, [0])

    tests = out / "full/h36m_3dhp/fusion/seed0/tests"
    found = read_predictions(tests / "mpi_inf_3dhp+box_2dposenet/predictions.npz")
    assert (found.box, len(found)) == ("2DPoseNet", 6)
    results = {
        row.key: json.loads((out / "results" / row.table / row.id / "seed0.json").read_text())["figures"]
        for row in rows
    }
    assert np.isfinite(results["table5/no-gt-box"]["All"])
    folder = out / "pose2d/seed0/tests/mpii"
    assert (folder / "predictions.png").is_file()
    metrics = json.loads((folder / "metrics.json").read_text())
    measured = results["supp-table2/localised"]
    assert [measured["MPII PCKh0.5"], measured["MPII AUC"]] == [metrics["test/pckh50"], metrics["test/pckh50_auc"]]
    assert measured["LSP PCK0.2"] is None
