"""Export a deployed network as ONNX: crops in; poses in mm, 2D joints and their scores out.

The graph normalises the crops, runs the network, converts its unit to mm and reads the maxima of the heatmaps with
sub-cell refinement. Perspective correction and T need the camera and are not part of it; docs/predict.md has the
formulas.
"""

import json
import logging
import warnings
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from pose3d.errors import PoseError
from pose3d.files import check_target, whole_file
from pose3d.heatmaps import crop_from_cells, heatmap_maximum
from pose3d.predict.export import Exported, crop_side, describe, random_crops
from pose3d.predict.networks import Deployed2D, Deployed3D, load_deployed

SUFFIX = ".onnx"
OPSET = 18
TOLERANCE_MM = 0.1
"""Largest accepted difference of a coordinate from that of the network."""
METADATA = "pose3d"
"""Key of the description (JSON) in the file's metadata."""

_PACKAGES = ("onnx", "onnxscript", "onnxruntime")


class Readable(nn.Module):
    """A deployed network with decoded outputs: those of the ONNX graph, by name."""

    def __init__(self, net: Deployed2D | Deployed3D, size: int) -> None:
        super().__init__()
        self.net, self.size = net, size
        has_pose, has_maps = isinstance(net, Deployed3D), not isinstance(net, Deployed3D) or net.has_heatmaps
        self.names = (*(["joints_3d"] if has_pose else []), *(["joints_2d_crop", "scores"] if has_maps else []))
        self.eval()

    def forward(self, crops: Tensor) -> tuple[Tensor, ...]:
        """Crops (B, S, S, 3) uint8 RGB to the tensors of `names`."""
        answers = self.net(crops)
        found = (answers["joints_3d"],) if "joints_3d" in answers else ()
        if "heatmaps" not in answers:
            return found
        cells, scores = heatmap_maximum(answers["heatmaps"])
        return *found, crop_from_cells(cells, self.size // answers["heatmaps"].shape[-1]), scores


def export_onnx(checkpoint: str | Path, out: str | Path, image_size: int | None = None) -> Exported:
    """Write the file, run it with onnxruntime and compare its outputs with the network's.

    Args:
        checkpoint: checkpoint of any stage.
        out: an .onnx file.
        image_size: side of the crop in px for stage 1, whose network takes any; default: that of the training.

    Raises:
        PoseError: A package is missing, `out` is not an .onnx file, or the outputs differ.
    """
    missing = [package for package in _PACKAGES if find_spec(package) is None]
    if missing:
        raise PoseError(f"ONNX needs {', '.join(missing)}; install them with `pip install pose3d-lightning[onnx]`")
    out = Path(out)
    if out.suffix != SUFFIX:
        raise PoseError(f"--format onnx writes files that end in {SUFFIX}, not {out.suffix!r}: {out}")
    check_target(out)
    net = load_deployed(checkpoint)
    size = crop_side(net, image_size, checkpoint)
    readable = Readable(net, size)
    description = describe_onnx(net, readable, size, checkpoint)
    with whole_file(out) as partial:
        _write(readable, partial, description)
        difference = compare_onnx(readable, partial, random_crops(3, size, seed=1))
        if not difference <= TOLERANCE_MM:
            raise PoseError(
                f"the ONNX file differs from the network of {checkpoint} by {difference:.2g}; nothing was written, "
                "please report it with your versions of torch and onnxruntime"
            )
    return Exported(out, description, difference)


def compare_onnx(readable: Readable, path: Path, crops: Tensor) -> float:
    """Largest difference of the poses in mm, or of the scores of a 2D network, for crops (B, S, S, 3)."""
    import onnxruntime

    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    with torch.no_grad():
        expected = readable(crops)
    got = session.run(list(readable.names), {"crops": crops.numpy()})
    answers = dict(zip(readable.names, zip(got, expected, strict=True), strict=True))
    # Two cells of equal height may exchange the positions of the maxima, but not their values.
    key = "joints_3d" if "joints_3d" in answers else "scores"
    return float(np.abs(answers[key][0] - answers[key][1].numpy()).max())


def describe_onnx(
    net: Deployed2D | Deployed3D, readable: Readable, size: int, checkpoint: str | Path
) -> dict[str, Any]:
    """Description of the inputs and outputs, stored in the file."""
    joints = 17 if isinstance(net, Deployed3D) else 15
    meanings = {
        "joints_3d": "(B, 17, 3) float32 mm, root-relative, x right, y down, z forward, in the view of the crop",
        "joints_2d_crop": f"(B, {joints}, 2) float32 px of the crop; pixel centres at integers",
        "scores": f"(B, {joints}) float32, peaks of the heatmaps, about 1 for a joint in full view",
    }
    whole = describe(net, size, checkpoint)
    return whole | {"outputs": {name: meanings[name] for name in readable.names}}


def _write(readable: Readable, path: Path, description: dict[str, Any]) -> None:
    import onnx

    model = graph_of(readable, list(readable.names), readable.size)
    onnx.helper.set_model_props(model, {METADATA: json.dumps(description)})
    onnx.save(model, str(path))


def graph_of(net: nn.Module, names: list[str], size: int) -> Any:
    """The ONNX model of a module that takes crops (B, `size`, `size`, 3) uint8; `names` are those of its outputs."""
    batch = torch.export.Dim("batch")
    level = logging.getLogger("torch.onnx").level
    logging.getLogger("torch.onnx").setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings(), torch.no_grad():
            warnings.simplefilter("ignore")
            program = torch.onnx.export(
                net,
                (random_crops(2, size, seed=0),),
                input_names=["crops"],
                output_names=names,
                dynamic_shapes=({0: batch},),
                opset_version=OPSET,
                dynamo=True,
                verbose=False,
            )
    finally:
        logging.getLogger("torch.onnx").setLevel(level)
    assert program is not None
    return program.model_proto
