"""Reproducing rows, with a stand-in for the trainings: order, resuming, figures, refusals."""

import json
from pathlib import Path

import pytest

from pose3d.app import main
from pose3d.checkpoint import sha256_of
from pose3d.errors import PoseError
from pose3d.paper.ledger import find
from pose3d.paper.reproduce import Reproduction
from pose3d.paper.side_by_side import thread_share


def test_a_row_is_trained_with_its_parents_tested_and_listed(workplace, capsys):
    assert main(["paper", "run", "table2/transfer", "--profile", "mini", "--seeds", "2"]) == 0
    assert [(c[1], "stage" + c[2][-6]) for c in workplace] == 2 * [
        ("fit", "stage1"),
        ("fit", "stage2"),
        ("fit", "stage3"),
        ("test", "stage3"),
    ]
    result = json.loads(Path("runs/paper/mini/results/table2/transfer/seed1.json").read_text())
    assert result["figures"]["Total"] == pytest.approx(60)
    assert result["figures"]["Walk"] == pytest.approx(60)
    assert result["figures"]["Direct"] is None
    assert result["tested_on"] == {"h36m": "data/embedded/lab3d_test.h5"}
    printed = capsys.readouterr().out
    assert "74.14" in printed
    assert "50.0 ± 14.1" in printed
    # The drawn people only walk and sit; the paper has thirteen activities more.
    assert "A dash in our line" in printed
    # The lab world was split by subject.
    assert Path("data/embedded/lab3d_test.h5").is_file()


def test_what_is_done_is_not_done_again(workplace):
    rows = find("table2/fusion")
    run = Reproduction("mini", Path("runs/paper/mini"), say=lambda line: None)
    run.run(rows, [0])
    first = len(workplace)
    run.run(rows, [0])
    assert len(workplace) == first
    # Table 3's row tests the same network on another set.
    run.run(find("table3/h36m-fusion"), [0])
    assert [c[1] for c in workplace[first:]] == ["test"]


def test_a_training_that_was_cut_off_goes_on(workplace, monkeypatch):
    pretend = Reproduction._call

    def killed(self, what, command, log):
        Path(dict(w.split("=", 1) for w in command if "run_dir" in w)["--run_dir"]).joinpath("last.ckpt").write_text("")
        raise KeyboardInterrupt

    rows = find("table2/base")
    run = Reproduction("mini", Path("runs/paper/mini"), say=lambda line: None)
    monkeypatch.setattr(Reproduction, "_call", killed)
    with pytest.raises(KeyboardInterrupt):
        run.run(rows, [0])
    monkeypatch.setattr(Reproduction, "_call", pretend)
    run.run(rows, [0])
    assert workplace[0][-1] == "--ckpt_path=runs/paper/mini/h36m/base/seed0/last.ckpt"


def test_a_training_from_a_parent_that_was_replaced_is_refused(workplace):
    rows, run = find("table1/all-1"), Reproduction("mini", Path("runs/paper/mini"), say=lambda line: None)
    run.run(rows, [0])
    child = Path("runs/paper/mini/transfer/all-1/seed0")
    parent = Path("runs/paper/mini/pose2d/seed0/last.ckpt")
    child.joinpath("last.json").write_text(json.dumps({"parent": {"sha256": sha256_of(parent)}}))
    run.run(rows, [0])
    parent.write_text("trained again")
    with pytest.raises(PoseError, match=r"all-1/seed0 was trained from another .*pose2d/seed0/last.ckpt than"):
        run.run(rows, [0])


def test_changed_settings_are_refused(workplace):
    rows = find("table2/base")
    run = Reproduction("mini", Path("runs/paper/mini"), say=lambda line: None)
    run.run(rows, [0])
    schedule = Path("configs/schedules/mini_stage2.yaml")
    schedule.write_text(schedule.read_text().replace("iterations: 120", "iterations: 121"))
    first = len(workplace)
    # Said before anything else is trained.
    with pytest.raises(PoseError, match=r"h36m/base/seed0 was trained with other settings; delete it, or choose anoth"):
        run.run([*find("table1/all-1"), *rows], [1, 0])
    assert len(workplace) == first


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("table4/smplify", "another work's published figure"),
        ("supp-table1/full", "profile 'mini' has no data"),
        ("table2/corective", "did you mean table2/corrective"),
    ],
)
def test_rows_that_cannot_be_run(workplace, capsys, name, says):
    assert main(["paper", "run", name, "--profile", "mini"]) == 2
    assert says in capsys.readouterr().err


def test_missing_data_are_named_before_anything_is_trained(workplace, capsys):
    Path("data/embedded/test.h5").unlink()
    assert main(["paper", "run", "table3", "--profile", "mini"]) == 2
    assert "data/embedded/test.h5, which is not prepared" in capsys.readouterr().err
    assert workplace == []


def test_the_listing_has_every_row(capsys):
    assert main(["paper"]) == 0
    printed = capsys.readouterr().out
    for text in ("table1/all-1", "118.7", "table5/joint", "supp-table2/carreira", "107.14", "another work"):
        assert text in printed


def test_side_by_side_gives_the_same_and_shares_the_cores(workplace, monkeypatch):
    for module in ("reproduce", "side_by_side"):
        monkeypatch.setattr(f"pose3d.paper.{module}.available_cores", lambda: 6)
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    rows = [*find("table2/transfer"), *find("table2/fusion"), *find("table5/no-gt-box")]
    run = Reproduction("mini", Path("runs/paper/mini"), parallel=3, say=lambda line: None)
    run.run(rows, [0, 1])
    assert len(workplace) == 2 * (7 + 3)
    for row in rows:
        assert Path(f"runs/paper/mini/results/{row.table}/{row.id}/seed1.json").is_file()
    fits = [command for command in workplace if command[1] == "fit"]
    assert all("--data.init_args.num_workers=2" in command for command in fits)
    assert thread_share(3) == {"OMP_NUM_THREADS": "2"}
    # What was trained side by side is the same training when it goes on alone.
    Reproduction("mini", Path("runs/paper/mini"), say=lambda line: None).run(rows, [0, 1])
    assert len(workplace) == 2 * (7 + 3)


def test_a_dry_run_knows_that_the_lab_is_split_by_subject(workplace, capsys):
    assert main(["paper", "run", "table1", "--profile", "mini", "--dry-run"]) == 0
    assert "data/embedded/lab3d_test.h5: to be split from data/embedded/lab3d.h5" in capsys.readouterr().out
    Path("data/embedded/lab3d.h5").unlink()
    assert main(["paper", "run", "table1", "--profile", "mini", "--dry-run"]) == 1
    assert "data/embedded/lab3d_test.h5: `make data` makes the embedded data set" in capsys.readouterr().out
