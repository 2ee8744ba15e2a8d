"""W&B logging: the run's ancestry in its configuration, pictures of predictions, the parameters of an agent."""

import hashlib
import json
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import wandb
import yaml
from jsonargparse import Namespace

from pose3d.checkpoint import PROVENANCE, read_checkpoint
from pose3d.data.identity import content_sha256
from stages.cli import main
from stages.wandb_agent import folder_of_agent, report_to_agent
from tests.stages.conftest import Workshop

OVERLAY = Path(__file__).parents[2] / "configs" / "loggers" / "wandb.yaml"


class Config(dict):
    """The `config` of a W&B run."""

    def update(self, params, allow_val_change=False):
        super().update(json.loads(json.dumps(params)))


class Experiment:
    """A W&B run that records its inputs: `config`, and one dictionary for each call of `log`."""

    def __init__(self) -> None:
        self.config, self.history = Config(), []
        self.id = self.name = "fake"

    def log(self, metrics: dict) -> None:
        self.history.append(dict(metrics))


def logged_fit(workshop: Workshop, number: int, patch: pytest.MonkeyPatch) -> Experiment:
    """Train a stage with the logger overlay; what W&B would have got."""
    experiment, started = Experiment(), []
    patch.setattr(wandb, "init", lambda **settings: started.append(settings) or experiment)
    patch.setattr(wandb, "Image", lambda picture, caption=None, **_: SimpleNamespace(picture=picture, caption=caption))
    content = yaml.safe_load(OVERLAY.read_text())
    content["trainer"]["logger"]["init_args"]["save_dir"] = str(workshop.root)
    overlay = workshop.root / "overlay.yaml"
    overlay.write_text(yaml.safe_dump(content))
    assert workshop.fit(number, "--config", str(overlay)) == 0
    assert [settings["project"] for settings in started] == ["pose3d"]
    return experiment


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        # Lightning sets it for runs that stay offline.
        patch.setenv("WANDB_MODE", "dryrun")
        workshop = Workshop(tmp_path_factory.mktemp("logged"))
        yield workshop, {number: logged_fit(workshop, number, patch) for number in (1, 2)}


def test_the_ancestry_is_in_the_configuration(runs):
    workshop, logged = runs
    config = logged[2].config
    origin = config["provenance"]
    parent = workshop.root / "stage1" / "best.ckpt"
    assert origin["parent"]["path"] == str(parent)
    assert origin["parent"]["sha256"] == hashlib.sha256(parent.read_bytes()).hexdigest()
    assert origin["parent"]["config_sha256"] == logged[1].config["provenance"]["config_sha256"]
    assert (origin["parent"]["parent"], logged[1].config["provenance"]["parent"]) == (None, None)
    (store,) = origin["data"]["train"]
    assert store["file"] == str(workshop.root / "train.h5")
    assert store["sha256"] == content_sha256(store["file"])
    # The hyperparameters that Lightning logs are still there.
    assert config["lr_multipliers"]["trunk"] == 0.001


@pytest.mark.parametrize("number", [1, 2])
def test_it_is_what_the_checkpoint_says(runs, number):
    workshop, logged = runs
    provenance = read_checkpoint(workshop.root / f"stage{number}" / "best.ckpt")[PROVENANCE]
    expected = {key: value for key, value in provenance.items() if key not in ("step", "metrics")}
    assert logged[number].config["provenance"] == json.loads(json.dumps(expected))


@pytest.mark.parametrize("number", [1, 2])
def test_pictures_of_every_validation_and_of_the_test(runs, number):
    _, logged = runs
    steps = {}
    for split in ("val", "test"):
        shown = [row for row in logged[number].history if f"{split}/predictions" in row]
        steps[split] = [row["trainer/global_step"] for row in shown]
        for row in shown:
            pictures = row[f"{split}/predictions"]
            assert pictures
            for picture in pictures:
                assert picture.caption.startswith("frame ")
                assert ("mm" in picture.caption) == (number == 2)
                assert picture.picture.dtype == np.uint8
                assert picture.picture.std() > 10
    assert steps == {"val": [3, 6], "test": [6]}


def test_the_pictures_are_a_key_of_the_configuration_that_overlays_do_not_drop(workshop, capsys, tmp_path):
    overlay = tmp_path / "overlay.yaml"
    overlay.write_text("trainer: {callbacks: [{class_path: lightning.pytorch.callbacks.DeviceStatsMonitor}]}\n")
    flags = ["--config", str(workshop.config(1)), "--config", str(overlay), "--config", str(OVERLAY)]
    assert main(["fit", *flags, "--wandb.pictures", "2", "--print_config"]) == 0
    printed = yaml.safe_load(capsys.readouterr().out)
    assert printed["wandb"] == {"pictures": 2}
    assert printed["progress"] == {"lines": 10}
    assert printed["checkpoint"]["monitor"] == "val/pckh50"


def test_without_the_overlay_nothing_is_written(workshop):
    assert workshop.fit(1, "--test_after_fit", "false", "--trainer.max_steps", "1") == 0
    assert not list(workshop.root.rglob("*.wandb"))


def test_an_agents_trial_goes_online_and_has_its_own_folder(monkeypatch):
    def logger():
        return Namespace(class_path="lightning.pytorch.loggers.WandbLogger", init_args=Namespace(offline=True))

    for name in ("WANDB_SWEEP_ID", "WANDB_RUN_ID", "WANDB_MODE"):
        monkeypatch.delenv(name, raising=False)
    alone = logger()
    report_to_agent(alone)
    assert alone.init_args.offline
    assert folder_of_agent() == []
    monkeypatch.setenv("WANDB_SWEEP_ID", "s1")
    monkeypatch.setenv("WANDB_RUN_ID", "r1")
    one, several = logger(), [logger(), logger()]
    for loggers in (one, several, None, False):
        report_to_agent(loggers)
    assert not any(each.init_args.offline for each in (one, *several))
    assert folder_of_agent() == ["--run_dir=runs/sweeps/s1/r1"]
    monkeypatch.setenv("WANDB_MODE", "offline")
    kept = logger()
    report_to_agent(kept)
    assert kept.init_args.offline


def test_without_a_login_one_sentence_says_so(workshop, monkeypatch, capsys):
    def refuse(**settings):
        raise wandb.errors.UsageError("No API key configured. Use `wandb login` to log in.")

    monkeypatch.setattr(wandb, "init", refuse)
    assert workshop.fit(1, "--trainer.logger", "lightning.pytorch.loggers.WandbLogger") == 2
    error = capsys.readouterr().err.strip().splitlines()
    assert error[-1] == "lightning: the logger of Weights & Biases: No API key configured. Use `wandb login` to log in."
    assert not list((workshop.root / "stage1").glob("*.ckpt"))
