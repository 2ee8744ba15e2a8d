"""A workplace in which the trainings of the ledger are replaced by a stand-in that only writes files."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from pose3d.paper.reproduce import Reproduction
from pose3d.predictions import Predictions, write_predictions
from tests.data.drawn import write_store

ROOT = Path(__file__).parents[2]
SHIFT_MM = {0: 40.0, 1: 60.0}


@pytest.fixture
def workplace(tmp_path, monkeypatch):
    """A repository with the configs and a drawn data set; commands only write their files, and are recorded."""
    shutil.copytree(ROOT / "configs", tmp_path / "configs")
    embedded = tmp_path / "data" / "embedded"
    embedded.mkdir(parents=True)
    write_store(embedded / "wild2d.h5", 11, three_d=False, masks=False, subjects=11)
    write_store(embedded / "lab3d.h5", 22, masks=False, subjects=11)
    write_store(embedded / "studio3d.h5", 8, subjects=8)
    write_store(embedded / "test.h5", 6, subjects=6)
    write_store(embedded / "test_wide.h5", 6, subjects=6)
    monkeypatch.chdir(tmp_path)
    calls = []

    def pretend(self, what, command, log):
        calls.append(command)
        options = [word.removeprefix("--") for word in command[2:] if word.startswith("--")]
        flags = dict(option.split("=", 1) for option in options if not option.startswith("config="))
        if command[:2] == ["pose3d", "predict"]:
            assert all(Path(path).is_file() for path in (command[2], flags["checkpoint"], flags["box-checkpoint"]))
            folder = Path(flags["out"]).parent
        elif command[:2] == ["pose3d", "bench"]:
            folder = Path(flags["json"]).parent
            folder.mkdir(parents=True, exist_ok=True)
            table = {"title": "Time per frame", "columns": ["part", "ms"], "rows": [["2DPoseNet", 9.0], ["All", 20.0]]}
            on = {"cpu": "drawn", "cores": 2, "device": "cpu"}
            Path(flags["json"]).write_text(json.dumps({"machine": on, "tables": [table]}))
            return
        else:
            folder = Path(flags["run_dir"])
        folder.mkdir(parents=True, exist_ok=True)
        if command[1] == "fit":
            if "model.init_args.init_from" in flags:
                assert Path(flags["model.init_args.init_from"]).is_file()
            (folder / "last.ckpt").write_text("weights")
            return
        seed = int(folder.parts[folder.parts.index("tests") - 1].removeprefix("seed"))
        target = np.zeros((4, 17, 3), np.float32)
        predictions = Predictions(
            joints_3d=target + np.float32([SHIFT_MM[seed], 0, 0]),
            target_3d=target,
            joints_2d=target[..., :2],
            target_2d=target[..., :2],
            visible=np.ones((4, 17), bool),
            head_size=np.ones(4, np.float32),
            frame=np.arange(4),
            activity=np.array([0, 0, 1, 1]),
            activity_names=np.array(["Walking", "Sitting"]),
            scene=np.zeros(4, np.int64),
            scene_names=np.array(["green screen"]),
        )
        write_predictions(folder / "predictions.npz", predictions)

    monkeypatch.setattr(Reproduction, "_call", pretend)
    # Poses that are zero are no people; the check of plausibility is not what is tested here.
    monkeypatch.setattr("pose3d.evaluation.run.check_plausible", lambda predictions: None)
    return calls
