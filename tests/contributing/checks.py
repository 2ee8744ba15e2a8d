"""Use every addition of `additions.py`; run as a script in a copy with all of them.

python -m tests.contributing.checks FOLDER
"""

import contextlib
import io
import sys
from pathlib import Path

import cv2
import numpy as np
import torch
import yaml

from pose3d.app import main as pose3d
from pose3d.checkpoint import PROVENANCE, read_checkpoint
from pose3d.data import PoseStore
from pose3d.models import Pose3DConfig, Pose3DNet
from stages.cli import main as lightning
from tests.stages.conftest import Workshop


def a_switch_of_a_network(workshop: Workshop) -> None:
    """It is a key of the command line, is stored in the checkpoint, and is used by stage 3, which does not set it."""
    assert workshop.fit(2, "--model.net.gain", "0.5") == 0
    assert workshop.fit(3) == 0
    stored = [read_checkpoint(workshop.root / f"stage{n}" / "best.ckpt")["hyper_parameters"]["net"] for n in (2, 3)]
    assert stored[0]["gain"] == stored[1]["pose3d"]["gain"] == 0.5


def an_output_with_its_loss(workshop: Workshop) -> None:
    """It is trained, and listed in the checkpoint."""
    logged = ("--trainer.logger=true", "--trainer.log_every_n_steps=1")
    assert workshop.fit(1, *logged) == 0
    provenance = read_checkpoint(workshop.root / "stage1" / "best.ckpt")[PROVENANCE]
    assert "again" in [output["key"] for output in provenance["outputs"]]
    (curves,) = (workshop.root / "stage1" / "logs").rglob("metrics.csv")
    assert "train/loss_again" in curves.read_text().splitlines()[0].split(",")


def a_backbone_of_timm(workshop: Workshop) -> None:
    """A network with this backbone computes its outputs."""
    net = Pose3DNet(Pose3DConfig("resnet26", image_size=64), weights="random").eval()
    assert net(torch.zeros(1, 3, 64, 64))["Pdeep"].shape == (1, 17, 3)


def printed(*flags: str) -> dict:
    """The configuration of a command line."""
    text = io.StringIO()
    with contextlib.redirect_stdout(text):
        assert lightning(["fit", *flags, "--print_config"]) == 0
    content: dict = yaml.safe_load(text.getvalue())
    return content


def an_ablation(workshop: Workshop) -> None:
    """It is an overlay on a recipe."""
    config = printed("--config=configs/stage2.yaml", "--config=configs/ablations/no_heatmaps_here.yaml")
    assert config["model"]["init_args"]["net"]["heatmaps"] is False


def a_profile(workshop: Workshop) -> None:
    """Three recipes that the command line reads."""
    for number in (1, 2, 3):
        config = printed(f"--config=configs/profiles/tiny/stage{number}.yaml")
        assert config["model"]["class_path"] == f"stages.Stage{number}"


def a_metric(workshop: Workshop) -> None:
    """It is imported from `pose3d.metrics`."""
    from pose3d.metrics import WorstJoint  # type: ignore[attr-defined]

    metric = WorstJoint()
    metric.update(torch.zeros(2, 17, 3), torch.full((2, 17, 3), 3.0))
    assert float(metric.compute()) == float(torch.tensor(27.0).sqrt())


def a_protocol(workshop: Workshop) -> None:
    """It is selected by name."""
    assert pose3d(["evaluate", str(workshop.root / "stage2" / "predictions.npz"), "--protocol", "3dhp-100"]) == 0


def a_data_set(workshop: Workshop) -> None:
    """It is prepared by its name, and its data file finds it."""
    raw = workshop.root / "raw"
    (raw / "images").mkdir(parents=True)
    for number in range(1, 5):
        cv2.imwrite(str(raw / "images" / f"im{number:04d}.jpg"), np.full((200, 200, 3), 90, np.uint8))
    np.save(raw / "joints.npy", np.random.default_rng(0).uniform(40, 160, (4, 14, 2)))
    words = ["prepare", "parade", "--root", str(raw), "--out", "data/parade/train.h5", "--workers", "1"]
    assert pose3d(words) == 0
    config = printed("--config=configs/stage1.yaml", "--config=configs/data/parade.yaml")
    (name,) = config["data"]["init_args"]["train_files"]
    assert len(PoseStore(Path(name))) == 4


def a_command(workshop: Workshop) -> None:
    """It is called."""
    text = io.StringIO()
    with contextlib.redirect_stdout(text):
        assert pose3d(["greet", "Ada"]) == 0
    assert text.getvalue() == "Hello Ada\n"


def a_world(workshop: Workshop) -> None:
    """It is rendered."""
    out = workshop.root / "worlds"
    assert pose3d(["synth", "--worlds", "lab_too", "--num", "lab_too=2", "--out", str(out), "--workers", "1"]) == 0
    assert len(PoseStore(out / "lab_too.h5")) == 2


if __name__ == "__main__":
    place = Workshop(Path(sys.argv[1]))
    for check in (
        *(an_output_with_its_loss, a_switch_of_a_network, a_protocol),  # each needs the run before it
        *(a_backbone_of_timm, an_ablation, a_profile, a_metric, a_data_set, a_command, a_world),
    ):
        check(place)
        print(f"checked: {check.__name__}", flush=True)
