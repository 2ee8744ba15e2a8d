"""Hyperparameters reach the network: each switch away from its default, read off what was built."""

import pytest
import torch

from pose3d.models.build import build_fusion, build_pose2d, build_pose3d

COMMON = {"backbone": "resnet10t", "image_size": 64, "modalities": ["P", "O2"], "stubs": "common", "heatmaps": False}


def test_2dposenet_is_as_its_hyperparameters_say():
    hp = {"backbone": "resnet10t", "freeze_batchnorm": True, "skips": "none", "intermediate": False}
    net = build_pose2d(hp, None)
    assert (net.trunk.freeze_batchnorm, net.skip_mode, net.intermediate, len(net.skips)) == (True, "none", False, 0)


def test_3dposenet_is_as_its_hyperparameters_say():
    training = {"intermediate_taps": ["res4b5"], "intermediate_predicts": "P", "part_labels": True, "domain": True}
    net = build_pose3d({**COMMON, **training, "freeze_batchnorm": True, "skips": "regular"}, None)
    assert (net.trunk.freeze_batchnorm, net.skip_mode, net.modalities) == (True, "regular", ("P", "O2"))
    assert (list(net.stubs), list(net.skips), net.image_size) == (["common"], ["P", "O2"], 64)
    assert (list(net.intermediate), net.intermediate_modalities) == (["res4b5"], ("P",))
    assert net.heatmaps is None
    assert net.part_labels is not None
    assert net.domain is not None


@pytest.mark.parametrize(("skips", "kept"), [("corrective", "none"), ("regular", "regular"), ("none", "none")])
def test_the_fusion_stands_on_what_stage_2_deploys(skips, kept):
    hp = {**COMMON, "freeze_batchnorm": False, "skips": skips, "hidden": [110, 105], "average_start": True}
    net = build_fusion(hp, None)
    assert net.pose3d.deployed
    assert net.pose3d.skip_mode == kept
    assert net.modalities == ("P", "O2")
    assert [layer.out_features for layer in net.fusion[::2]] == [110, 105, 51]
    assert not net.freeze_batchnorm
    assert torch.equal(net.fusion[-1].bias, torch.zeros(51))
    assert torch.count_nonzero(net.fusion[-1].weight) == 2 * 51


def test_the_caller_says_where_the_trunk_starts(caplog):
    hp = {"backbone": "resnet10t", "freeze_batchnorm": False, "skips": "none", "intermediate": False}
    with caplog.at_level("INFO", "pose3d"):
        build_pose2d(hp, None)
        assert not caplog.records
        build_pose2d(hp, "random")
    assert "random weights" in caplog.text
