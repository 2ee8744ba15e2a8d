"""A multiplier of 0 freezes a group: no gradients, no movement, and the others learn as before."""

import torch

from pose3d.models import Pose3DConfig, Pose3DNet
from stages.optimizers import build_optimizer, freeze_zero_lr_groups


def one_step(multipliers, freeze):
    torch.manual_seed(0)
    net = Pose3DNet(Pose3DConfig("resnet10t", 64, freeze_batchnorm=True), weights="random")
    if freeze:
        freeze_zero_lr_groups(net, multipliers)
    before = {name: p.detach().clone() for name, p in net.named_parameters()}
    optimizer = build_optimizer(net, "adamw", multipliers, 0.0)
    for group in optimizer.param_groups:
        group["lr"] = 1e-3 * group["multiplier"]
    sum(out.pow(2).mean() for out in net(torch.ones(2, 3, 64, 64)).values()).backward()
    optimizer.step()
    return net, before


def test_a_multiplier_of_zero_asks_for_no_gradient_and_moves_nothing():
    multipliers = {"trunk": 0.0, "res5a": 1.0, "new": 1.0}
    net, before = one_step(multipliers, freeze=True)
    for name, parameter in net.named_parameters():
        if name.startswith("trunk."):
            assert parameter.grad is None
            assert torch.equal(parameter, before[name])
    moved = [n for n, p in net.named_parameters() if not n.startswith("trunk.") and not torch.equal(p, before[n])]
    assert any(n.startswith("res5a.") for n in moved)


def test_freezing_changes_nothing_but_the_cost():
    multipliers = {"trunk": 0.0, "res5a": 1.0, "new": 0.1}
    frozen, _ = one_step(multipliers, freeze=True)
    unfrozen, _ = one_step(multipliers, freeze=False)
    for (name, a), b in zip(frozen.named_parameters(), unfrozen.parameters(), strict=True):
        assert torch.equal(a, b), name


def test_small_multipliers_are_not_frozen():
    net, before = one_step({"trunk": 0.001, "res5a": 1.0, "new": 1.0}, freeze=True)
    assert any(not torch.equal(p, before[n]) for n, p in net.named_parameters() if n.startswith("trunk."))
