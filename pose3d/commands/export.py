"""`pose3d export`: a checkpoint's deployed network as one file."""

import argparse
from pathlib import Path

from pose3d.predict.export import README, export_checkpoint

HELP = (
    "Write the network of a checkpoint, without what only training needs, as a torch.export program (.pt2), "
    "and prove that the file gives the network's answers. The file says what goes in and comes out."
)
EXAMPLE = "pose3d export runs/quick/stage3/best.ckpt --out pose.pt2"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of the command."""
    parser.add_argument("checkpoint", type=Path, help="best.ckpt or last.ckpt of any stage")
    parser.add_argument("--out", type=Path, metavar="FILE", help="default: beside the checkpoint, ending in .pt2")
    parser.add_argument("--image-size", type=int, metavar="PX", help="side of the crop; only stage 1 leaves a choice")


def run(args: argparse.Namespace) -> int:
    """Export, and print what the file holds."""
    out = args.out or args.checkpoint.with_suffix(".pt2")
    exported = export_checkpoint(args.checkpoint, out, args.image_size)
    print(f"in: {exported.description['input']}")
    for name, meaning in exported.description["outputs"].items():
        print(f"out: {name} {meaning}")
    print(f"largest difference to the network: {exported.difference:.1e} of its largest answer")
    print(f"written: {exported.path} (read it with torch.export.load; its {README} repeats this)")
    return 0
