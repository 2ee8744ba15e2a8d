"""Synchronised batch norm does not change the network's outputs, its tensors, and afterwards its layers."""

import pytest
import torch
from torch import distributed, nn

from pose3d.models import Pose2DConfig, Pose2DNet
from stages.sync_batchnorm import TimmSyncBatchNorm
from tests.models.nets import pose2d

ONE_STEP = ("--test_after_fit", "false", "--trainer.max_steps", "1")


@pytest.fixture
def nobody_else():
    """No process group is left for the next test."""
    yield
    if distributed.is_initialized():
        distributed.destroy_process_group()


def network(backbone):
    torch.manual_seed(0)
    net = Pose2DNet(Pose2DConfig(backbone))
    for name, buffer in net.named_buffers():
        if name.endswith("running_mean"):
            buffer.normal_(0, 0.1)
    return net.eval()


def answers(net):
    generator = torch.Generator().manual_seed(1)
    with torch.no_grad():
        return torch.cat([maps.flatten() for maps in net(torch.rand(2, 3, 64, 64, generator=generator)).values()])


@pytest.mark.parametrize("backbone", ["resnet10t", "regnetx_004", "tf_efficientnet_lite0", "mobilenetv3_small_100"])
def test_the_converted_network_answers_as_before(backbone):
    net = network(backbone)
    expected, kinds = answers(net), [type(m) for m in net.modules()]
    names, tensors = list(net.state_dict()), {id(p) for p in net.parameters()}
    plugin = TimmSyncBatchNorm()
    converted = plugin.apply(net)
    norms = [m for m in converted.modules() if isinstance(m, nn.modules.batchnorm._BatchNorm)]
    assert norms
    assert all(isinstance(m, nn.SyncBatchNorm) for m in norms)
    torch.testing.assert_close(answers(converted), expected)
    # The optimiser, the checkpoint and the learning-rate groups see what they saw.
    assert list(converted.state_dict()) == names
    assert {id(p) for p in converted.parameters()} == tensors
    reverted = plugin.revert(converted)
    assert [type(m) for m in reverted.modules()] == kinds
    assert torch.equal(answers(reverted), expected)


def test_torchs_own_converter_would_lose_the_activations():
    """The reason for the plugin: if this test fails, Lightning's own flag suffices."""
    net = network("tf_efficientnet_lite0")
    expected = answers(net)
    assert not torch.allclose(answers(nn.SyncBatchNorm.convert_sync_batchnorm(net)), expected, rtol=0.1)


def test_what_was_learned_in_between_stays():
    net, plugin = pose2d(), TimmSyncBatchNorm()
    plugin.apply(net)
    norm = next(m for m in net.modules() if isinstance(m, nn.SyncBatchNorm))
    norm.weight.data.fill_(3.0)
    norm.running_mean = torch.full_like(norm.running_mean, 5.0)
    state = {key: value.clone() for key, value in net.state_dict().items()}
    reverted = plugin.revert(net.eval()).state_dict()
    assert reverted.keys() == state.keys()
    assert all(torch.equal(value, state[key]) for key, value in reverted.items())
    assert not any(m.training for m in net.modules())


@pytest.mark.usefixtures("nobody_else")
def test_the_flag_is_refused_on_cpus(workshop, capsys):
    ddp = ("--trainer.strategy", "ddp", "--trainer.devices", "1")
    assert workshop.fit(1, *ONE_STEP, *ddp, "--trainer.sync_batchnorm", "true") == 2
    error = capsys.readouterr().err.strip()
    assert "trainer.sync_batchnorm needs GPUs" in error
    assert not (workshop.root / "stage1").exists()


def test_one_process_needs_no_sharing(workshop):
    assert workshop.fit(1, *ONE_STEP, "--trainer.sync_batchnorm", "true") == 0
