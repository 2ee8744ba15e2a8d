import pytest
import torch
from torch import nn

from pose3d.errors import PoseError
from pose3d.geometry.kinematics import FROM_MODALITY
from pose3d.models import FusionConfig, FusionNet, Pose3DConfig
from tests.models.nets import SIDE, candidate_key, fusion, images, misgrouped, pose3d, without_gradient


@pytest.mark.parametrize("modalities", [("P",), ("P", "O1"), ("P", "O1", "O2")])
@pytest.mark.parametrize("skips", ["corrective", "regular"])
def test_fuses_what_the_deployed_network_gives(modalities, skips):
    base = pose3d(skips=skips).eval()
    net = fusion(base, modalities=modalities).eval()
    widths = [(layer.in_features, layer.out_features) for layer in net.fusion if isinstance(layer, nn.Linear)]
    assert widths == [(51 * len(modalities), 2048), (2048, 1024), (1024, 51)]
    with torch.no_grad():
        outputs, before = net(images()), base(images())
        read = torch.cat([before[candidate_key(base, x)].flatten(1) for x in modalities], dim=1)
        expected = net.fusion(read).view(2, 17, 3)
    assert torch.equal(outputs["Pfused"], expected)
    assert all(torch.equal(outputs[candidate_key(base, x)], before[candidate_key(base, x)]) for x in modalities)
    assert torch.equal(outputs["H"], before["H"])


@pytest.mark.parametrize("modalities", [("P",), ("P", "O1", "O2")])
@pytest.mark.parametrize("stubs", ["separate", "common"])
def test_the_fused_loss_reaches_every_trainable_parameter(modalities, stubs):
    net = fusion(pose3d(stubs=stubs), modalities=modalities)
    assert without_gradient(net, {"Pfused": net(images())["Pfused"]}) == []
    assert misgrouped(net) == []
    trained = [n for n, p in net.named_parameters() if p.requires_grad and n.startswith("pose3d.trunk.")]
    assert trained, "the old layers learn too, at 1/10000"


def test_batch_norm_of_old_layers_keeps_its_statistics():
    for frozen in (True, False):
        net = fusion(freeze_batchnorm=frozen).eval().train()
        norms = [m for m in net.modules() if isinstance(m, nn.BatchNorm2d)]
        assert all(m.training != frozen for m in norms)


def test_starts_from_the_mean_pose():
    mean = torch.randn(17, 3)
    net = fusion()
    net.start_from(mean)
    nn.init.zeros_(net.fusion[-1].weight)
    torch.testing.assert_close(net(images())["Pfused"][1], mean)


def test_takes_only_what_the_network_predicts():
    with pytest.raises(PoseError, match="O1"):
        fusion(pose3d(modalities=("P",)), modalities=("P", "O1"))


@pytest.mark.parametrize(("skips", "kept"), [("corrective", "none"), ("regular", "regular"), ("none", "none")])
def test_is_built_from_its_configuration_alone_as_from_a_trained_network(skips, kept):
    """What stage 3 builds to receive the parent's weights is what stage 2 deploys."""
    below = Pose3DConfig("resnet10t", image_size=SIDE, skips=skips, stubs="common", part_labels=True, domain=True)
    built = FusionNet(FusionConfig(below, ("P", "O2"), hidden=(8, 4)))
    trained = pose3d(skips=skips, stubs="common", part_labels=True, domain=True)
    given = fusion(trained, modalities=("P", "O2"), hidden=(8, 4))
    assert {k: v.shape for k, v in built.state_dict().items()} == {k: v.shape for k, v in given.state_dict().items()}
    assert built.config == given.config == FusionConfig.from_dict(built.config.to_dict())
    assert built.pose3d.config.skips == kept


def test_says_what_is_missing():
    with pytest.raises(PoseError, match="name its checkpoint"):
        FusionNet(FusionConfig())


@pytest.mark.parametrize("modalities", [("P",), ("P", "O2"), ("P", "O1", "O2")])
def test_can_start_as_the_average_of_what_it_fuses(modalities):
    net = fusion(modalities=modalities, average_start=True).eval()
    with torch.no_grad():
        outputs = net(images())
    as_p = [FROM_MODALITY[x](outputs[f"{x}deep"]) for x in modalities]
    torch.testing.assert_close(outputs["Pfused"], sum(as_p) / len(as_p), rtol=1e-4, atol=1e-5)
    net(images())["Pfused"].pow(2).sum().backward()
    assert all(layer.weight.grad.abs().sum() > 0 for layer in net.fusion if isinstance(layer, nn.Linear))


def test_the_average_needs_room():
    with pytest.raises(PoseError, match="102"):
        fusion(hidden=(2048, 64), average_start=True)
