"""Export a deployed network as OpenVINO IR (.xml and .bin): the inputs and outputs of the ONNX graph.

The graph is converted from PyTorch, so that ONNX is not needed. Weights stay in float32.
"""

import json
import os
import warnings
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import torch

from pose3d.errors import PoseError
from pose3d.files import check_target, whole_file
from pose3d.predict.export import Exported, crop_side, random_crops
from pose3d.predict.export_onnx import METADATA, TOLERANCE_MM, Readable, describe_onnx
from pose3d.predict.networks import load_deployed

SUFFIX, WEIGHTS = ".xml", ".bin"


def export_openvino(checkpoint: str | Path, out: str | Path, image_size: int | None = None) -> Exported:
    """Write both files, run the model in float32 on the CPU and compare its outputs with the network's.

    Args:
        checkpoint: checkpoint of any stage.
        out: an .xml file; the weights go to the .bin file beside it.
        image_size: side of the crop in px for stage 1, whose network takes any; default: that of the training.

    Raises:
        PoseError: OpenVINO is missing, `out` is not an .xml file, or the outputs differ.
    """
    if find_spec("openvino") is None:
        raise PoseError("OpenVINO is missing; install it with `pip install pose3d-lightning[openvino]`")
    out = Path(out)
    if out.suffix != SUFFIX:
        raise PoseError(f"--format openvino writes files that end in {SUFFIX}, not {out.suffix!r}: {out}")
    weights = out.with_suffix(WEIGHTS)
    check_target(out)
    check_target(weights)
    net = load_deployed(checkpoint)
    readable = Readable(net, crop_side(net, image_size, checkpoint))
    description = describe_onnx(net, readable, readable.size, checkpoint)
    with TemporaryDirectory() as folder:
        draft = Path(folder) / f"net{SUFFIX}"
        _write(readable, draft, description)
        difference = compare_openvino(readable, draft)
        if not difference <= TOLERANCE_MM:
            raise PoseError(
                f"the OpenVINO model differs from the network of {checkpoint} by {difference:.2g}; nothing was "
                "written, please report it with your versions of torch and openvino"
            )
        # The graph comes last: without it, weights are not read.
        for target, made in ((weights, draft.with_suffix(WEIGHTS)), (out, draft)):
            with whole_file(target) as partial:
                partial.write_bytes(made.read_bytes())
    return Exported(out, description, difference)


def compare_openvino(readable: Readable, path: Path, crops: torch.Tensor | None = None) -> float:
    """Largest difference of the poses in mm, or of the scores of a 2D network, for crops (B, S, S, 3)."""
    import openvino

    crops = random_crops(3, readable.size, seed=1) if crops is None else crops
    compiled = openvino.Core().compile_model(str(path), "CPU", {"INFERENCE_PRECISION_HINT": "f32"})
    answers = compiled(crops.numpy())
    with torch.no_grad():
        expected = dict(zip(readable.names, readable(crops), strict=True))
    key = "joints_3d" if "joints_3d" in expected else "scores"
    return float(np.abs(answers[key] - expected[key].numpy()).max())


def _write(readable: Readable, path: Path, description: dict[str, Any]) -> None:
    import openvino

    example = random_crops(2, readable.size, seed=0)
    with torch.no_grad(), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the tracer's, about sizes that are constants on purpose
        traced = torch.jit.trace(readable, example, check_trace=False)
        model = openvino.convert_model(traced, example_input=example, input=[-1, readable.size, readable.size, 3])
    model.inputs[0].get_tensor().set_names({"crops"})
    for output, name in zip(model.outputs, readable.names, strict=True):
        output.get_tensor().set_names({name})
    model.set_rt_info(json.dumps(description), [METADATA])
    openvino.save_model(model, os.fspath(path), compress_to_fp16=False)
