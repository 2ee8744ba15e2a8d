"""Every switch reaches the network, and configurations are plain data."""

from dataclasses import fields, replace

import pytest
import torch

from pose3d.errors import PoseError
from pose3d.models import FusionConfig, Pose2DConfig, Pose2DNet, Pose3DConfig, Pose3DNet
from tests.models.nets import SIDE, images, pose3d

SMALL = Pose3DConfig("resnet10t", image_size=SIDE)
# One value off the default for each switch of 3DPoseNet, and what it needs besides.
OTHER = {
    "backbone": {"backbone": "resnet14t"},
    "image_size": {"image_size": 96},
    "freeze_batchnorm": {"freeze_batchnorm": True},
    "freeze_res5a_batchnorm": {"freeze_res5a_batchnorm": True},
    "freeze_trunk_until": {"freeze_trunk_until": "res3b3"},
    "skips": {"skips": "none"},
    "stubs": {"stubs": "common"},
    "modalities": {"modalities": ("P", "O2")},
    "intermediate_taps": {"intermediate_taps": ("res3b3",)},
    "intermediate_predicts": {"intermediate_predicts": "P"},
    "heatmaps": {"heatmaps": False},
    "part_labels": {"part_labels": True},
    "part_label_loss": {"part_label_loss": "cross_entropy", "part_labels": True},
    "domain": {"domain": True},
    "domain_weight": {"domain_weight": 2.0, "domain": True},
    "domain_ramp": {"domain_ramp": 10, "domain": True},
    "loss_weight_control": {"loss_weight_control": True, "skips": "none"},
    "target_unit_mm": {"target_unit_mm": 1000.0},
    "target_view": {"target_view": "yaw"},
    "stride_on": {"stride_on": "1x1", "backbone": "resnet50"},
}


def features(net):
    """Everything that a switch may change: shapes, outputs, frozen batch norms, trainable parameters, strides."""
    shapes = {name: tuple(value.shape) for name, value in net.state_dict().items()}
    learning = [parameter.requires_grad for parameter in net.parameters()]
    strides = [module.stride for module in net.modules() if isinstance(module, torch.nn.Conv2d)]
    return shapes, net.outputs, [module.training for module in net.modules()], learning, strides


@pytest.mark.parametrize("name", [field.name for field in fields(Pose3DConfig)])
def test_every_switch_of_3dposenet_changes_the_network(name):
    off = replace(SMALL, **{key: value for key, value in OTHER[name].items() if key != name})
    assert features(Pose3DNet(replace(off, **OTHER[name]))) != features(Pose3DNet(off))


def test_every_switch_of_2dposenet_changes_the_network():
    plain = Pose2DConfig("resnet10t")
    for switch in ({"backbone": "resnet14t"}, {"freeze_batchnorm": True}, {"skips": "none"}, {"intermediate": False}):
        assert features(Pose2DNet(replace(plain, **switch))) != features(Pose2DNet(plain))


@pytest.mark.parametrize("config", [Pose2DConfig(), SMALL, FusionConfig(SMALL, ("P",), (8, 4)), FusionConfig()])
def test_configurations_are_plain_data(config, tmp_path):
    torch.save(config.to_dict(), tmp_path / "config.pt")
    assert type(config).from_dict(torch.load(tmp_path / "config.pt", weights_only=True)) == config


def test_lists_are_ordered_and_checked_once():
    config = Pose3DConfig(modalities=["O2", "P"], intermediate_taps=["res4b22", "res3b3"])
    assert (config.modalities, config.intermediate_taps) == (("P", "O2"), ("res3b3", "res4b22"))
    with pytest.raises(PoseError, match="name each once"):
        Pose3DConfig(modalities=("P", "P"))
    with pytest.raises(PoseError, match=r"has no switch 'skip'; its switches are backbone, image_size"):
        Pose3DConfig.from_dict({"skip": "none"})
    with pytest.raises(PoseError, match="two hidden layers"):
        FusionConfig(hidden=(8,))


def test_a_trunk_of_ones_own():
    class Mine(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.channels = {"res3b3": 8, "res4b5": 12, "res4b20": 12, "res4b22": 12}
            self.strides = {"res3b3": 8, "res4b5": 16, "res4b20": 16, "res4b22": 16}
            self.eighth, self.sixteenth = torch.nn.Conv2d(3, 8, 8, 8), torch.nn.Conv2d(8, 12, 2, 2)

        def forward(self, image):
            shallow = self.eighth(image)
            deep = self.sixteenth(shallow)
            return {"res3b3": shallow, "res4b5": deep, "res4b20": deep, "res4b22": deep}

    config = Pose3DConfig("mine", image_size=SIDE)
    net = Pose3DNet(config, trunk=Mine())
    assert net(images())["Psum"].shape == (2, 17, 3)
    assert Pose2DNet(Pose2DConfig("mine"), trunk=Mine())(images())["Hsum"].shape == (2, 15, 4, 4)
    assert net.deploy().trunk(images())["res3b3"].shape == (2, 8, 8, 8)


def test_res5a_is_held_only_where_asked():
    for held in (True, False):
        net = pose3d(freeze_res5a_batchnorm=held).eval().train()
        norms = [m for m in net.res5a.modules() if isinstance(m, torch.nn.BatchNorm2d)]
        assert all(m.training != held for m in norms)


def test_the_caller_says_where_the_trunk_starts(caplog):
    with caplog.at_level("INFO", "pose3d"):
        Pose2DNet(Pose2DConfig("resnet10t"))
        assert not caplog.records
        Pose2DNet(Pose2DConfig("resnet10t"), weights="random")
    assert "random weights" in caplog.text
