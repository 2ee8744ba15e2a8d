"""Check of weights before they are saved."""

import torch
from torch import nn


def all_finite(module: nn.Module) -> bool:
    """Whether every parameter and buffer is finite; one synchronisation with the device."""
    tensors = [t.detach() for t in (*module.parameters(), *module.buffers()) if t.is_floating_point()]
    return bool(torch.stack([tensor.isfinite().all() for tensor in tensors]).all()) if tensors else True
