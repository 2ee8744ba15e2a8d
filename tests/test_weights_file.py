import json

import pytest
import torch

from pose3d.checkpoint import NET, PROVENANCE, read_checkpoint
from pose3d.errors import PoseError
from pose3d.weights_file import read_weights, write_weights

STATE = {
    "trunk.conv.weight": torch.tensor([[0.1, -3.0], [1e-6, 2.5]]),
    "trunk.bn.running_var": torch.tensor([1e-9, 3.0]),  # float16 would make the first a zero
    "trunk.bn.num_batches_tracked": torch.tensor(7),
}
HP = {"net": {"backbone": "resnet18", "taps": ["res4b5"]}, "hidden": [8, 4], "schedule": "configs/schedules/x.yaml"}
PROV = {
    "stage": "stage2",
    "parent": {"path": "/home/somebody/runs/stage1/best.ckpt", "sha256": "ab"},
    "path": "/x/y.h5",
    "data": {"train": [{"file": "/home/somebody/data/wild3d.h5", "samples": 3}]},
}


@pytest.fixture
def written(tmp_path):
    path = tmp_path / "weights" / "stage2.safetensors"
    write_weights(path, STATE, HP, PROV)
    return path


def test_what_was_written_is_read(written):
    state, content = read_weights(written)
    assert state.keys() == STATE.keys()
    torch.testing.assert_close(state["trunk.conv.weight"], STATE["trunk.conv.weight"], rtol=2**-11, atol=1e-7)
    assert state["trunk.conv.weight"].dtype == torch.float32
    assert torch.equal(state["trunk.bn.running_var"], STATE["trunk.bn.running_var"])
    assert state["trunk.bn.num_batches_tracked"] == 7
    assert content["hyper_parameters"] == HP


def test_no_folder_of_the_machine_is_in_the_files(written):
    assert "somebody" not in written.with_suffix(".json").read_text()
    _, content = read_weights(written)
    assert content["provenance"]["parent"] == {"path": "best.ckpt", "sha256": "ab"}
    assert content["provenance"]["path"] == "y.h5"
    assert content["provenance"]["data"]["train"] == [{"file": "wild3d.h5", "samples": 3}]


def test_a_checkpoint_reader_takes_them(written):
    content = read_checkpoint(written)
    assert content[PROVENANCE]["stage"] == "stage2"
    assert content["hyper_parameters"] == HP
    assert set(content["state_dict"]) == {NET + name for name in STATE}


def test_two_writes_give_the_same_bytes(written, tmp_path):
    again = tmp_path / "again.safetensors"
    write_weights(again, dict(reversed(STATE.items())), HP, PROV)
    assert again.read_bytes() == written.read_bytes()


def changed(path, key, value):
    content = json.loads(path.with_suffix(".json").read_text())
    path.with_suffix(".json").write_text(json.dumps(content | {key: value}))


@pytest.mark.parametrize(
    ("damage", "sentence"),
    [
        (lambda p: p.write_bytes(p.read_bytes()[:-4]), "damaged"),
        (lambda p: p.with_suffix(".json").write_text("{"), "damaged"),
        (lambda p: p.with_suffix(".json").write_text("[]"), "does not describe weights"),
        (lambda p: p.with_suffix(".json").unlink(), "a .json file of that name"),
        (lambda p: changed(p, "sha256", "0" * 64), "not the file that stage2.json describes"),
        (lambda p: changed(p, "format", "other 2"), "has the format 'other 2'"),
    ],
)
def test_damage_is_told(written, damage, sentence):
    damage(written)
    with pytest.raises(PoseError, match=sentence):
        read_weights(written)


def test_values_that_float16_cannot_hold_are_refused(tmp_path):
    with pytest.raises(PoseError, match="outside float16's range"):
        write_weights(tmp_path / "a.safetensors", {"w": torch.tensor([1e6])}, {}, {})
    with pytest.raises(PoseError, match=r"not '.bin'"):
        write_weights(tmp_path / "a.bin", STATE, {}, {})
    assert not list(tmp_path.iterdir())
