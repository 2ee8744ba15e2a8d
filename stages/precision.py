"""Which precision a run takes when `trainer.precision` is not given: the fastest one that is safe on this machine.

bfloat16 autocast is about 2.7 times faster on a CPU with matrix units and much slower on one without, so it is chosen
at run time. Weights, losses and metrics stay in float32.
"""

from typing import Literal

import torch

Precision = Literal["bf16-mixed", "32-true"]


def auto_precision(accelerator: str) -> tuple[Precision, str]:
    """The precision, and why, for a Lightning accelerator name ("auto", "cpu", "gpu", "cuda", "mps", ...)."""
    if accelerator in ("auto", "gpu", "cuda") and torch.cuda.is_available():
        if torch.cuda.is_bf16_supported(including_emulation=False):
            return "bf16-mixed", "the GPU has bfloat16"
        return "32-true", "the GPU has no bfloat16"
    on_cpu = accelerator == "cpu" or (accelerator == "auto" and not torch.backends.mps.is_available())
    if on_cpu and cpu_has_bfloat16():
        return "bf16-mixed", "the CPU multiplies matrices in bfloat16"
    return "32-true", "bfloat16 would not be faster here"


def cpu_has_bfloat16() -> bool:
    """Whether the CPU has AMX tiles or AVX-512 BF16. The probes are private to torch and may be absent."""
    probes = ("_is_amx_tile_supported", "_is_avx512_bf16_supported")
    return any(bool(getattr(torch.cpu, name, bool)()) for name in probes)
