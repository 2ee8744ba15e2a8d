"""Batch norm that keeps its running statistics (decision N14).

Batches of five to seven crops say too little about the statistics that ImageNet or an earlier stage has gathered. Held
batch norm normalises with the running mean and variance and does not update them; its scale and offset stay trainable,
at the learning rate of their group, as in Caffe's `use_global_stats`.
"""

from torch import nn


def hold_statistics(module: nn.Module) -> None:
    """Put every batch norm below `module` into evaluation mode; call it after each `train()`."""
    for child in module.modules():
        if isinstance(child, nn.modules.batchnorm._BatchNorm):
            child.eval()
