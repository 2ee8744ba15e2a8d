"""A pipeline small enough for tests: drawn people, a small backbone, a few steps."""

from pathlib import Path

import pytest
import yaml

from stages.cli import main
from tests.data.drawn import write_store

ROOT = Path(__file__).parents[2]

COMMON = {"weights": "random", "optimizer": "adamw"}
NETS = {
    1: {"backbone": "mobilenetv3_small_100"},
    2: {"backbone": "mobilenetv3_small_100", "image_size": 64},
    3: {},
}
LOSSES = {
    1: {"Hsum": 1.0, "Hdeep": 0.5, "H4b20": 0.5, "H5a": 0.5},
    2: {"X4b5": 50, "X4b20": 50, "Xdeep": 50, "Xsum": 100, "H": 0.1, "PL": 0.05},
    3: {"Pfused": 100},
}
MULTIPLIERS = {
    1: {"trunk": 0.1, "res5a": 1.0, "new": 1.0},
    2: {"trunk": 0.001, "res5a": 1.0, "new": 1.0},
    3: {"trained": 0.0001, "new": 1.0},
}


class Workshop:
    """A folder with stores, schedules and configs, and the command line inside it."""

    def __init__(self, root: Path) -> None:
        self.root = root
        write_store(root / "train.h5", 12, seed=0)
        write_store(root / "test.h5", 12, seed=1, scenes=("indoors", "garden"))
        for number in (1, 2, 3):
            halved = {name: weight / 2 for name, weight in LOSSES[number].items()}
            phases = [
                {"iterations": 3, "lr": 0.001, "weights": LOSSES[number]},
                {"iterations": 3, "lr": 0.0005, "weights": halved},
            ]
            (root / f"schedule{number}.yaml").write_text(yaml.safe_dump({"name": "tiny", "phases": phases}))

    def config(self, number: int, **model: object) -> Path:
        """Recipe of a stage, complete, written into the folder."""
        content = {
            "run_dir": str(self.root / f"stage{number}"),
            "validations": 2,
            "checkpoint": {"monitor": "val/pckh50" if number == 1 else "val/mpjpe_mm"},
            "trainer": {
                "accelerator": "cpu",
                "precision": "32-true",
                "logger": False,
                "enable_progress_bar": False,
                "enable_model_summary": False,
            },
            "model": {
                "class_path": f"stages.Stage{number}",
                "init_args": {
                    **COMMON,
                    "net": NETS[number],
                    "schedule": str(self.root / f"schedule{number}.yaml"),
                    "lr_multipliers": MULTIPLIERS[number],
                    "init_from": None if number == 1 else str(self.root / f"stage{number - 1}" / "best.ckpt"),
                    **model,
                },
            },
            "data": {
                "class_path": "pose3d.data.PoseDataModule",
                "init_args": {
                    "with_3d": number > 1,
                    "train_files": [str(self.root / "train.h5")],
                    "val_subjects": [3],
                    "test_file": str(self.root / "test.h5"),
                    "batch_size": 4,
                    "image_size": 64,
                    "num_workers": 0,
                    "flip": 0.5,
                    "rotation_deg": 20.0,
                },
            },
        }
        path = self.root / f"stage{number}.yaml"
        path.write_text(yaml.safe_dump(content))
        return path

    def fit(self, number: int, *flags: str) -> int:
        """`lightning fit` of a stage with its recipe."""
        return main(["fit", "--config", str(self.config(number)), *flags])


@pytest.fixture(scope="session")
def pipeline(tmp_path_factory: pytest.TempPathFactory) -> Workshop:
    """All three stages, run once."""
    workshop = Workshop(tmp_path_factory.mktemp("pipeline"))
    for number in (1, 2, 3):
        assert workshop.fit(number) == 0
    return workshop


@pytest.fixture
def workshop(tmp_path: Path) -> Workshop:
    """A fresh folder, nothing run yet."""
    return Workshop(tmp_path)
