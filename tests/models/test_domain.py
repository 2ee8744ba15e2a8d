import math

import pytest
import torch
from torch import nn

from pose3d.losses import domain_accuracy
from pose3d.models.domain import DomainStub, reverse_gradient


def test_reversal_by_finite_differences():
    torch.manual_seed(0)
    for strength in (1.0, 0.25):
        x = torch.randn(5, dtype=torch.float64, requires_grad=True)

        def loss(value):
            return (value.sin() * torch.arange(1.0, 6.0, dtype=torch.float64)).sum()

        loss(reverse_gradient(x, strength)).backward()
        step = 1e-6
        for i in range(5):
            shift = step * torch.eye(5, dtype=torch.float64)[i]
            slope = (loss(x.detach() + shift) - loss(x.detach() - shift)) / (2 * step)
            torch.testing.assert_close(x.grad[i], -strength * slope, atol=1e-7, rtol=1e-6)
        assert torch.equal(reverse_gradient(x, strength), x)


def test_stub_learns_while_features_unlearn():
    """One step on the stub lowers its loss, one step on the features (through the same backward) raises it."""
    torch.manual_seed(0)
    stub = DomainStub(8, 4).double().eval()
    features = torch.randn(6, 8, 4, 4, dtype=torch.float64, requires_grad=True)
    domains = torch.tensor([0.0, 0, 0, 1, 1, 1], dtype=torch.float64)
    nn.init.normal_(stub.fc[-1].weight)

    def loss(value):
        # `.float()` at the end of the stub rounds, so the step below is not tiny.
        return nn.functional.binary_cross_entropy_with_logits(stub(value).double(), domains)

    before = loss(features)
    before.backward()
    with torch.no_grad():
        assert loss(features - 1e-1 * features.grad / features.grad.norm()) > before
        for p in stub.parameters():
            p -= 1e-3 * p.grad
        assert loss(features) < before


def test_the_ramp_grows_to_the_papers_strength_and_is_saved():
    stub = DomainStub(4, 4, ramp=20)
    strengths = []
    for _ in range(25):
        strengths.append(float(stub.strength()))
        stub(torch.randn(2, 4, 4, 4))
    assert strengths[0] == 0
    assert strengths == sorted(strengths)
    share = 10 / 20
    assert strengths[10] == pytest.approx(2 / (1 + math.exp(-10 * share)) - 1)
    assert strengths[-1] == pytest.approx(1, abs=1e-4)
    resumed = DomainStub(4, 4, ramp=20)
    resumed.load_state_dict(stub.state_dict())
    assert float(resumed.strength()) == float(stub.strength())
    # Evaluation does not count, and without a ramp there is nothing to save.
    stub.eval()(torch.randn(2, 4, 4, 4))
    assert int(stub.seen) == 25
    assert "seen" not in DomainStub(4, 4).state_dict()


def test_its_accuracy_is_told():
    logits, domains = torch.tensor([1.0, -2.0, 0.5, 3.0]), torch.tensor([1.0, 0.0, 0.0, 1.0])
    assert float(domain_accuracy(logits, domains)) == 0.75


def test_stub_has_the_papers_layers():
    stub = DomainStub(1024, 23)
    shapes = [tuple(m.weight.shape) for m in stub.modules() if isinstance(m, nn.Conv2d | nn.Linear)]
    assert shapes == [(256, 1024, 3, 3), (128, 256, 3, 3), (64, 128 * 23 * 23), (1, 64)]
