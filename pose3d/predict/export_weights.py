"""The deployed network of a checkpoint as weights: a safetensors file and a JSON file (`pose3d.weights_file`).

Parts that only training needs are left out: corrective skips, intermediate stubs, part labels, optimiser. The result is
accepted in place of a checkpoint by `pose3d predict`, `PosePredictor`, `pose3d export` and `model.init_from`.
"""

from __future__ import annotations

from pathlib import Path

import torch

from pose3d.checkpoint import PROVENANCE, read_checkpoint, sha256_of
from pose3d.errors import PoseError
from pose3d.predict.export import random_crops
from pose3d.predict.networks import Deployed2D, load_deployed
from pose3d.weights_file import write_weights

CARD = "README.md"
TOLERANCE = 0.02
"""Largest accepted difference from the checkpoint's outputs, relative to the largest; float16 has 11-bit precision."""


def export_weights(checkpoint: str | Path, out: str | Path) -> tuple[str, float]:
    """Write the weights of a checkpoint's deployed network, and compare its outputs with the original ones.

    Args:
        checkpoint: checkpoint of any stage.
        out: a .safetensors file; the JSON file is written beside it.

    Returns:
        The SHA-256 of the file, and the largest difference of the outputs, relative to the largest output.
    """
    content = read_checkpoint(checkpoint)
    deployed = load_deployed(checkpoint)
    hyper_parameters = content["hyper_parameters"] | {"net": deployed.net.config.to_dict()}
    provenance = content[PROVENANCE] | {"exported_from": sha256_of(checkpoint)}
    digest = write_weights(out, deployed.net.state_dict(), hyper_parameters, provenance)
    difference = _difference(deployed, load_deployed(out))
    if not difference <= TOLERANCE:
        raise PoseError(
            f"the weights in {out} differ from {checkpoint} by {difference:.1e} of its largest output: float16 does "
            "not hold them; please report it"
        )
    return digest, difference


@torch.no_grad()
def _difference(network: torch.nn.Module, read_back: torch.nn.Module) -> float:
    """Largest difference of two deployed networks over random crops."""
    size = (network.settings.image_size or 128) if isinstance(network, Deployed2D) else network.image_size
    crops = random_crops(4, int(size), seed=0)  # type: ignore[arg-type]
    expected, found = network(crops), read_back(crops)
    return max(float((found[k] - v).abs().max() / v.abs().max().clamp(min=1e-12)) for k, v in expected.items())
