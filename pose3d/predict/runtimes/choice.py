"""Choose the runtime of a network: a named one, or the fastest that agrees with float32, measured on the first crops.

A runtime that has to be prepared (a graph to be converted, code to be compiled) is tried only if the expected passes
would make up for the preparation.
"""

from __future__ import annotations

import copy
import logging
import time
from collections.abc import Callable
from dataclasses import dataclass
from importlib.util import find_spec
from statistics import median

from torch import Tensor

from pose3d.errors import PoseError
from pose3d.heatmaps import heatmap_maximum
from pose3d.predict.networks import Deployed2D, Deployed3D

log = logging.getLogger("pose3d")

Network = Deployed2D | Deployed3D
Runtime = Callable[[Tensor], dict[str, Tensor]]

AUTO, FLOAT32 = "auto", "float32"

AGREE_MM = 10.0
"""Largest accepted mean distance of joints from those in float32, on the first crops. The released network in bfloat16
differs by 3 mm, which does not change its error on the test set (docs/speed.md)."""
AGREE_PX = 1.0
"""Largest accepted median distance of the heatmaps' maxima, px of the crop."""
TURNS = 5


@dataclass(frozen=True)
class Kind:
    """One way to run a network."""

    make: Callable[[Network, int], Runtime]
    needs: tuple[str, ...] = ()
    """Packages that it requires."""
    seconds: float = 0.0
    """Approximate time of its preparation; twice as long on a busy machine."""
    saves: float = 1.0
    """Share of the time of a pass that it may save, compared with the runtimes that are tried before it."""


def _bfloat16(net: Network, size: int) -> Runtime:
    from pose3d.predict.runtimes.pytorch import Bfloat16

    return Bfloat16(net)


def _compiled(net: Network, size: int) -> Runtime:
    from pose3d.predict.runtimes.pytorch import Compiled

    return Compiled(net)


def _onnxruntime(net: Network, size: int) -> Runtime:
    from pose3d.predict.runtimes.onnx import OnnxRuntime

    return OnnxRuntime(net, size)


def _openvino(net: Network, size: int) -> Runtime:
    from pose3d.predict.runtimes.openvino import OpenVino

    return OpenVino(net, size, "f32")


def _openvino_bfloat16(net: Network, size: int) -> Runtime:
    from pose3d.predict.runtimes.openvino import OpenVino

    return OpenVino(net, size, "bf16")


KINDS = {
    "bfloat16": Kind(_bfloat16),
    "openvino": Kind(_openvino, ("openvino",), 4.0, 0.3),
    "openvino-bfloat16": Kind(_openvino_bfloat16, ("openvino",), 4.0, 0.3),
    "onnxruntime": Kind(_onnxruntime, ("onnx", "onnxscript", "onnxruntime"), 15.0, 0.3),
    "compiled": Kind(_compiled, (), 40.0, 0.1),
}

RUNTIMES = (AUTO, FLOAT32, *KINDS)


def use_runtime(
    net: Network, name: str, calls: float = float("inf"), say: Callable[[str], None] = lambda sentence: None
) -> None:
    """Let a network on the CPU compute its outputs with a runtime of `RUNTIMES`.

    Args:
        net: network to set the `runtime` of.
        name: a key of `RUNTIMES`, or "auto" to choose at the first crops.
        calls: expected number of passes.
        say: called with a sentence about the choice.

    Raises:
        PoseError: The named runtime is not installed or cannot run the network.
    """
    if name == AUTO:
        net.runtime = Measured(net, calls, say)
    elif name == FLOAT32:
        net.runtime = None
    else:
        net.runtime = _named(net, name)


class Measured:
    """Run the first crops with each runtime that may save time, and then use the fastest that agrees with float32.

    Attributes:
        name: the chosen runtime, "" before the first crops.
        seconds: median time of a pass of each runtime, measured alternately.
    """

    def __init__(self, net: Network, calls: float, say: Callable[[str], None]) -> None:
        self._net, self._calls, self._say = _plain(net), calls, say
        self.name, self.seconds = "", dict[str, float]()
        self._run: Runtime = self._net.answers

    def __call__(self, crops: Tensor) -> dict[str, Tensor]:
        """Compute the outputs with the chosen runtime; if it fails, with PyTorch from then on."""
        if not self.name:
            self._choose(crops)
        try:
            return self._run(crops)
        except Exception as error:  # of any library
            if self.name == FLOAT32:
                raise
            self._say(f"{self.name} failed ({_reason(error)}); going on with {FLOAT32}")
            self.name, self._run = FLOAT32, self._net.answers
            return self._run(crops)

    def _choose(self, crops: Tensor) -> None:
        reference = self._net.answers(crops)
        ready: dict[str, Runtime] = {FLOAT32: self._net.answers}
        self.seconds = interleaved(ready, crops, turns=2)
        for name, kind in KINDS.items():
            best = min(self.seconds.values())
            if not all(map(find_spec, kind.needs)) or self._calls * best * kind.saves < kind.seconds:
                continue
            try:
                runtime = kind.make(self._net, crops.shape[1])
                off = disagreement(runtime(crops), reference)
            except Exception as error:  # of any library: this runtime is not available
                log.debug("%s cannot run this network: %s", name, _reason(error))
                continue
            if off is not None:
                log.debug("%s is left out: %s", name, off)
                continue
            self.seconds |= interleaved({name: runtime}, crops, turns=2)
            ready[name] = runtime
        self.seconds = interleaved(ready, crops, TURNS)
        self.name = min(self.seconds, key=lambda name: self.seconds[name])
        self._run = ready[self.name]
        self._say(
            f"{'3D' if isinstance(self._net, Deployed3D) else '2D'} network by {self.name}: "
            f"{1000 * self.seconds[self.name]:.0f} ms a pass, {1000 * self.seconds[FLOAT32]:.0f} ms in {FLOAT32}"
        )


def interleaved(runtimes: dict[str, Runtime], crops: Tensor, turns: int) -> dict[str, float]:
    """Median seconds of a pass of each runtime, measured alternately."""
    taken: dict[str, list[float]] = {name: [] for name in runtimes}
    for _ in range(turns):
        for name, runtime in runtimes.items():
            start = time.perf_counter()
            runtime(crops)
            taken[name].append(time.perf_counter() - start)
    return {name: median(seconds) for name, seconds in taken.items()}


def disagreement(answers: dict[str, Tensor], reference: dict[str, Tensor]) -> str | None:
    """How far answers are from those of float32, if that is too far."""
    if "joints_3d" in reference:
        off = float((answers["joints_3d"] - reference["joints_3d"]).norm(dim=-1).mean())
        if not off <= AGREE_MM:
            return f"joints are off by {off:.1f} mm"
    if "heatmaps" in reference:
        cells, found = heatmap_maximum(reference["heatmaps"])[0], heatmap_maximum(answers["heatmaps"])[0]
        off = 16 * float((found - cells).norm(dim=-1).median())
        if not off <= AGREE_PX:
            return f"maxima are off by {off:.1f} px"
    return None


def _named(net: Network, name: str) -> Runtime:
    if name not in KINDS:
        raise PoseError(f"there is no runtime {name}; there are {', '.join(RUNTIMES)}")
    kind = KINDS[name]
    missing = [package for package in kind.needs if find_spec(package) is None]
    if missing:
        raise PoseError(f"the runtime {name} needs {', '.join(missing)}; install it with pip, or leave --runtime out")
    size = net.image_size if isinstance(net, Deployed3D) else net.settings.image_size
    if size is None:
        raise PoseError(f"the 2D network does not record the size of its crops, so {name} cannot run it")
    return make_runtime(net, name, size)


def make_runtime(net: Network, name: str, size: int) -> Runtime:
    """Make a runtime of `KINDS` for crops of `size` px; raises PoseError if its library cannot run the network."""
    try:
        return KINDS[name].make(_plain(net), size)
    except Exception as error:  # of any library
        raise PoseError(f"the runtime {name} cannot run this network ({_reason(error)}); name another") from error


def _plain(net: Network) -> Network:
    """A copy of the network without a runtime, which shares the weights."""
    plain = copy.copy(net)
    plain.runtime = None
    return plain


def _reason(error: Exception) -> str:
    return next((line.strip() for line in str(error).splitlines() if line.strip()), type(error).__name__)[:160]
