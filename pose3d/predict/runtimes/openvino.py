"""OpenVINO, in float32 or, on processors with instructions for it, in bfloat16."""

from __future__ import annotations

import warnings

import torch
from torch import Tensor

from pose3d.predict.export import random_crops
from pose3d.predict.networks import Deployed2D, Deployed3D
from pose3d.predict.runtimes.unnamed import Unnamed


class OpenVino:
    """Compute the outputs of a network with OpenVINO on the CPU, for batches of crops of `size` px.

    Args:
        net: the network.
        size: side of its crops, px.
        precision: "f32" or "bf16".
    """

    def __init__(self, net: Deployed2D | Deployed3D, size: int, precision: str) -> None:
        import openvino

        example = random_crops(1, size, seed=0)
        with torch.no_grad(), warnings.catch_warnings():
            warnings.simplefilter("ignore")  # the tracer's, about sizes that are constants on purpose
            self.names = list(net.answers(example))
            # Traced here, because OpenVINO checks its own trace by running the network twice more.
            traced = torch.jit.trace(Unnamed(net), example, check_trace=False)
            graph = openvino.convert_model(traced, example_input=example, input=[-1, size, size, 3])
        settings = {
            "PERFORMANCE_HINT": "LATENCY",
            "INFERENCE_NUM_THREADS": torch.get_num_threads(),
            "INFERENCE_PRECISION_HINT": precision,
        }
        self.compiled = openvino.Core().compile_model(graph, "CPU", settings)

    def __call__(self, crops: Tensor) -> dict[str, Tensor]:
        """Compute the outputs, float32, for crops (B, S, S, 3) uint8."""
        answers = self.compiled(crops.numpy())
        # Copied, because the next pass overwrites these arrays.
        return {name: torch.from_numpy(answers[number].copy()) for number, name in enumerate(self.names)}
