"""Metrics that keep their sums in double precision wherever they live."""

from collections.abc import Callable, Sequence

from torch import Tensor
from torch.nn import Module
from torchmetrics import Metric


class DoublePrecisionMetric(Metric):
    """A metric whose states keep their dtype when a module that holds it is cast.

    torchmetrics protects a metric from its own `half()`, but not from the `half()` or `to(dtype)` of the module around
    it, which Lightning calls for the precisions bf16-true and 16-true: a sum in half precision overflows or loses most
    of its digits. Moves to another device still apply, and `set_dtype` still converts.
    """

    def _apply(self, fn: Callable[[Tensor], Tensor], exclude_state: Sequence[str] = "") -> Module:
        def move(tensor: Tensor) -> Tensor:
            moved = fn(tensor)
            return moved if moved.dtype == tensor.dtype else tensor.to(moved.device)

        return super()._apply(fn if self._dtype_convert else move, exclude_state)
