"""From official folders to a row: roots by name, the dry run, the preparation of stores."""

import json
from pathlib import Path

import pytest
import yaml

from pose3d.app import main
from pose3d.data.store import PoseStore
from pose3d.errors import PoseError
from pose3d.paper.ledger import TABLES, find
from pose3d.paper.official import ORIGIN, official_store, read_roots
from pose3d.paper.reproduce import Reproduction
from pose3d.paper.steps import steps
from pose3d.synth.layouts import write_layout
from pose3d.synth.layouts.filming import Settings
from tests.data.sources.h36m_trees import write_metadata, write_tree

AUGMENTED = ("mpi_inf_3dhp_augmented", "h36m_mpi_inf_3dhp")


@pytest.fixture
def lab(tmp_path) -> Path:
    """Human3.6M, drawn, with all of its people."""
    root = tmp_path / "raw" / "h36m"
    write_tree(root, [1, 5, 6, 7, 8, 9, 11])
    write_metadata(root)
    return root


def test_roots_come_from_a_file_and_from_words(tmp_path):
    file = tmp_path / "roots.yaml"
    file.write_text(yaml.safe_dump({"h36m": str(tmp_path), "mpii": str(tmp_path)}))
    (other := tmp_path / "other").mkdir()
    assert read_roots([f"mpii={other}"], file) == {"h36m": tmp_path, "mpii": other}


@pytest.mark.parametrize(
    ("word", "says"),
    [
        ("h36m", "must be NAME=DIR"),
        ("human36m=.", "did you mean h36m"),
        ("h36m=/nowhere/at/all", "there is no folder /nowhere/at/all"),
    ],
)
def test_roots_that_are_none(word, says):
    with pytest.raises(PoseError, match=says):
        read_roots([word], None)


def test_a_file_of_roots_that_is_none(tmp_path):
    (file := tmp_path / "roots.yaml").write_text("- h36m\n")
    with pytest.raises(PoseError, match="must map names to folders"):
        read_roots([], file)


def test_every_store_of_the_paper_has_a_source():
    paper = Reproduction("paper", Path("runs"))
    ours = [row for row in paper_rows() if row.ours]
    found = {str(path): official_store(path, {}) for path in paper.needed_stores(ours)}
    assert all(store is not None and store.preparation is None for store in found.values())
    assert {store.source for store in found.values()} == set(ORIGIN)


def paper_rows():
    from pose3d.paper.ledger import rows

    return list(rows().values())


def test_the_dry_run_on_empty_hands_names_everything_that_is_missing(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert main(["paper", "run", *TABLES, "--dry-run"]) == 1
    printed = capsys.readouterr().out
    for name in ("h36m", "mpi_inf_3dhp", "mpi_inf_3dhp_test", "mpii", "lsp", "lspet", "humaneva"):
        assert f"--root {name}=DIR" in printed, name
    for name in ("annot/valid.json", "annot/gt_valid.mat", "HRNet", "matlab -batch ConvertHumanEva"):
        assert name in printed, name
    assert "ImageNet weights: resnet101.tv_in1k, downloaded by timm" in printed
    assert "backgrounds: none given" in printed
    assert "textures: none given" in printed
    # Every row of the paper's method is in it: none is blocked, and none is left out.
    assert "left out" not in printed
    for row in paper_rows():
        assert not row.ours or f"  {row.key}: " in printed, row.key
    assert "time: about" in printed
    assert list(tmp_path.iterdir()) == []


def test_the_dry_run_on_folders_counts_what_they_give(lab, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    words = ["paper", "run", "table2/base", "--profile", "mini", f"--root=h36m={lab}", "--dry-run"]
    assert main(words) == 0
    printed = capsys.readouterr().out
    assert "data/h36m/train.h5: to be prepared" in printed
    assert "missing" not in printed
    assert not Path("data").exists()


def test_the_dry_run_says_what_is_to_be_known_of_a_folder(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    for name, frames in (("mpii", 8), ("lsp", 8), ("lspet", 2)):
        write_layout(name, Path("raw") / name, Settings(frames, 3, 64))
    for name in ("train.json", "valid.json", "gt_valid.mat"):
        Path("raw/mpii/annot", name).unlink()
    words = [
        "paper",
        "run",
        "supp-table2/localised",
        *(f"--root={name}=raw/{name}" for name in ("mpii", "lsp", "lspet")),
    ]
    assert main([*words, "--dry-run"]) == 1
    printed = capsys.readouterr().out
    assert "note: the validation people are among the training people" in printed
    assert "the .mat has no validation split: annot/valid.json lists it" in printed.partition("missing:")[2]
    assert "raw/lsp/joints.mat lists 8 pictures, and those of the test half begin at 1001" in printed


def test_pictures_for_the_augmented_set_reach_its_trainings_alone(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    (photos := tmp_path / "photos").mkdir()
    run = Reproduction("paper", Path("runs"), pictures={"backgrounds": photos})
    used = {
        step.name
        for step in steps().values()
        if f"--data.init_args.backgrounds={photos}" in run.training_command(step, 0)
    }
    assert used == {step.name for step in steps().values() if step.data in AUGMENTED}
    assert main(["paper", "run", "table5/aug", "--dry-run", f"--backgrounds={photos}"]) == 1
    printed = capsys.readouterr().out
    assert "backgrounds: none given" not in printed
    assert "textures: none given" in printed
    assert main(["paper", "run", "table5/aug", "--dry-run", "--textures=nowhere"]) == 2
    assert "there is no folder or pose store nowhere, which --textures names" in capsys.readouterr().err


def test_a_row_goes_from_raw_folders_to_its_commands(lab, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    calls = []

    def pretend(self, what, command, log):
        calls.append(command)

    monkeypatch.setattr(Reproduction, "_call", pretend)
    monkeypatch.setattr(Reproduction, "write", lambda self, row, seed: None)
    run = Reproduction("mini", Path("runs"), {"h36m": lab}, iterations_scale=0.01, say=lambda line: None)
    run.run(find("table2/base"), [0])
    assert set(PoseStore("data/h36m/train.h5").labels("subject")) == {1, 5, 6, 7, 8}
    assert set(PoseStore("data/h36m/test.h5").labels("subject")) == {9, 11}
    fit, test = calls
    assert fit[1] == "fit"
    assert "--model.init_args.iterations_scale=0.01" in fit
    assert [word for word in fit if word.endswith("/h36m.yaml")] == ["--config=configs/data/h36m.yaml"]
    assert "--config=configs/data/test/h36m.yaml" in test
    # What is there is not prepared again.
    made = json.loads(Path("data/h36m/train.h5.json").read_text())
    before = Path("data/h36m/train.h5").stat().st_mtime_ns
    run.run(find("table2/base"), [0])
    assert Path("data/h36m/train.h5").stat().st_mtime_ns == before
    assert made["root"] == str(lab)


def test_an_incomplete_folder_stops_before_anything_is_written(lab, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    next(lab.rglob("*.mp4")).unlink()
    assert main(["paper", "run", "table2/base", "--profile", "mini", f"--root=h36m={lab}"]) == 2
    assert "missing" in capsys.readouterr().err
    assert not Path("data").exists()
