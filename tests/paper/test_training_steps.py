"""Every training of the ledger can be built at full size under the paper profile, and steps with a tiny network."""

from pathlib import Path

import pytest
import torch
import yaml

from pose3d.paper.merge import merged
from pose3d.paper.stand_ins import make_stand_ins
from pose3d.paper.steps import Overlays, steps
from stages import Stage1, Stage2, Stage3
from stages.cli import main
from tests.data.drawn import write_store

ROOT = Path(__file__).parents[2]
STAGES = {"stage1": Stage1, "stage2": Stage2, "stage3": Stage3}

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("name", steps())
def test_builds_at_full_size(name, monkeypatch):
    """ResNet-101 at 368 px, and an optimiser group for each multiplier of the row; no training pass."""
    monkeypatch.chdir(ROOT)
    config = merged(Overlays("paper").training(steps()[name]))["model"]["init_args"] | {
        "weights": "random",
        "init_from": None,
    }
    if steps()[name].stage == "stage3":
        parent = merged(Overlays("paper").training(steps()[str(steps()[name].parent)]))["model"]["init_args"]["net"]
        config["net"] = {"pose3d": parent}
    stage = STAGES[steps()[name].stage](**config)
    assert sum(p.numel() for p in stage.net.parameters()) > 25e6
    groups = {group["name"]: group for group in stage.configure_optimizers()["optimizer"].param_groups}
    assert set(groups) == set(config["lr_multipliers"])


@pytest.mark.parametrize("name", steps())
def test_takes_a_training_step(name, monkeypatch, tmp_path):
    """The row's own overlays, with a tiny network and drawn people."""
    monkeypatch.chdir(ROOT)
    embedded = tmp_path / "embedded"
    write_store(embedded / "wild2d.h5", 22, three_d=False, masks=False, subjects=11)
    write_store(embedded / "lab3d.h5", 22, masks=False, subjects=11)
    write_store(embedded / "studio3d.h5", 16, subjects=8)
    write_store(embedded / "test.h5", 6, subjects=6)
    write_store(embedded / "test_wide.h5", 6, subjects=6)
    make_stand_ins([embedded / f"lab3d_{part}.h5" for part in ("train", "val", "test")])
    files = Overlays("mini").training(steps()[name])
    data = merged(files)["data"]["init_args"]
    tiny = {"image_size": 64, "batch_size": 4, "eval_batch_size": 4, "num_workers": 0, "unlabelled_batch": 2}
    for key in ("train_files", "unlabelled_files", "val_file", "test_file"):
        value = data.get(key)
        if value:
            moved = [str(embedded / Path(name).name) for name in ([value] if isinstance(value, str) else value)]
            tiny[key] = moved[0] if isinstance(value, str) else moved
    small = {"backbone": "mobilenetv3_small_100"} | ({} if steps()[name].stage == "stage1" else {"image_size": 64})
    net = {"pose3d": small} if steps()[name].stage == "stage3" else small
    model = {"net": net, "weights": "random", "init_from": None}
    overlay = tmp_path / "tiny.yaml"
    overlay.write_text(yaml.safe_dump({"model": {"init_args": model}, "data": {"init_args": tiny}}))
    words = [f"--config={path}" for path in [*files, overlay]]
    torch.manual_seed(0)
    flags = ["--trainer.fast_dev_run=1", f"--run_dir={tmp_path / 'run'}", "--trainer.logger=false"]
    assert main(["fit", *words, *flags]) == 0
