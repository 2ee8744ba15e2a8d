"""Heatmaps: targets rendered from 2D joints, and joints read back from maps (decision N10).

A heatmap is a grid of cells, each `stride` pixels wide, over the crop. Pixel and cell centres both lie at integer
coordinates (decision G4): pixel 0 covers [-0.5, 0.5], so the grid begins at -0.5 in either unit, and
cell = (pixel + 0.5) / stride - 0.5. A 368x368 crop has 23x23 cells of 16 px; the centre of cell 0 is pixel 7.5.
"""

import torch
from torch import Tensor

# Neighbours below this share of the maximum count as this share: a Gaussian of one cell never falls so low within the
# three cells that are read, and the logarithm of a map that is zero or negative there stays finite.
_FLOOR = 1e-3


def cells_from_crop(joints_2d_crop: Tensor, stride: int = 16) -> Tensor:
    """Crop pixels (..., 2) to heatmap cells."""
    return (joints_2d_crop + 0.5) / stride - 0.5


def crop_from_cells(joints_2d_cells: Tensor, stride: int = 16) -> Tensor:
    """Heatmap cells (..., 2) to crop pixels."""
    return (joints_2d_cells + 0.5) * stride - 0.5


def render_heatmaps(joints_2d_cells: Tensor, visible: Tensor, size: tuple[int, int], sigma: float = 1.0) -> Tensor:
    """Gaussians of peak 1 at the joints.

    Args:
        joints_2d_cells: (B, J, 2) x, y in cells, fractions welcome; a joint off the grid leaves its tail on it.
        visible: (B, J) bool; the map of an invisible joint is zero.
        size: (h, w) of the grid.
        sigma: standard deviation in cells.

    Returns (B, J, h, w).
    """
    h, w = size
    columns = torch.arange(w, device=joints_2d_cells.device, dtype=joints_2d_cells.dtype)
    rows = torch.arange(h, device=joints_2d_cells.device, dtype=joints_2d_cells.dtype)
    across = torch.exp(-(columns - joints_2d_cells[..., :1]).square() / (2 * sigma**2))
    down = torch.exp(-(rows - joints_2d_cells[..., 1:]).square() / (2 * sigma**2))
    maps = down.unsqueeze(-1) * across.unsqueeze(-2)
    # `where` and not a product: an unlabelled joint may carry NaN.
    return torch.where(visible[..., None, None], maps, torch.zeros_like(maps))


def heatmap_maximum(heatmaps: Tensor, refine: bool = True) -> tuple[Tensor, Tensor]:
    """The most likely place of each joint.

    Args:
        heatmaps: (B, J, h, w).
        refine: fit a parabola to the logarithm of three neighbouring cells along x and along y, which is exact for a
            Gaussian, also at the border, where the three cells nearest to it are read. False is plain argmax.

    Returns joints (B, J, 2) x, y in cells, at most half a cell from the largest cell, and its value (B, J) as score.
    """
    heatmaps = heatmaps.float()
    h, w = heatmaps.shape[-2:]
    score, index = heatmaps.flatten(-2).max(-1)
    x, y = index % w, index // w
    if refine:
        row = heatmaps.gather(-2, y[..., None, None].expand(*y.shape, 1, w)).squeeze(-2)
        column = heatmaps.gather(-1, x[..., None, None].expand(*x.shape, h, 1)).squeeze(-1)
        return torch.stack([_summit(row, x, score), _summit(column, y, score)], dim=-1), score
    return torch.stack([x, y], dim=-1).to(heatmaps.dtype), score


def _summit(line: Tensor, peak: Tensor, height: Tensor) -> Tensor:
    """Sub-cell position of the maximum of `line` (..., n), whose largest cell is `peak` with value `height`."""
    n = line.shape[-1]
    if n < 3:
        return peak.to(line.dtype)
    middle = peak.clamp(1, n - 2)
    three = line.gather(-1, torch.stack([middle - 1, middle, middle + 1], dim=-1))
    before, at, after = (three / height.unsqueeze(-1)).clamp(min=_FLOOR).log().unbind(-1)
    slope, curvature = (after - before) / 2, before - 2 * at + after
    offset = middle - slope / curvature - peak
    # Without a summit (a flat or hollow line, a map that is nowhere positive) the largest cell is the answer.
    found = (curvature < 0) & (height > 0)
    return peak + torch.where(found, offset.clamp(-0.5, 0.5), torch.zeros_like(offset))
