"""Stages 1, 2, 3 through the real command line: the files of a run, and the weights of a hand-off."""

import hashlib
import json
import re

import numpy as np
import pytest
import torch
import yaml

from pose3d.checkpoint import PROVENANCE, read_checkpoint
from pose3d.evaluation import evaluate
from pose3d.metrics import PCK2D
from pose3d.predictions import read_predictions
from stages import Stage2, Stage3
from stages.cli import main
from tests.stages.conftest import COMMON, MULTIPLIERS, NETS

BELOW = ("--model.net.pose3d.backbone", "mobilenetv3_small_100", "--model.net.pose3d.image_size", "64")
"""Says again what the parent's checkpoint says."""


def build(kind, pipeline, **arguments):
    """A stage made in Python, as the recipe of the pipeline makes it."""
    number = int(kind.stage[-1])
    return kind(
        schedule=str(pipeline.root / f"schedule{number}.yaml"),
        net=NETS[number],
        lr_multipliers=MULTIPLIERS[number],
        **COMMON,
        **arguments,
    )


@pytest.mark.parametrize("number", [1, 2, 3])
def test_a_run_folder_is_complete(pipeline, number):
    folder = pipeline.root / f"stage{number}"
    files = {"best.ckpt", "best.json", "last.ckpt", "last.json", "config.yaml", "metrics.json"}
    files |= {"predictions.npz", "predictions.png", "tested.json"}
    assert {path.name for path in folder.iterdir()} == files
    assert yaml.safe_load((folder / "config.yaml").read_text())["model"]["class_path"] == f"stages.Stage{number}"
    metrics = json.loads((folder / "metrics.json").read_text())
    expected = {"pckh50", "pckh50_auc"} if number == 1 else {"mpjpe_mm", "pck3d_150mm", "auc3d"}
    assert {f"{split}/{key}" for split in ("val", "test") for key in expected} <= set(metrics)
    assert all(isinstance(value, float) and np.isfinite(value) for value in metrics.values())


def test_every_candidate_is_scored_in_every_scene(pipeline):
    metrics = json.loads((pipeline.root / "stage3" / "metrics.json").read_text())
    for candidate in ("P", "O1", "O2", "fused", "mean_pose"):
        own = "test/mpjpe_mm" if candidate == "fused" else f"test/{candidate}/mpjpe_mm"
        here = [metrics[f"test/{scene}/{candidate}/mpjpe_mm"] for scene in ("indoors", "garden")]
        assert here[0] != here[1]
        assert sum(here) / 2 == pytest.approx(metrics[own], rel=1e-9)  # six frames each


@pytest.mark.parametrize(("number", "deployed"), [(2, "P"), (3, "fused")])
def test_the_evaluation_of_the_predictions_gives_the_logged_scores_to_the_last_digit(pipeline, number, deployed):
    folder = pipeline.root / f"stage{number}"
    metrics = json.loads((folder / "metrics.json").read_text())
    predictions = read_predictions(folder / "predictions.npz")
    assert predictions.frame.tolist() == list(range(12))
    result = evaluate([predictions], "3dhp", draws=0)
    (table,) = [table for table in result.tables if table.title == "By scene"]
    rows = {row[0]: dict(zip(table.columns, row, strict=True)) for row in table.rows}
    assert set(rows) == {"indoors", "garden", "All"}
    for scene, row in rows.items():
        prefix = "test" if scene == "All" else f"test/{scene}/{deployed}"
        logged = [metrics[f"{prefix}/{key}"] for key in ("mpjpe_mm", "pck3d_150mm", "auc3d")]
        assert logged == [row["MPJPE mm"], row["PCK %"], row["AUC %"]]


def test_the_2d_predictions_give_the_logged_scores_to_the_last_digit(pipeline):
    folder = pipeline.root / "stage1"
    metrics = json.loads((folder / "metrics.json").read_text())
    predictions = read_predictions(folder / "predictions.npz")
    assert predictions.frame.tolist() == list(range(12))
    assert predictions.box == "ground truth"
    # 2DPoseNet has no spine and no head.
    assert np.isnan(predictions.joints_2d).all(axis=(0, 2)).tolist() == 15 * [False] + 2 * [True]
    (table,) = evaluate([predictions], "mpii").tables
    assert table.rows[-1] == ["All", metrics["test/pckh50"], metrics["test/pckh50_auc"]]
    assert metrics["test/pckh50_auc"] > 0
    (lsp,) = evaluate([predictions], "lsp").tables
    joints = [torch.from_numpy(a[:, :14]) for a in (predictions.joints_2d, predictions.target_2d, predictions.visible)]
    share = PCK2D(num_joints=14)
    share.update(*joints)
    assert lsp.rows[-1][1] == float(share.compute())


def test_the_mean_pose_is_the_mean_of_the_training_targets(pipeline):
    from pose3d.data.store import PoseStore
    from pose3d.skeleton import MPI_INF_3DHP_17, MPI_INF_3DHP_28, remap

    store = PoseStore(pipeline.root / "train.h5")
    univ = store.labels("joints_3d_univ")[:, remap(MPI_INF_3DHP_28, MPI_INF_3DHP_17)].astype(np.float64)
    kept = store.labels("subject") != 3
    mean = np.mean([pose - pose[14] for pose in univ[kept]], axis=0)
    stored = read_checkpoint(pipeline.root / "stage2" / "best.ckpt")["state_dict"]["mean_pose"]
    np.testing.assert_allclose(stored.numpy(), mean, atol=1e-2)


def test_weights_arrive_in_stage_2_bit_for_bit(pipeline):
    path = pipeline.root / "stage1" / "best.ckpt"
    sent = read_checkpoint(path)["state_dict"]
    stage = build(Stage2, pipeline, init_from=str(path))
    for part in ("trunk", "res5a"):
        arrived = stage.net.get_submodule(part).state_dict()
        assert arrived
        assert all(torch.equal(value, sent[f"net.{part}.{key}"]) for key, value in arrived.items())


def test_weights_arrive_in_stage_3_bit_for_bit_and_predict_alike(pipeline):
    path = pipeline.root / "stage2" / "best.ckpt"
    sent = read_checkpoint(path)["state_dict"]
    fusion = build(Stage3, pipeline, init_from=str(path)).eval()
    arrived = fusion.net.pose3d.state_dict()
    assert all(torch.equal(value, sent[f"net.{key}"]) for key, value in arrived.items())
    assert not any(key.startswith(("skips.", "intermediate.")) for key in arrived)
    parent = Stage2.load_from_checkpoint(path, map_location="cpu", weights_only=True).eval()
    image = torch.randn(2, 3, 64, 64)
    with torch.no_grad():
        before, after = parent.net(image), fusion.net(image)
    assert all(torch.equal(before[key], after[key]) for key in ("Pdeep", "O1deep", "O2deep", "H"))


def test_ancestry_reaches_back_to_stage_1(pipeline):
    content = read_checkpoint(pipeline.root / "stage3" / "best.ckpt")
    provenance = content[PROVENANCE]
    for child, number in ((provenance, 2), (provenance["parent"], 1)):
        parent_file = pipeline.root / f"stage{number}" / "best.ckpt"
        assert child["parent"]["stage"] == f"stage{number}"
        assert child["parent"]["sha256"] == hashlib.sha256(parent_file.read_bytes()).hexdigest()
        assert child["parent"]["metrics"]
    assert provenance["parent"]["parent"]["parent"] is None
    (store,) = provenance["data"]["train"]
    assert (store["source"], store["generator"], store["seed"], store["samples"]) == ("drawn", "tests 1", 0, 8)
    assert "init_from" not in content["hyper_parameters"]
    assert json.loads((pipeline.root / "stage3" / "best.json").read_text()) == provenance


@pytest.mark.parametrize(
    ("number", "parent", "flags", "message"),
    [
        (2, "stage3/best.ckpt", (), "checkpoint of stage3, but stage1 is what goes before"),
        (3, "stage1/best.ckpt", (), "checkpoint of stage1, but stage2 is what goes before"),
        (1, "stage2/best.ckpt", (), "first stage and has no parent"),
        (2, "stage9/best.ckpt", (), "`make stage1` makes it"),
        (3, "stage9/best.ckpt", (), "`make stage2` makes it"),
        (2, "train.h5", (), "damaged or no checkpoint"),
        (2, "stage1/best.ckpt", ("--model.net.backbone", "resnet10t"), "backbone 'mobilenetv3_small_100'"),
        (3, "stage2/best.ckpt", ("--model.net.pose3d.image_size", "96"), "backbone 'mobilenetv3_small_100'"),
        (3, "stage2/best.ckpt", (*BELOW, "--model.net.pose3d.heatmaps", "false"), "heatmaps.weight .* has no place"),
        (3, "stage2/best.ckpt", (*BELOW, "--model.net.pose3d.stubs", "common"), "lacks stubs.common"),
        (3, None, (), "takes the 3DPoseNet's switches from its parent, and model.init_from is null"),
    ],
)
def test_a_wrong_parent_is_one_sentence(pipeline, tmp_path, capsys, number, parent, flags, message):
    run = tmp_path / "run"
    path = "null" if parent is None else str(pipeline.root / parent)
    arguments = ("--model.init_from", path, "--run_dir", str(run), *flags)
    assert pipeline.fit(number, *arguments) == 2
    error = capsys.readouterr().err.strip()
    assert len(error.splitlines()) == 1
    assert re.search(message, error), error
    assert not run.exists()


def test_starting_without_the_parent_is_said(pipeline, tmp_path, caplog):
    flags = ("--model.init_from", "null", "--test_after_fit", "false", "--trainer.max_steps", "1")
    assert pipeline.fit(2, "--run_dir", str(tmp_path / "run"), *flags) == 0
    assert "stage2 starts without the weights of stage1" in caplog.text
    assert read_checkpoint(tmp_path / "run" / "last.ckpt")[PROVENANCE]["parent"] is None


def test_testing_a_checkpoint_again_gives_the_same_numbers(pipeline, tmp_path):
    folder = pipeline.root / "stage3"
    arguments = ["--run_dir", str(tmp_path / "again"), "--ckpt_path", str(folder / "best.ckpt")]
    # The parent of the recipe is not asked for.
    missing = ["--model.init_from", str(tmp_path / "gone.ckpt")]
    assert main(["test", "--config", str(pipeline.config(3)), *missing, *arguments]) == 0
    first, again = (json.loads((f / "metrics.json").read_text()) for f in (folder, tmp_path / "again"))
    assert first == again


@pytest.mark.parametrize("command", ["validate", "predict"])
def test_validate_and_predict_run(pipeline, command):
    checkpoint = str(pipeline.root / "stage2" / "best.ckpt")
    assert main([command, "--config", str(pipeline.config(2)), "--ckpt_path", checkpoint]) == 0


def test_another_stages_checkpoint_is_not_resumed(pipeline, capsys):
    checkpoint = str(pipeline.root / "stage1" / "best.ckpt")
    assert pipeline.fit(2, "--ckpt_path", checkpoint) == 2
    assert "is a checkpoint of stage1; give one of stage2" in capsys.readouterr().err


def test_a_test_may_choose_another_perspective_correction(pipeline, tmp_path):
    rotations = {}
    for mode in ("off", "crop"):
        run = tmp_path / mode
        arguments = ["--ckpt_path", str(pipeline.root / "stage2" / "best.ckpt"), "--run_dir", str(run)]
        switch = ["--model.decode.perspective_correction", mode]
        assert main(["test", "--config", str(pipeline.config(2)), *arguments, *switch]) == 0
        rotations[mode] = read_predictions(run / "predictions.npz").perspective_rotation
    np.testing.assert_array_equal(rotations["off"], np.broadcast_to(np.eye(3), (12, 3, 3)))
    assert np.abs(rotations["crop"] - rotations["off"]).max() > 1e-3
