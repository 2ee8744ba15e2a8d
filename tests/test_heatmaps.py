import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from pose3d.heatmaps import cells_from_crop, crop_from_cells, heatmap_maximum, render_heatmaps


@pytest.mark.parametrize("sigma", [1.0, 1.7])
def test_render_against_loops(sigma):
    rng = np.random.default_rng(0)
    joints = torch.tensor(rng.uniform(-2, 9, (2, 3, 2)), dtype=torch.float64)
    visible = torch.tensor([[True, False, True], [True, True, True]])
    maps = render_heatmaps(joints, visible, (6, 8), sigma)
    assert maps.shape == (2, 3, 6, 8)
    for b, j, row, column in np.ndindex(2, 3, 6, 8):
        x, y = joints[b, j].tolist()
        value = math.exp(-((column - x) ** 2 + (row - y) ** 2) / (2 * sigma**2)) if visible[b, j] else 0.0
        assert maps[b, j, row, column].item() == pytest.approx(value, abs=1e-12)


def test_unlabelled_joint_may_be_nan():
    joints = torch.tensor([[[float("nan"), 1.0], [2.0, 1.0]]])
    maps = render_heatmaps(joints, torch.tensor([[False, True]]), (4, 4))
    assert maps.isfinite().all()
    assert maps[0, 0].eq(0).all()


def test_pixels_and_cells():
    # Cell 0 covers pixels 0 to 15, whose middle is 7.5; the edges of the crop are edges of the grid.
    assert cells_from_crop(torch.tensor([7.5, -0.5, 367.5])).tolist() == [0.0, -0.5, 22.5]
    for stride in (8, 16):
        pixels = torch.randn(5, 2, dtype=torch.float64) * 100
        torch.testing.assert_close(crop_from_cells(cells_from_crop(pixels, stride), stride), pixels)
        inside = torch.arange(3 * stride)
        assert torch.equal(cells_from_crop(inside, stride).round().long(), inside // stride)


@settings(max_examples=200, deadline=None, derandomize=True)
@given(
    x=st.floats(-0.5, 22.5),
    y=st.floats(-0.5, 10.5),
    sigma=st.floats(0.9, 2.0),
    height=st.floats(0.05, 3.0),
)
def test_maximum_of_a_gaussian_anywhere(x, y, sigma, height):
    maps = height * render_heatmaps(torch.tensor([[[x, y]]]), torch.ones(1, 1, dtype=torch.bool), (11, 23), sigma)
    joints, score = heatmap_maximum(maps)
    assert math.dist(joints[0, 0].tolist(), (x, y)) < 0.05
    assert score.item() == pytest.approx(maps.max().item())


def test_argmax_switch():
    maps = torch.zeros(1, 1, 5, 7)
    maps[0, 0, 3, 6] = 2.0
    maps[0, 0, 3, 5] = 1.9
    joints, score = heatmap_maximum(maps, refine=False)
    assert joints.tolist() == [[[6.0, 3.0]]]
    assert score.tolist() == [[2.0]]


def test_refinement_stays_in_the_largest_cell_whatever_the_map():
    torch.manual_seed(0)
    for maps in (torch.randn(8, 17, 23, 23), torch.rand(8, 17, 4, 4), torch.zeros(1, 2, 5, 5), -torch.rand(4, 3, 6, 6)):
        plain, _ = heatmap_maximum(maps, refine=False)
        fine, _ = heatmap_maximum(maps)
        assert fine.isfinite().all()
        assert (fine - plain).abs().max() <= 0.5
    flat, _ = heatmap_maximum(torch.zeros(1, 2, 5, 5))
    assert flat.eq(0).all()


def test_noise_hardly_moves_the_maximum():
    torch.manual_seed(0)
    joints = torch.rand(16, 17, 2) * 22
    maps = render_heatmaps(joints, torch.ones(16, 17, dtype=torch.bool), (23, 23))
    found, _ = heatmap_maximum(maps + 0.02 * torch.randn_like(maps))
    plain, _ = heatmap_maximum(maps, refine=False)
    error = (found - joints).norm(dim=-1)
    assert error.mean() < 0.06
    assert error.mean() < 0.2 * (plain - joints).norm(dim=-1).mean()


def test_follows_shifts_and_flips():
    maps = render_heatmaps(torch.tensor([[[4.3, 6.8]]]), torch.ones(1, 1, dtype=torch.bool), (12, 12))
    found, _ = heatmap_maximum(maps)
    shifted, _ = heatmap_maximum(maps.roll((1, 2), dims=(-2, -1)))
    flipped, _ = heatmap_maximum(maps.flip(-1))
    torch.testing.assert_close(shifted, found + torch.tensor([2.0, 1.0]), atol=1e-4, rtol=0)
    torch.testing.assert_close(flipped[..., 0], 11 - found[..., 0], atol=1e-4, rtol=0)
