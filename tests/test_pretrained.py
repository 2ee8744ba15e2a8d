import sys
import types

import pytest

from pose3d.errors import PoseError
from pose3d.pretrained import RELEASED_FOLDER, find_weights, required_stage_file, stage1_beside, stage_file


@pytest.fixture
def folder(tmp_path):
    for name in ("stage1.safetensors", "stage3.safetensors"):
        (tmp_path / name).touch()
    return tmp_path


def test_the_released_weights_have_a_name_of_their_own(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert find_weights("released") == RELEASED_FOLDER
    (tmp_path / "released").mkdir()
    assert find_weights("released").resolve() == (tmp_path / "released").resolve()  # the user's folder goes first


def test_a_folder_gives_the_first_stage_that_it_has(folder):
    assert stage_file(folder, "stage3", "stage2") == folder / "stage3.safetensors"
    assert stage_file(folder, "stage2", "stage3") == folder / "stage3.safetensors"
    assert stage_file(folder, "stage2") is None
    with pytest.raises(PoseError, match=r"have no stage2.safetensors"):
        required_stage_file(folder, "stage2")


def test_a_folder_of_runs_and_a_file_serve_as_well(tmp_path):
    checkpoint = tmp_path / "quick" / "stage2" / "best.ckpt"
    checkpoint.parent.mkdir(parents=True)
    checkpoint.touch()
    assert stage_file(tmp_path / "quick", "stage3", "stage2") == checkpoint
    assert stage_file(checkpoint, "stage1") == checkpoint


def test_a_repository_is_asked_for_only_where_no_such_folder_is(tmp_path, monkeypatch):
    asked = []

    def snapshot_download(name, allow_patterns):
        asked.append(name)
        if name == "somebody/missing":
            raise OSError("404\nno such repository")
        return str(tmp_path)

    monkeypatch.setitem(sys.modules, "huggingface_hub", types.SimpleNamespace(snapshot_download=snapshot_download))
    monkeypatch.chdir(tmp_path)
    (tmp_path / "own" / "weights").mkdir(parents=True)
    assert find_weights("somebody/weights") == tmp_path
    find_weights("own/weights")
    assert asked == ["somebody/weights"]
    with pytest.raises(PoseError, match=r"cannot be downloaded from the hub \(404\)"):
        find_weights("somebody/missing")
    for nowhere in ("relased", "a/b/c"):
        with pytest.raises(PoseError, match="there are no weights"):
            find_weights(nowhere)
    assert str(find_weights("runs/best.ckpt")) == "runs/best.ckpt"  # a file that is missing is its reader's business
    assert asked == ["somebody/weights", "somebody/missing"]


def test_the_2d_network_beside(folder, tmp_path):
    assert stage1_beside(folder) == stage1_beside(folder / "stage3.safetensors") == folder / "stage1.safetensors"
    for stage in ("stage1", "stage3"):
        (tmp_path / "runs" / stage).mkdir(parents=True)
        (tmp_path / "runs" / stage / "best.ckpt").touch()
    assert stage1_beside(tmp_path / "runs" / "stage3" / "best.ckpt") == tmp_path / "runs" / "stage1" / "best.ckpt"
    assert stage1_beside(tmp_path / "elsewhere" / "best.ckpt") == RELEASED_FOLDER / "stage1.safetensors"
