"""Hand-off: strict, by name, bit for bit; weights that do not fit are refused with the reason."""

import hashlib
import json

import pytest
import torch
from torch import nn

from pose3d.checkpoint import PROVENANCE, ancestry, config_hash, hand_off, read_checkpoint, write_sidecar
from pose3d.errors import PoseError

IDENTITY = {"stage": "stage1", "joint_set": "mpi_inf_3dhp_17", "backbone": "tiny"}


class Parent(nn.Module):
    def __init__(self, width=4):
        super().__init__()
        self.trunk = nn.Sequential(nn.Linear(3, width), nn.BatchNorm1d(width))
        self.taper = nn.Linear(width, 2)


class Child(nn.Module):
    def __init__(self, width=4):
        super().__init__()
        self.trunk = nn.Sequential(nn.Linear(3, width), nn.BatchNorm1d(width))
        self.stub = nn.Linear(width, 5)


@pytest.fixture
def parent_file(tmp_path):
    return save(tmp_path / "parent.ckpt", Parent())


def save(path, parent, **provenance):
    parent.trunk[1].running_mean.normal_()
    state = {f"net.{k}": v for k, v in parent.state_dict().items()} | {"mean_pose": torch.zeros(1)}
    torch.save({"state_dict": state, PROVENANCE: IDENTITY | provenance}, path)
    return path


def give(path, child=None, mapping=None, dropped=("taper.",), stage="stage1", **expected):
    mapping = mapping or {"trunk.": "trunk."}
    return hand_off(path, child or Child(), mapping, stage=stage, expected=expected, dropped_prefixes=dropped)


def test_weights_and_statistics_arrive_bit_for_bit(parent_file):
    child = Child()
    new = child.stub.weight.clone()
    report = give(parent_file, child, joint_set="mpi_inf_3dhp_17")
    sent = torch.load(parent_file, weights_only=True)["state_dict"]
    assert all(torch.equal(v, sent[f"net.trunk.{k}"]) for k, v in child.trunk.state_dict().items())
    assert torch.equal(child.stub.weight, new)
    assert [(p.name, p.source, p.tensors, p.parameters) for p in report.parts] == [
        ("trunk", "trunk", 7, 3 * 4 + 4 + 4 + 4),
        ("stub", None, 2, 4 * 5 + 5),
    ]


def test_a_whole_network_moves_below_a_prefix(parent_file):
    class Outer(nn.Module):
        def __init__(self):
            super().__init__()
            self.inner = Parent()

    outer = Outer()
    report = give(parent_file, outer, {"": "inner."}, dropped=())
    sent = torch.load(parent_file, weights_only=True)["state_dict"]
    assert all(torch.equal(v, sent[f"net.{k}"]) for k, v in outer.inner.state_dict().items())
    assert report.parts[0].source == "all"


def test_the_parents_hash_and_history_are_recorded(parent_file):
    record = ancestry(give(parent_file))
    assert record["sha256"] == hashlib.sha256(parent_file.read_bytes()).hexdigest()
    assert (record["stage"], record["path"]) == ("stage1", str(parent_file))


def test_wrong_stage_skeleton_or_backbone_is_refused(parent_file):
    with pytest.raises(PoseError, match="checkpoint of stage1, but stage2 is what goes before"):
        give(parent_file, stage="stage2")
    with pytest.raises(PoseError, match="backbone 'tiny', this stage has 'resnet101'"):
        give(parent_file, backbone="resnet101")
    with pytest.raises(PoseError, match="joint_set"):
        give(parent_file, joint_set="h36m_17")


def test_tensors_that_do_not_fit_are_refused_and_nothing_is_copied(tmp_path, parent_file):
    child = Child(width=5)
    before = {k: v.clone() for k, v in child.state_dict().items()}
    with pytest.raises(PoseError, match=r"trunk.0.weight .* \(4, 3\), not \(5, 3\)"):
        give(parent_file, child)
    assert all(torch.equal(v, before[k]) for k, v in child.state_dict().items())
    with pytest.raises(PoseError, match=r"taper.weight .* no place"):
        give(parent_file, dropped=())
    lacking = Parent()
    del lacking.trunk[0]
    path = tmp_path / "lacking.ckpt"
    torch.save({"state_dict": {"net.taper.weight": torch.zeros(1)}, PROVENANCE: IDENTITY}, path)
    with pytest.raises(PoseError, match=r"lacks trunk\.0\.weight"):
        give(path)


def test_a_missing_file_names_the_make_target(tmp_path):
    with pytest.raises(PoseError, match="`make stage1` makes it"):
        give(tmp_path / "none.ckpt")


@pytest.mark.parametrize("keep", [0, 20, 0.5, 0.99])
def test_a_damaged_file_is_one_sentence(parent_file, keep):
    content = parent_file.read_bytes()
    parent_file.write_bytes(content[: int(keep if keep >= 1 else keep * len(content))])
    with pytest.raises(PoseError, match="damaged or no checkpoint") as caught:
        read_checkpoint(parent_file)
    assert "\n" not in str(caught.value)


def test_a_foreign_checkpoint_is_refused_and_runs_no_code(tmp_path):
    foreign = tmp_path / "foreign.ckpt"
    torch.save({"state_dict": {}}, foreign)
    with pytest.raises(PoseError, match="not written by a stage"):
        read_checkpoint(foreign)
    torch.save({"state_dict": {}, PROVENANCE: print}, foreign)
    with pytest.raises(PoseError, match="damaged or no checkpoint"):
        read_checkpoint(foreign)


def test_the_config_hash_ignores_order_and_sees_values():
    one, same, other = {"a": 1, "b": {"c": 2, "d": 3}}, {"b": {"d": 3, "c": 2}, "a": 1}, {"a": 1, "b": {"c": 2, "d": 4}}
    assert config_hash(one) == config_hash(same) != config_hash(other)


def test_the_sidecar_is_readable_json(tmp_path):
    write_sidecar(tmp_path / "best.ckpt", {"stage": "stage1", "parent": None})
    assert json.loads((tmp_path / "best.json").read_text()) == {"stage": "stage1", "parent": None}
