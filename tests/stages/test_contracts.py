"""User-defined parts in place of ours: data modules, plain loaders, stages, trunks."""

import json
import sys
from pathlib import Path

import pytest
import torch
import yaml
from lightning.pytorch import LightningDataModule, Trainer
from torch.utils.data import DataLoader, Dataset

from pose3d.callbacks import RunCheckpoint, RunResults
from pose3d.checkpoint import PROVENANCE, read_checkpoint
from pose3d.errors import PoseError
from pose3d.models import Pose3DConfig
from pose3d.predict import PosePredictor
from pose3d.predictions import read_predictions
from stages import Stage1, Stage2
from stages.cli import main

SIDE = 64
SMALL = {"net": Pose3DConfig("mobilenetv3_small_100", image_size=SIDE), "weights": "random", "optimizer": "adamw"}


class Minimal(Dataset):
    """Samples with the fewest keys for stage 2: an image, 3D joints, and 2D joints in the crop."""

    def __len__(self):
        return 12

    def __getitem__(self, index):
        generator = torch.Generator().manual_seed(index)
        pose = torch.randn(17, 3, generator=generator) * 300
        return {
            "image": torch.randn(3, SIDE, SIDE, generator=generator),
            "joints_3d": pose - pose[14],
            "joints_2d_crop": torch.rand(17, 2, generator=generator) * (SIDE - 1),
        }


class Foreign(LightningDataModule):
    """A data module that does not use this package."""

    def __init__(self, batch: int = 4):
        super().__init__()
        self.batch = batch

    def train_dataloader(self):
        return DataLoader(Minimal(), batch_size=self.batch, shuffle=True)

    def val_dataloader(self):
        return DataLoader(Minimal(), batch_size=self.batch)

    test_dataloader = predict_dataloader = val_dataloader


class MyStage2(Stage2):
    """A stage with an additional argument, another loss weight, and a class name that is not that of a stage."""

    def __init__(self, extra: float = 1.0, **kwargs):
        super().__init__(**kwargs)
        self.extra = float(self.hparams["extra"])

    def training_step(self, batch, batch_idx):
        return self.extra * super().training_step(batch, batch_idx)


def quiet(folder, **settings):
    return Trainer(
        accelerator="cpu",
        logger=False,
        enable_progress_bar=False,
        enable_model_summary=False,
        check_val_every_n_epoch=None,
        val_check_interval=3,
        num_sanity_val_steps=0,
        max_epochs=-1,
        callbacks=[RunCheckpoint(str(folder)), RunResults(str(folder))],
        **settings,
    )


@pytest.mark.parametrize("kind", ["module", "loaders"])
def test_a_foreign_data_module_and_plain_loaders_train_resume_test_and_predict(workshop, tmp_path, kind):
    def stage():
        return Stage2(schedule=str(workshop.root / "schedule2.yaml"), **SMALL)

    data = Foreign()
    loaders = {"train_dataloaders": data.train_dataloader(), "val_dataloaders": data.val_dataloader()}
    fit = {"datamodule": data} if kind == "module" else loaders
    held = {"datamodule": data} if kind == "module" else {"dataloaders": data.val_dataloader()}
    quiet(tmp_path, max_steps=3).fit(stage(), **fit)
    assert read_checkpoint(tmp_path / "last.ckpt")["global_step"] == 3
    trainer, model = quiet(tmp_path, max_steps=6), stage()
    trainer.fit(model, **fit, ckpt_path=tmp_path / "last.ckpt", weights_only=True)
    content = read_checkpoint(tmp_path / "best.ckpt")
    assert read_checkpoint(tmp_path / "last.ckpt")["global_step"] == 6
    assert content[PROVENANCE]["data"] == {}
    assert content[PROVENANCE]["crops"] is None
    trainer.test(model, **held, ckpt_path="best", weights_only=True, verbose=False)
    metrics = json.loads((tmp_path / "metrics.json").read_text())
    assert {"val/mpjpe_mm", "test/mpjpe_mm", "test/O1/mpjpe_mm"} <= set(metrics)
    # Nobody told the mean pose, so there is no baseline.
    assert not [key for key in metrics if "mean_pose" in key]
    assert len(read_predictions(tmp_path / "predictions.npz")) == 12
    predicted = quiet(tmp_path / "predicted").predict(model, **held)
    assert predicted[0]["joints_3d"].shape == (4, 17, 3)
    # The crop is the image, and no camera is known.
    assert torch.equal(predicted[0]["perspective_rotation"][0], torch.eye(3))
    assert "translation" not in predicted[0]


def test_what_foreign_data_lack_is_one_sentence(workshop, tmp_path):
    class NoPoses(Minimal):
        def __getitem__(self, index):
            sample = super().__getitem__(index)
            del sample["joints_3d"]
            return sample

    stage, loader = Stage2(schedule=str(workshop.root / "schedule2.yaml"), **SMALL), DataLoader(NoPoses(), batch_size=4)
    with pytest.raises(PoseError, match="the batch has no joints_3d, which 3D poses are learned from"):
        quiet(tmp_path, max_steps=2).fit(stage, loader, loader)
    stage = Stage2(schedule=str(workshop.root / "schedule2.yaml"), mean_pose_bias=True, **SMALL)
    with pytest.raises(PoseError, match="mean_pose_bias needs data that know their mean pose"):
        quiet(tmp_path, max_steps=2).fit(stage, DataLoader(Minimal(), batch_size=4), loader)


def test_stage_1_learns_from_2d_joints_alone(workshop, tmp_path):
    class Joints(Minimal):
        def __getitem__(self, index):
            sample = super().__getitem__(index)
            return {key: sample[key] for key in ("image", "joints_2d_crop")}

    net = {"backbone": "mobilenetv3_small_100"}
    stage = Stage1(schedule=str(workshop.root / "schedule1.yaml"), net=net, weights="random", optimizer="adamw")
    trainer = quiet(tmp_path, max_steps=3)
    trainer.checkpoint_callback.monitor = "val/pckh50"
    trainer.fit(stage, DataLoader(Joints(), batch_size=4), DataLoader(Joints(), batch_size=4))
    trainer.test(stage, DataLoader(Joints(), batch_size=4), verbose=False)
    assert 0 <= json.loads((tmp_path / "metrics.json").read_text())["test/pckh50"] <= 100


MODULE = '''
from pathlib import Path
from tests.stages.test_contracts import Foreign
from tests.stages.test_contracts import MyStage2 as _MyStage2


class MyStage2(_MyStage2):
    """By another module, as a user would have it."""
'''


@pytest.fixture
def mymodule(tmp_path, monkeypatch):
    """A module in the working folder, which is not on the path."""
    (tmp_path / "mymodule_of_tests.py").write_text(MODULE)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [entry for entry in sys.path if Path(entry or ".").resolve() != tmp_path])
    yield "mymodule_of_tests"
    sys.modules.pop("mymodule_of_tests", None)


def test_a_stage_of_ones_own_trains_resumes_tests_and_predicts_by_the_command_line(pipeline, mymodule, tmp_path):
    path = tmp_path / "stage2.yaml"
    content = yaml.safe_load(pipeline.config(2).read_text())
    content["model"]["class_path"] = f"{mymodule}.MyStage2"
    content["model"]["init_args"]["extra"] = 0.5
    content["run_dir"] = str(tmp_path / "run")
    path.write_text(yaml.safe_dump(content))
    assert main(["fit", "--config", str(path), "--trainer.max_steps", "3"]) == 0
    assert main(["fit", "--config", str(path), "--ckpt_path", "last", "--model.extra", "3"]) == 0
    content = read_checkpoint(tmp_path / "run" / "last.ckpt")
    assert content["global_step"] == 6
    assert content[PROVENANCE]["stage"] == "stage2"
    # Resuming takes the arguments from the checkpoint.
    assert content["hyper_parameters"]["extra"] == 0.5
    assert main(["test", "--config", str(path)]) == 0
    assert (
        main(["predict", "--config", str(path), "--run_dir", str(tmp_path / "p"), "--ckpt_path", "run/best.ckpt"]) == 0
    )
    loaded = MyStage2.load_from_checkpoint(tmp_path / "run" / "best.ckpt", map_location="cpu", weights_only=True)
    assert loaded.extra == 0.5
    assert PosePredictor.from_checkpoints(tmp_path / "run" / "best.ckpt", device="cpu").pose3d.image_size == SIDE


def test_a_data_module_of_ones_own_by_the_command_line(pipeline, mymodule, tmp_path):
    overlay = tmp_path / "data.yaml"
    overlay.write_text(yaml.safe_dump({"data": {"class_path": f"{mymodule}.Foreign", "init_args": {"batch": 3}}}))
    flags = ["--config", str(pipeline.config(2)), "--config", str(overlay), "--run_dir", str(tmp_path / "run")]
    assert main(["fit", *flags]) == 0
    assert {"best.ckpt", "metrics.json", "predictions.npz"} <= {p.name for p in (tmp_path / "run").iterdir()}
