import numpy as np
import pytest
import torch

from pose3d.losses import euclidean_loss


def reference(preds, target, weight):
    total = 0.0
    for b in range(preds.shape[0]):
        for j in range(preds.shape[1]):
            for k in range(preds.shape[2]):
                total += float(weight[b, j]) * float(preds[b, j, k] - target[b, j, k]) ** 2
    return total / (2 * preds.shape[0])


def test_against_loops():
    rng = np.random.default_rng(0)
    preds, target = rng.normal(size=(2, 3, 17, 3))
    for weight in (np.ones((3, 17)), rng.random((3, 17)), rng.random((3, 17)) > 0.5):
        expected = reference(preds, target, weight)
        actual = euclidean_loss(torch.tensor(preds), torch.tensor(target), torch.tensor(weight))
        assert actual.item() == pytest.approx(expected, rel=1e-12)
    assert euclidean_loss(torch.tensor(preds), torch.tensor(target)).item() == pytest.approx(
        reference(preds, target, np.ones((3, 17))), rel=1e-12
    )


def test_a_sample_without_label_adds_nothing_and_changes_no_other():
    preds, target = torch.randn(2, 4, 15, 5, 5)
    weight = torch.tensor([True, True, False, True])
    loss = euclidean_loss(preds, target, weight)
    changed = preds.clone()
    changed[2] += 100
    assert euclidean_loss(changed, target, weight) == loss
    torch.testing.assert_close(loss, euclidean_loss(preds[weight], target[weight]) * 3 / 4)


def test_gradient_is_the_difference_over_the_batch():
    preds = torch.randn(4, 17, 3, requires_grad=True)
    target = torch.randn(4, 17, 3)
    euclidean_loss(preds, target).backward()
    torch.testing.assert_close(preds.grad, (preds.detach() - target) / 4)


def test_computed_in_float32():
    preds = torch.full((1, 17, 3), 100.0, dtype=torch.bfloat16)
    loss = euclidean_loss(preds, torch.full((1, 17, 3), 99.9))
    assert loss.dtype == torch.float32
    assert loss.item() == pytest.approx(51 * 0.1**2 / 2, rel=1e-3)


def test_shapes_must_agree():
    with pytest.raises(ValueError, match="differ in shape"):
        euclidean_loss(torch.zeros(2, 17, 3), torch.zeros(17, 3))
    with pytest.raises(ValueError, match="weight"):
        euclidean_loss(torch.zeros(2, 17, 3), torch.zeros(2, 17, 3), torch.zeros(17))
