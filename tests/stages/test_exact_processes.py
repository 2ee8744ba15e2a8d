"""Several processes give the files of one: metrics.json, predictions.npz, and the scores of the best checkpoint."""

import json
import os
import subprocess
import sys
from dataclasses import fields
from pathlib import Path

import numpy as np
import pytest

from pose3d.evaluation import evaluate
from pose3d.predictions import read_predictions
from stages.cli import main
from tests.data.drawn import write_store

ROOT = Path(__file__).parents[2]
TIMEOUT_S = 900
"""Of a command; far above what one takes, so that a busy machine is no failure and a deadlock is one."""


def run(command: str, config: Path, processes: int, *flags: str) -> None:
    """A command of the stages in `processes` processes over gloo."""
    words = [sys.executable, "-m", "stages", command, "--config", str(config)]
    words += [f"--trainer.devices={processes}", "--trainer.strategy=ddp", *flags]
    environment = os.environ | {"PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}
    found = subprocess.run(
        words, capture_output=True, text=True, timeout=TIMEOUT_S, env=environment, stdin=subprocess.DEVNULL
    )
    assert found.returncode == 0, found.stderr[-3000:]
    assert "recommended" not in found.stderr


def check_results(folder: Path, expected: Path) -> None:
    """The same frames with the same predictions, and metrics that are exactly those of these predictions."""
    found, wanted = (read_predictions(path / "predictions.npz") for path in (folder, expected))
    for field in fields(found):
        a, b = getattr(found, field.name), getattr(wanted, field.name)
        if field.name == "path":
            continue
        assert (a is None) == (b is None), field.name
        if isinstance(a, np.ndarray) and a.dtype.kind == "f":
            # A batch of another size may round a product of matrices differently: millionths of a millimetre. The
            # sub-cell maximum of a flat heatmap, as barely trained networks have, makes thousandths of a pixel of it,
            # and K places the pose.
            far = field.name in ("joints_2d", "translation", "perspective_rotation", "joints_3d")
            rtol, atol = (1e-4, 0.01) if far else (1e-6, 1e-4)
            np.testing.assert_allclose(a, b, rtol=rtol, atol=atol, err_msg=field.name)
        else:
            np.testing.assert_array_equal(a, b, err_msg=field.name)
    metrics, reference = (json.loads((path / "metrics.json").read_text()) for path in (folder, expected))
    assert metrics == pytest.approx(reference, rel=1e-5)
    if found.joints_3d is None:
        (table,) = evaluate([found], "mpii").tables
        assert table.rows[-1] == ["All", metrics["test/pckh50"], metrics["test/pckh50_auc"]]
        return
    tables = {table.title: table for table in evaluate([found], "3dhp", draws=0).tables}
    for row in tables["By scene"].rows:
        prefix = "test" if row[0] == "All" else f"test/{row[0]}/P"
        if row[1]:
            assert row[2:] == [metrics[f"{prefix}/{key}"] for key in ("mpjpe_mm", "pck3d_150mm", "auc3d")]


@pytest.mark.parametrize(
    ("processes", "samples"),
    [
        (2, 7),
        pytest.param(2, 1, marks=pytest.mark.slow, id="one sample, an empty process"),
        pytest.param(3, 7, marks=pytest.mark.slow, id="3, ragged"),
        pytest.param(4, 7, marks=pytest.mark.slow, id="4, ragged"),
        pytest.param(8, 7, marks=pytest.mark.slow, id="8, one of them empty"),
    ],
)
@pytest.mark.parametrize("number", [2, pytest.param(1, marks=pytest.mark.slow)])
def test_a_test_set_divided_among_processes(pipeline, tmp_path, number, processes, samples):
    write_store(tmp_path / "test.h5", samples, seed=5, scenes=("indoors", "garden"))
    flags = [f"--ckpt_path={pipeline.root / f'stage{number}' / 'best.ckpt'}", "--data.batch_size=1"]
    flags += [f"--data.test_file={tmp_path / 'test.h5'}", "--data.num_workers=0"]
    config = pipeline.config(number)
    assert main(["test", "--config", str(config), *flags, f"--run_dir={tmp_path / 'alone'}"]) == 0
    run("test", config, processes, *flags, f"--run_dir={tmp_path / 'together'}")
    check_results(tmp_path / "together", tmp_path / "alone")


@pytest.mark.parametrize(
    ("processes", "validated"),
    [
        pytest.param(2, 5, marks=pytest.mark.slow),
        pytest.param(2, 1, marks=pytest.mark.slow, id="one sample, an empty process"),
        pytest.param(3, 5, marks=pytest.mark.slow),
        pytest.param(4, 5, marks=pytest.mark.slow),
    ],
)
def test_the_best_checkpoint_has_the_scores_that_one_process_measures(pipeline, tmp_path, processes, validated):
    """Validation within a training, where batches are unevenly divided; then the same checkpoint alone."""
    write_store(tmp_path / "val.h5", validated, seed=7)
    flags = [f"--run_dir={tmp_path / 'run'}", f"--data.val_file={tmp_path / 'val.h5'}", "--data.val_subjects=null"]
    flags += ["--data.batch_size=1", "--data.num_workers=0", "--test_after_fit=false"]
    config = pipeline.config(2)
    run("fit", config, processes, *flags)
    trained = json.loads((tmp_path / "run" / "best.json").read_text())
    checkpoint = ["--ckpt_path", str(tmp_path / "run" / "best.ckpt")]
    flags = [f"--data.test_file={tmp_path / 'val.h5'}", f"--run_dir={tmp_path / 'alone'}", "--data.batch_size=1"]
    assert main(["test", "--config", str(config), *flags, *checkpoint]) == 0
    tested = json.loads((tmp_path / "alone" / "metrics.json").read_text())
    assert trained["step"] in (3, 6)
    scores = {key: value for key, value in trained["metrics"].items() if key.startswith("val/") and "loss" not in key}
    assert len(scores) >= 3
    assert {key: tested[key.replace("val/", "test/")] for key in scores} == pytest.approx(scores, rel=1e-6)
