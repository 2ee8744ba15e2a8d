"""Shapes of the 32 bodies: parameters of the anny body model, and heights solved for."""

import numpy as np
import torch


def draw_parameters(rng: np.random.Generator, labels: list[str]) -> tuple[dict[str, torch.Tensor], np.ndarray]:
    """Shape parameters of 32 bodies (women and men in turn) and the heights (m) that they shall have."""
    woman = np.arange(32) % 2 == 0
    quantile = (np.arange(16) + 0.5) / 16
    normal = np.array([torch.erfinv(torch.tensor(2 * q - 1)).item() * 2**0.5 for q in quantile])
    heights = np.empty(32)
    heights[woman] = np.clip(1.63 + 0.065 * rng.permutation(normal), 1.50, 1.78)
    heights[~woman] = np.clip(1.77 + 0.075 * rng.permutation(normal), 1.62, 1.95)

    def spread(low: float, high: float) -> np.ndarray:
        return low + (high - low) * (rng.permutation(32) + rng.random(32)) / 32

    drawn = {name: spread(0.2, 0.8) for name in labels}
    drawn["gender"] = np.where(woman, spread(0.88, 1.0), spread(0.0, 0.12))
    drawn["age"] = spread(0.64, 0.93)
    drawn["weight"] = spread(0.18, 0.86)
    drawn["muscle"] = np.where(woman, spread(0.3, 0.7), spread(0.38, 0.85))
    drawn["proportions"] = spread(0.25, 0.85)
    origin = rng.dirichlet((0.6, 0.6, 0.6), 32)
    for k, name in enumerate(("african", "asian", "caucasian")):
        drawn[name] = origin[:, k]
    return {k: torch.tensor(v, dtype=torch.float32) for k, v in drawn.items()}, heights


def build(model: torch.nn.Module, parameters: dict[str, torch.Tensor]) -> tuple[np.ndarray, np.ndarray]:
    """Rest vertices (N, V, 3) and bone heads (N, K, 3)."""
    count = len(parameters["gender"])
    identity = torch.eye(4)[None, None].repeat(count, model.bone_count, 1, 1)
    with torch.no_grad():
        out = model(pose_parameters=identity, phenotype_kwargs=parameters)
    return out["rest_vertices"].double().numpy(), out["rest_bone_heads"].double().numpy()


def solve_heights(
    model: torch.nn.Module, parameters: dict[str, torch.Tensor], wanted: np.ndarray, skin: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Set the height parameter of each body by the secant rule until its stature is the wanted one."""

    def stature(value: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        parameters["height"] = torch.tensor(value, dtype=torch.float32)
        vertices, heads = build(model, parameters)
        return np.ptp(vertices[:, skin, 2], axis=1), vertices, heads

    a, b = np.full(len(wanted), 0.3), np.full(len(wanted), 0.45)
    fa = stature(a)[0] - wanted
    for _ in range(8):
        height, vertices, heads = stature(b)
        fb = height - wanted
        if np.abs(fb).max() < 1e-4:
            break
        step = fb * (b - a) / np.where(fb == fa, 1, fb - fa)
        a, b, fa = b, np.clip(b - step, 0, 1), fb
    return vertices, heads
