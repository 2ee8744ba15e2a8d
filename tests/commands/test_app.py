"""The `pose3d` command itself."""

import subprocess
import sys
from pathlib import Path

import pytest

from pose3d.app import main

ROOT = Path(__file__).parents[2]


def test_a_reader_that_leaves_early_is_no_traceback():
    call = [sys.executable, "-m", "pose3d", "paper", "--markdown"]
    with subprocess.Popen(call, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        process.stdout.close()  # before anything is written, so that the writer always meets a closed pipe
        said = process.stderr.read().decode()
    assert (process.returncode, said) == (141, "")


def test_the_trainers_commands_run_under_our_own_name():
    call = [sys.executable, "-m", "pose3d", "fit", "--config", "configs/stage1.yaml", "--print_config"]
    said = subprocess.run(call, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    assert "class_path: stages.Stage1" in said


def test_a_mistake_in_them_is_one_sentence_under_our_own_name():
    call = [sys.executable, "-m", "pose3d", "fit", "--config", "configs/no_such_file.yaml"]
    done = subprocess.run(call, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 2
    assert done.stderr.startswith("pose3d: ")
    assert "no_such_file.yaml" in done.stderr


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (["predict", "clip.mp4", "--pict"], "unknown option --pict; did you mean --pictures"),
        (["prepare", "lsp", "--lim=3", "--root", "x"], "unknown option --lim; did you mean --limit"),
        (["report", "--titel", "x"], "unknown option --titel; "),
        (["--vers"], "unknown option --vers; "),
    ],
)
def test_options_are_taken_in_full_only(call, said, capsys):
    with pytest.raises(SystemExit, match="2"):
        main(call)
    assert said in capsys.readouterr().err
