"""W&B logging, offline: the run's ancestry in its configuration, pictures of predictions, an agent's wishes."""

import hashlib
import json
from pathlib import Path

import matplotlib.image
import pytest
import yaml
from jsonargparse import Namespace

from pose3d.checkpoint import PROVENANCE, read_checkpoint
from pose3d.data.identity import content_sha256
from stages.wandb_agent import folder_of_agent, report_to_agent
from tests.stages.conftest import Workshop
from tests.stages.wandb_log import finished_records

OVERLAY = Path(__file__).parents[2] / "configs" / "loggers" / "wandb.yaml"


def logged_fit(workshop: Workshop, number: int) -> tuple[dict, list[dict], Path]:
    """Train a stage with the logger overlay: the W&B run's configuration, its history, its media folder."""
    content = yaml.safe_load(OVERLAY.read_text())
    folder = workshop.root / f"wandb{number}"
    folder.mkdir()
    content["trainer"]["logger"]["init_args"]["save_dir"] = str(folder)
    overlay = folder / "overlay.yaml"
    overlay.write_text(yaml.safe_dump(content))
    assert workshop.fit(number, "--config", str(overlay)) == 0
    import wandb

    wandb.finish()
    (run,) = folder.glob("wandb/offline-run-*")
    (log,) = run.glob("run-*.wandb")
    config, history = {}, []
    for record in finished_records(log):
        for item in record.config.update:
            config[item.key] = json.loads(item.value_json)
        if record.WhichOneof("record_type") == "history":
            items = {"/".join(item.nested_key) or item.key: json.loads(item.value_json) for item in record.history.item}
            history.append(items)
    return config, history, run / "files"


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    patch = pytest.MonkeyPatch()
    patch.setenv("WANDB_SILENT", "true")
    patch.delenv("WANDB_MODE", raising=False)
    workshop = Workshop(tmp_path_factory.mktemp("logged"))
    yield workshop, {number: logged_fit(workshop, number) for number in (1, 2)}
    patch.undo()


def test_the_ancestry_is_in_the_configuration(runs):
    workshop, logged = runs
    config = logged[2][0]
    origin = config["provenance"]
    parent = workshop.root / "stage1" / "best.ckpt"
    assert origin["parent"]["path"] == str(parent)
    assert origin["parent"]["sha256"] == hashlib.sha256(parent.read_bytes()).hexdigest()
    assert origin["parent"]["config_sha256"] == logged[1][0]["provenance"]["config_sha256"]
    assert (origin["parent"]["parent"], logged[1][0]["provenance"]["parent"]) == (None, None)
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
    assert logged[number][0]["provenance"] == json.loads(json.dumps(expected))


@pytest.mark.parametrize("number", [1, 2])
def test_pictures_of_every_validation_and_of_the_test(runs, number):
    _, logged = runs
    _, history, files = logged[number]
    for split, times in (("val", 2), ("test", 1)):
        shown = [row for row in history if f"{split}/predictions/filenames" in row]
        assert len(shown) == times
        for row in shown:
            names, captions = row[f"{split}/predictions/filenames"], row[f"{split}/predictions/captions"]
            assert len(names) == len(captions) > 0
            assert all(caption.startswith("frame ") and ("mm" in caption) == (number == 2) for caption in captions)
            picture = matplotlib.image.imread(files / names[0])
            assert picture.std() > 0.05
    steps = [row["trainer/global_step"] for row in history if "val/predictions/filenames" in row]
    assert steps == [3, 6]


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
