"""PyTorch in bfloat16: the weights of convolutions and linear layers are converted once, everything else by autocast.

Autocast alone would convert the weights in each pass, because it caches converted weights only in training.
"""

from __future__ import annotations

import copy
import warnings
from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import Tensor, nn

from pose3d.predict.networks import Deployed2D, Deployed3D

_HALVED = (nn.Conv2d, nn.Linear)


class Bfloat16:
    """Run a network with channels-last tensors, in bfloat16 where autocast uses it and in float32 elsewhere."""

    def __init__(self, net: Deployed2D | Deployed3D) -> None:
        self.net = copy.deepcopy(net).to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        for module in self.net.modules():
            if isinstance(module, _HALVED):
                module.to(torch.bfloat16)

    def __call__(self, crops: Tensor) -> dict[str, Tensor]:
        """Compute the outputs, float32, for crops (B, S, S, 3) uint8."""
        with torch.autocast("cpu", torch.bfloat16):
            answers = self._run(crops)
        return {key: answer.float() for key, answer in answers.items()}

    def _run(self, crops: Tensor) -> dict[str, Tensor]:
        return self.net.answers(crops)


class Compiled(Bfloat16):
    """The same with torch.compile and with batch norm folded into the convolutions, for one shape of crops.

    Crops of another shape run without torch.compile, which would compile again.
    """

    def __init__(self, net: Deployed2D | Deployed3D) -> None:
        super().__init__(net)
        with _quiet():
            self._compiled = torch.compile(self.net.answers, options={"freezing": True}, dynamic=False)
        self._shape: torch.Size | None = None

    def _run(self, crops: Tensor) -> dict[str, Tensor]:
        if self._shape is None:  # the first crops are compiled for
            self._shape = crops.shape
            with _quiet():
                return self._compiled_answers(crops)
        return self._compiled_answers(crops) if crops.shape == self._shape else self.net.answers(crops)

    def _compiled_answers(self, crops: Tensor) -> dict[str, Tensor]:
        with torch.no_grad():
            answers: dict[str, Tensor] = self._compiled(crops)
        return answers


@contextmanager
def _quiet() -> Iterator[None]:
    """Suppress the compiler's warnings about PyTorch itself."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield
