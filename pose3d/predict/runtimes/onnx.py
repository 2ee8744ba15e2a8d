"""onnxruntime, in float32: the network is exported in memory."""

from __future__ import annotations

import torch
from torch import Tensor

from pose3d.predict.export import random_crops
from pose3d.predict.export_onnx import graph_of
from pose3d.predict.networks import Deployed2D, Deployed3D
from pose3d.predict.runtimes.unnamed import Unnamed


class OnnxRuntime:
    """Compute the outputs of a network with onnxruntime on the CPU, for batches of crops of `size` px."""

    def __init__(self, net: Deployed2D | Deployed3D, size: int) -> None:
        import onnxruntime

        with torch.no_grad():
            self.names = list(net.answers(random_crops(1, size, seed=0)))
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = torch.get_num_threads()
        # Spinning threads would take CPU time from the thread that decodes the video.
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        graph = graph_of(Unnamed(net), self.names, size).SerializeToString()
        self.session = onnxruntime.InferenceSession(graph, options, providers=["CPUExecutionProvider"])

    def __call__(self, crops: Tensor) -> dict[str, Tensor]:
        """Compute the outputs, float32, for crops (B, S, S, 3) uint8."""
        answers = self.session.run(self.names, {"crops": crops.numpy()})
        return {name: torch.from_numpy(answer) for name, answer in zip(self.names, answers, strict=True)}
