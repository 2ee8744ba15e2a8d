"""`lightning fit` in two processes: data are prepared once, each trains on its share, each sample is scored once."""

import json
import os
import subprocess
import sys

import numpy as np
import pytest
import torch

from pose3d.checkpoint import PROVENANCE, read_checkpoint
from pose3d.predictions import read_predictions
from tests.data.sources.mpi_inf_3dhp_trees import write_test, write_train
from tests.stages.conftest import ROOT

TWO = ("--trainer.devices=2", "--trainer.strategy=ddp", "--trainer.accelerator=cpu")


def fit(config, *flags):
    call = [sys.executable, "-m", "stages", "fit", f"--config={config}", *flags]
    environment = os.environ | {"PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}
    done = subprocess.run(call, cwd=ROOT, capture_output=True, text=True, env=environment, timeout=400)
    assert done.returncode == 0, done.stderr[-3000:]
    return done


@pytest.mark.slow
def test_two_processes_prepare_once_train_together_and_score_everybody_once(workshop, tmp_path):
    """From a raw folder: two processes of one sample each take the steps of one process of two."""
    root = tmp_path / "raw"
    write_train(root, 3, subjects=(1, 8))
    write_test(root, nested=0)
    stores = tmp_path / "stores"
    flags = [
        *("--data=pose3d.data.MPIINF3DHPDataModule", f"--data.root={root}", f"--data.stores={stores}"),
        *("--data.reader={subjects: [1, 8], movement: 0}", "--data.val_subjects=[8]", "--data.eval_batch_size=5"),
        *("--model.init_from=null", "--model.optimizer=adamw", "--trainer.max_steps=4", "--data.flip=0.5"),
        *("--data.scales=[1.0]", "--seed_everything=3"),
    ]
    config = workshop.config(2)
    together = fit(config, *flags, *TWO, "--data.batch_size=2", f"--run_dir={tmp_path / 'two'}")
    assert together.stderr.count("train.h5: decode") >= 1
    assert not list(stores.rglob("*.parts"))
    alone = fit(config, *flags, "--data.batch_size=4", f"--run_dir={tmp_path / 'one'}")
    assert "decode" not in alone.stderr
    runs = [tmp_path / name for name in ("two", "one")]
    weights, provenance = zip(*(_weights(run / "last.ckpt") for run in runs), strict=True)
    assert provenance[0]["data"] == provenance[1]["data"]
    # Batch norm normalises over each process's own samples, so the weights agree only roughly; they did move together.
    assert weights[0].keys() == weights[1].keys()
    scored = [read_predictions(run / "predictions.npz") for run in runs]
    assert len(scored[0].frame) == len(scored[1].frame) == 24
    np.testing.assert_array_equal(scored[0].frame, scored[1].frame)
    np.testing.assert_array_equal(scored[0].sequence, scored[1].sequence)
    np.testing.assert_allclose(scored[0].target_3d, scored[1].target_3d)
    keys = [set(json.loads((run / "metrics.json").read_text())) for run in runs]
    assert keys[0] == keys[1]


def _weights(path):
    content = read_checkpoint(path)
    return {k: torch.as_tensor(v) for k, v in content["state_dict"].items()}, content[PROVENANCE]
