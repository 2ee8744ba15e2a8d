"""`--trainer.sync_batchnorm true`: batch-norm statistics over all processes, also for timm's layers.

timm joins a batch norm and the activation behind it in one layer. PyTorch's converter, which Lightning's flag calls,
makes of it a batch norm alone: the network would train without its activations, and no error would say so. timm's own
converter keeps them.
"""

import torch
from lightning.pytorch.plugins.layer_sync import TorchSyncBatchNorm
from torch import distributed, nn

from pose3d.errors import PoseError
from pose3d.torchvision_ops import import_timm


class TimmSyncBatchNorm(TorchSyncBatchNorm):
    """Lightning's plugin with timm's converter, and with a way back to the very layers that were there before."""

    def __init__(self) -> None:
        self.replaced: dict[str, nn.Module] = {}

    def apply(self, model: nn.Module) -> nn.Module:
        """Replace every batch norm below `model`; parameters and statistics stay the same tensors."""
        if distributed.is_initialized() and next(model.parameters()).device == torch.device("cpu"):
            raise PoseError("trainer.sync_batchnorm needs GPUs, PyTorch shares none of this on CPUs; set it to false")
        self.replaced = {n: m for n, m in model.named_modules() if isinstance(m, nn.modules.batchnorm._BatchNorm)}
        return import_timm().layers.convert_sync_batchnorm(model)

    def revert(self, model: nn.Module) -> nn.Module:
        """Put the replaced layers back, with the tensors as they are now."""
        for name, before in self.replaced.items():
            synced = model.get_submodule(name)
            for key, tensor in [*synced.named_parameters(recurse=False), *synced.named_buffers(recurse=False)]:
                setattr(before, key, tensor)
            model.set_submodule(name, before.train(synced.training))
        self.replaced = {}
        return model
