"""Export a deployed network as a torch.export program (.pt2), which needs PyTorch but not this package.

torch.export is part of PyTorch, while ONNX needs two more packages. Like `Deployed2D` and `Deployed3D`, the program
takes 8-bit crops and normalises them itself.
"""

import io
import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from pose3d import __version__
from pose3d.checkpoint import sha256_of
from pose3d.errors import PoseError
from pose3d.files import check_target, whole_file
from pose3d.predict.networks import Deployed2D, Deployed3D, load_deployed
from pose3d.skeleton import MPI_INF_3DHP_17, POSE2D_15

SUFFIX = ".pt2"
README = "pose3d.json"
"""Name of the description inside the file: `torch.export.load(path, extra_files={README: ""})`."""

TOLERANCE = 1e-4
"""Largest accepted difference from the network, relative to the largest output."""


@dataclass(frozen=True)
class Exported:
    """The result of an export."""

    path: Path
    description: dict[str, Any]
    difference: float
    """Largest difference between the outputs of the file and of the network, relative to the largest output."""


def export_checkpoint(checkpoint: str | Path, out: str | Path, image_size: int | None = None) -> Exported:
    """Write the deployed network of a checkpoint, read the file back and compare its outputs with the network's.

    Args:
        checkpoint: checkpoint of any stage.
        out: a .pt2 file.
        image_size: side of the crop in px for stage 1, whose network takes any; default: that of the training.

    Raises:
        PoseError: The checkpoint cannot be read, `out` or `image_size` is invalid, or the outputs differ.
    """
    out = Path(out)
    if out.suffix != SUFFIX:
        raise PoseError(f"networks are exported as {SUFFIX} (torch.export), not {out.suffix!r}: {out}")
    check_target(out)
    net = load_deployed(checkpoint)
    size = crop_side(net, image_size, checkpoint)
    example = random_crops(2, size, seed=0)
    batch = torch.export.Dim("batch")
    with torch.no_grad():
        program = torch.export.export(net, (example,), dynamic_shapes=({0: batch},))
    description = describe(net, size, checkpoint)
    with whole_file(out) as partial:
        # Through memory, because PyTorch's own writer aborts the process on a full disk.
        content = io.BytesIO()
        torch.export.save(program, content, extra_files={README: json.dumps(description, indent=2)})
        partial.write_bytes(content.getbuffer())
        difference = compare(net, partial, size)
        if not difference <= TOLERANCE:
            raise PoseError(
                f"the exported program differs from the network of {checkpoint} by {difference:.1e} of its largest "
                "answer; nothing was written, please report it with your PyTorch version"
            )
    return Exported(out, description, difference)


def compare(net: Deployed2D | Deployed3D, path: Path, size: int) -> float:
    """Largest difference between the outputs of a file and of the network, for one and for three random crops."""
    program = torch.export.load(path).module()
    worst = 0.0
    for count in (1, 3):
        crops = random_crops(count, size, seed=count)
        with torch.no_grad():
            expected, got = net(crops), program(crops)
        for key, value in expected.items():
            scale = float(value.abs().max().clamp(min=1e-12))
            worst = max(worst, float((got[key] - value).abs().max()) / scale)
    return worst


def describe(net: Deployed2D | Deployed3D, size: int, checkpoint: str | Path) -> dict[str, Any]:
    """Description of the inputs and outputs, stored in the file."""
    three_d = isinstance(net, Deployed3D)
    maps = f"(B, {17 if three_d else 15}, {size // 16}, {size // 16}), cell = (pixel + 0.5) / 16 - 0.5"
    outputs = {"heatmaps": maps} if not three_d or net.has_heatmaps else {}
    if three_d:
        outputs["joints_3d"] = "(B, 17, 3) mm, root-relative, x right, y down, z forward, in the view of the crop"
    return {
        "pose3d": __version__,
        "checkpoint_sha256": sha256_of(checkpoint),
        "input": f"crops (B, {size}, {size}, 3) uint8 RGB; pixel centres at integers",
        "box_margin": net.settings.box_margin,
        "outputs": outputs,
        "joints": list((MPI_INF_3DHP_17 if three_d else POSE2D_15).names),
    } | ({"decoding": asdict(net.decoding)} if isinstance(net, Deployed3D) else {})


def crop_side(net: Deployed2D | Deployed3D, image_size: int | None, checkpoint: str | Path) -> int:
    own = net.image_size if isinstance(net, Deployed3D) else net.settings.image_size
    size = image_size or own
    if size is None:
        raise PoseError(f"{checkpoint} does not record the size of its crops; give --image-size")
    if size < 64 or size % 16:
        raise PoseError(f"--image-size {size} is not possible; give a multiple of 16, at least 64")
    if isinstance(net, Deployed3D) and size != own:
        raise PoseError(f"the network of {checkpoint} takes crops of {own} px only; leave --image-size out")
    return size


def random_crops(count: int, size: int, seed: int) -> Tensor:
    generator = torch.Generator().manual_seed(seed)
    return torch.randint(0, 256, (count, size, size, 3), dtype=torch.uint8, generator=generator)
