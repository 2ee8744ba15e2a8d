"""`pose3d export`: a checkpoint's deployed network as a program or as weights."""

import argparse
from pathlib import Path

from pose3d.errors import PoseError
from pose3d.files import check_target
from pose3d.predict.export import README, export_checkpoint
from pose3d.predict.export_onnx import METADATA, export_onnx
from pose3d.predict.export_openvino import WEIGHTS, export_openvino
from pose3d.predict.export_weights import export_weights

HELP = (
    "Write the network of a checkpoint, without what only training needs, and prove that the file gives the network's "
    "answers: as a torch.export program (.pt2), an ONNX graph (.onnx: crops in, poses in mm, 2D joints and scores "
    "out) or the same as OpenVINO IR (.xml and .bin), which say what goes in and comes out, or as weights "
    "(.safetensors with a .json file beside it), which `pose3d predict` and model.init_from accept like checkpoints."
)
EXAMPLE = "pose3d export runs/quick/stage3/best.ckpt --format safetensors --out weights/stage3.safetensors"
FORMATS = ("pt2", "onnx", "openvino", "safetensors")
SUFFIXES = {".pt2": "pt2", ".onnx": "onnx", ".xml": "openvino", ".safetensors": "safetensors"}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of the command."""
    parser.add_argument("checkpoint", type=Path, help="best.ckpt or last.ckpt of any stage")
    parser.add_argument("--format", choices=FORMATS, help="default: as --out ends, else pt2")
    parser.add_argument("--out", type=Path, metavar="FILE", help="default: beside the checkpoint")
    parser.add_argument("--image-size", type=int, metavar="PX", help="side of the crop; only stage 1 leaves a choice")


def run(args: argparse.Namespace) -> int:
    """Export, and print what the file holds."""
    kind = args.format or ("pt2" if args.out is None else SUFFIXES.get(args.out.suffix, "pt2"))
    suffix = next(suffix for suffix, name in SUFFIXES.items() if name == kind)
    # best.json is the provenance of best.ckpt, so that the description of weights beside it needs another name.
    stem = args.checkpoint.stem + "_weights" * (kind == "safetensors")
    out = args.out or args.checkpoint.with_name(stem + suffix)
    check_target(out, [args.checkpoint])
    if kind == "safetensors":
        if args.image_size is not None:
            raise PoseError("weights have no image size of their own; leave --image-size out")
        digest, difference = export_weights(args.checkpoint, out)
        print(f"largest difference to the network: {difference:.1e} of its largest answer")
        print(f"written: {out} (sha256 {digest}) and {out.with_suffix('.json')}")
        return 0
    if kind == "pt2":
        exported = export_checkpoint(args.checkpoint, out, args.image_size)
        scale, note = " of its largest answer", f"read it with torch.export.load; its {README} repeats this"
    elif kind == "onnx":
        exported = export_onnx(args.checkpoint, out, args.image_size)
        scale, note = "", f"its metadata {METADATA!r} repeats this"
    else:
        exported = export_openvino(args.checkpoint, out, args.image_size)
        scale, note = "", f"weights beside it in {out.with_suffix(WEIGHTS).name}; its rt_info {METADATA!r} repeats this"
    print(f"in: {exported.description['input']}")
    for name, meaning in exported.description["outputs"].items():
        print(f"out: {name} {meaning}")
    print(f"largest difference to the network: {exported.difference:.1e}{scale}")
    print(f"written: {exported.path} ({note})")
    return 0
