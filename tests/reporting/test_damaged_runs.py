"""Damaged files of a run folder are refused with a PoseError when a report, a test or a sweep reads them."""

import json
import shutil

import pytest
import yaml

from pose3d.callbacks import tested
from pose3d.reporting.run_folder import read_run
from pose3d.sweep.trial import metric_names, read_metric
from tests.damaged import read_damaged

RECORD = {"checkpoint": {"file": "best.ckpt", "sha256": "b"}, "decode": None, "data": [{"sha256": "c"}]}
DATA = {"class_path": "EmbeddedDataModule", "init_args": {"test_file": "test.h5"}}
FILES = {
    "best.json": json.dumps({"stage": "stage1", "answer": "2d", "config_sha256": "ab", "children": [{"step": 3}]}),
    "metrics.json": json.dumps({"test/pckh50": 70.0}),
    "config.yaml": yaml.safe_dump({"trainer": {"log_every_n_steps": 5}, "data": DATA}),
    "logs/version_0/metrics.csv": "step,epoch,loss\n5,0,1.5\n10,0,1.4\n",
}


@pytest.fixture
def run_dir(tmp_path):
    for name, content in FILES.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(content)
    return tmp_path


@pytest.mark.parametrize("name", FILES)
def test_a_report_reads_or_refuses_a_damaged_run(run_dir, name):
    def read(path):
        run = read_run(run_dir)
        return run.answer, run.test_file, run.config_is_recorded

    assert read_damaged(run_dir / name, read) > 5


def test_a_damaged_record_of_a_test_is_refused(tmp_path):
    record = tmp_path / tested.RECORD
    record.write_text(json.dumps(RECORD))
    assert read_damaged(record, lambda path: tested.refuse_other_results(tmp_path, RECORD)) > 40


def test_a_sweep_passes_over_damaged_logs(run_dir):
    def read(path):
        return read_metric(run_dir, "loss"), metric_names(run_dir)

    assert read_damaged(run_dir / "logs/version_0/metrics.csv", read) == 0
    shutil.rmtree(run_dir / "logs")
    assert read_metric(run_dir, "loss") == []
