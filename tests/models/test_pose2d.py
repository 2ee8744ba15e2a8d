import pytest
import torch

from pose3d.errors import PoseError
from pose3d.losses import euclidean_loss
from tests.models.nets import SIDE, candidate_key, images, misgrouped, pose2d, without_gradient

OUTPUTS = {"corrective": {"Hdeep", "Hsum"}, "regular": {"Hsum"}, "none": {"Hdeep"}}


@pytest.mark.parametrize("skips", OUTPUTS)
@pytest.mark.parametrize("intermediate", [True, False])
def test_switches_build_and_every_parameter_learns(skips, intermediate):
    net = pose2d(skips=skips, intermediate=intermediate)
    outputs = net(images())
    assert set(outputs) == OUTPUTS[skips] | ({"H4b20", "H5a"} if intermediate else set())
    assert all(v.shape == (2, 15, SIDE // 16, SIDE // 16) for v in outputs.values())
    assert [output.key for output in net.outputs] == list(outputs)
    assert without_gradient(net, outputs) == []
    assert misgrouped(net) == []


def test_fully_convolutional():
    assert pose2d()(torch.randn(1, 3, 96, 160))["Hsum"].shape == (1, 15, 6, 10)


def test_sum_is_deep_plus_both_skips():
    net = pose2d().eval()
    with torch.no_grad():
        outputs, taps = net(images()), net.trunk(images())
        extra = net.skips["res3b3"](taps["res3b3"]) + net.skips["res4b22"](taps["res4b22"])
    torch.testing.assert_close(outputs["Hsum"] - outputs["Hdeep"], extra, atol=1e-5, rtol=1e-4)


def test_intermediate_maps_are_the_first_15_of_their_layer():
    net = pose2d().eval()
    with torch.no_grad():
        outputs, taps = net(images()), net.trunk(images())
        res5a = net.res5a(taps["res4b22"])
    assert torch.equal(outputs["H4b20"], taps["res4b20"][:, :15])
    assert torch.equal(outputs["H5a"], res5a[:, :15])
    count = sum(p.numel() for p in net.parameters())
    assert count == sum(p.numel() for p in pose2d(intermediate=False).parameters()), "they need no parameters"


@pytest.mark.parametrize("skips", OUTPUTS)
def test_deploy_is_bit_identical_and_lean(skips):
    net = pose2d(skips=skips).eval()
    lean = net.deploy()
    with torch.no_grad():
        whole, deployed = net(images()), lean(images())
    (key,) = deployed
    assert key == candidate_key(net, "K") == candidate_key(lean, "K")
    assert torch.equal(deployed[key], whole[key])
    assert any("skips" in name for name, _ in lean.named_parameters()) == (skips == "regular")
    assert net.config.skips == skips, "the original is left alone"


def test_unknown_skips():
    with pytest.raises(PoseError, match="corrective, regular, none"):
        pose2d(skips="vanilla")


def test_overfits_four_samples():
    torch.manual_seed(0)
    net, image = pose2d(), images(4)
    target = torch.rand(4, 15, 4, 4)
    optimiser = torch.optim.Adam(net.parameters(), lr=5e-3)
    losses = []
    for _ in range(25):
        outputs = net(image)
        loss = euclidean_loss(outputs["Hsum"], target) + euclidean_loss(outputs["Hdeep"], target)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        losses.append(loss.item())
    assert losses[-1] < 0.1 * losses[0]
