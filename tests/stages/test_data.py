"""The command line and its data: bounds, no held-out person, and a run from raw folders."""

import json
import shutil

import h5py
import pytest
import yaml

from pose3d.app import main as pose3d
from pose3d.checkpoint import PROVENANCE, read_checkpoint
from pose3d.data.sources import h36m_tree, mpi_inf_3dhp_tree
from stages.cli import main
from tests.data.doctor.conftest import trees  # noqa: F401  (a fixture: official trees of every layout)
from tests.stages.conftest import ROOT


@pytest.mark.parametrize("number", [1, 2])
def test_nobody_needs_to_be_held_out(workshop, number):
    """`val_subjects: null` alone: all people train, no checkpoint is chosen, and the last weights are tested."""
    start = ("--model.init_from", "null", "--data.val_subjects", "null")
    assert workshop.fit(number, *start) == 0
    run = workshop.root / f"stage{number}"
    assert (run / "best.ckpt").is_file()
    metrics = json.loads((run / "metrics.json").read_text())
    assert metrics
    assert all(key.startswith("test/") for key in metrics)
    data = read_checkpoint(run / "last.ckpt")[PROVENANCE]["data"]
    assert [entry["samples"] for entry in data["train"]] == [12]
    assert data["val"] == []


@pytest.mark.parametrize(
    ("flag", "value"),
    [
        ("batch_size", "0"),
        ("batch_size", "-3"),
        ("eval_batch_size", "0"),
        ("num_workers", "-1"),
        ("scales", "[]"),
        ("scales", "[0]"),
        ("epoch_samples", "-5"),
        ("box_margin", "0"),
        ("scale_jitter", "-2"),
        ("rotation_deg", "nan"),
        ("val_samples", "-1"),
        ("flip", "2"),
        ("shift", "-0.1"),
        ("image_size", "0"),
        ("mixture", "[2]"),
        ("composite", "[0.5,0.2]"),
        ("normalisation", "zscore"),
        ("seed", "-1"),
        ("unlabelled_batch", "0"),
    ],
)
def test_arguments_out_of_bounds_are_one_sentence_before_any_work(workshop, capsys, flag, value):
    assert workshop.fit(1, f"--data.{flag}", value) == 2
    error = capsys.readouterr().err.strip()
    assert len(error.splitlines()) == 1, error
    assert flag in error
    assert not (workshop.root / "stage1").exists()


LAYOUTS = {
    "mpi_inf_3dhp": (2, "mpi_inf_3dhp_augmented", "{subjects: [7], movement: 0}", "mpi_inf_3dhp"),
    "h36m": (2, "h36m", "{subjects: [1], movement: 0}", "h36m"),
    "mpii": (1, "mpii_lsp", "{}", "mpii"),
    "lsp": (1, "mpii_lsp", "{}", "lsp"),
    "lspet": (1, "mpii_lsp", "{}", "lspet"),
    "coco": (1, "coco", "{}", "coco"),
    "aspset510": (2, "aspset510", "{movement: 0, min_inside: 0}", "aspset510"),
}
EVALUATED = {"coco": "lsp", "aspset510": "aspset510"}
"""Protocols of the layouts whose chain goes on to `check` and `evaluate`."""


@pytest.mark.slow
@pytest.mark.parametrize("layout", LAYOUTS)
def test_from_a_raw_folder_to_a_tested_checkpoint_in_one_command(layout, trees, tmp_path, monkeypatch):  # noqa: F811
    """Each embedded official tree, by its data file and `--data.root` alone."""
    monkeypatch.setattr(mpi_inf_3dhp_tree, "SUBJECTS", (7,))
    monkeypatch.setattr(h36m_tree, "ACTIVITIES", ("Posing", "Walking"))
    monkeypatch.setattr(h36m_tree, "SPLITS", {"train": (1,), "test": (9,)})
    monkeypatch.setattr("pose3d.data.sources.h36m.SPLITS", {"train": (1,), "test": (9,)})
    number, data, reader, source = LAYOUTS[layout]
    root = trees / layout
    if layout == "mpi_inf_3dhp":
        root = tmp_path / "raw"
        root.mkdir()
        for part in ("mpi_inf_3dhp", "mpi_inf_3dhp_test"):
            for folder in (trees / part).iterdir():
                (root / folder.name).symlink_to(folder)
    monkeypatch.chdir(tmp_path)
    words = [f"--config={ROOT}/configs/{file}.yaml" for file in (f"stage{number}", f"data/{data}")]
    words += [f"--data.root={root}", f"--data.reader={reader}", "--data.val_subjects=null", "--data.num_workers=0"]
    words += ["--data.batch_size=4", "--data.image_size=64", "--trainer.max_steps=2", "--trainer.logger=false"]
    words += ["--model.net.backbone=mobilenetv3_small_100", "--model.weights=random", "--run_dir=run"]
    words += [f"--model.schedule={ROOT}/configs/schedules/quick_stage{number}.yaml"]
    words += [] if number == 1 else ["--model.init_from=null", "--model.net.image_size=64"]
    assert main(["fit", *words]) == 0
    assert (tmp_path / "data" / layout / "train.h5").is_file()
    provenance = read_checkpoint(tmp_path / "run" / "best.ckpt")[PROVENANCE]
    assert [entry["source"] for entry in provenance["data"]["train"]] == [source]
    # Pictures of LSP are its test set from number 1001 on, and the embedded tree has fewer; LSP extended only trains.
    assert (tmp_path / "run" / "predictions.npz").is_file() == (layout not in ("lsp", "lspet"))
    if layout in EVALUATED:
        assert pose3d(["check", str(root), str(tmp_path / "data" / layout / "train.h5")]) == 0
        assert pose3d(["evaluate", "run/predictions.npz", "--protocol", EVALUATED[layout]]) == 0


@pytest.mark.parametrize(
    ("data_sets", "stores", "said"),
    [
        (1, 2, "for training on one data set, and the data are drawn and other"),
        (2, 1, "for training on 2 data sets together, and the data are drawn"),
        (1, 1, None),
        (2, 2, None),
        (None, 2, None),
    ],
)
def test_a_schedule_for_another_number_of_data_sets_is_refused(workshop, capsys, data_sets, stores, said):
    """The paper trains longer on both sets; a data file alone does not change the schedule."""
    config = workshop.config(2)
    path = workshop.root / "schedule2.yaml"
    schedule = yaml.safe_load(path.read_text())
    path.write_text(yaml.safe_dump(schedule | ({} if data_sets is None else {"data_sets": data_sets})))
    other = shutil.copy(workshop.root / "train.h5", workshop.root / "other.h5")
    with h5py.File(other, "r+") as file:
        file.attrs["source"] = "other/part"
    files = [str(workshop.root / name) for name in ("train.h5", "other.h5")][:stores]
    flags = ["--model.init_from=null", f"--data.train_files={files}", "--test_after_fit=false", "--trainer.max_steps=1"]
    assert main(["fit", f"--config={config}", *flags]) == (0 if said is None else 2)
    error = capsys.readouterr().err
    assert said is None or said in error
    assert (workshop.root / "stage2").exists() == (said is None)
