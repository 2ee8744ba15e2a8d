"""`pose3d evaluate`: score a predictions file under a published protocol."""

import argparse
import json
from pathlib import Path

from rich.console import Console

from pose3d.errors import PoseError
from pose3d.evaluation import PROTOCOLS, evaluate
from pose3d.files import check_target, write_whole
from pose3d.predictions import read_predictions

HELP = "Score predictions (.npz or .h5) under a published protocol. Every table states its rules."
EXAMPLE = "pose3d evaluate runs/quick/stage3/predictions.npz --protocol 3dhp --json evaluation.json"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of the command."""
    parser.add_argument("predictions", nargs="+", type=Path, help="predictions file; further files become rows")
    parser.add_argument(
        "--protocol", default="3dhp", metavar="NAME", help=f"all, or one of {', '.join(PROTOCOLS)} (default: 3dhp)"
    )
    parser.add_argument("--json", type=Path, metavar="OUT", help="write the same numbers, unrounded")
    parser.add_argument("--compare", type=Path, metavar="OTHER", help="predictions to compare with, frame by frame")
    parser.add_argument("--every", type=int, metavar="N", help="evaluate frames whose number is a multiple of N")
    parser.add_argument("--bootstrap", type=int, default=1000, metavar="N", help="draws for intervals; 0 for none")
    parser.add_argument("--pose-classes", action="store_true", help="add the table by pose class (20 K-means clusters)")
    parser.add_argument("--draw-classes", type=Path, metavar="PNG", help="draw the clusters' centroids")


def run(args: argparse.Namespace) -> int:
    """Evaluate, print, and write the JSON."""
    if args.bootstrap < 0 or (args.every is not None and args.every < 1):
        raise PoseError("--bootstrap must not be negative and --every must be at least 1; choose other numbers")
    for target in (args.json, args.draw_classes):
        if target is not None:
            check_target(target, [*args.predictions, args.compare])
    result = evaluate(
        [read_predictions(path) for path in args.predictions],
        args.protocol,
        other=read_predictions(args.compare) if args.compare else None,
        every=args.every,
        draws=args.bootstrap,
        pose_classes=args.pose_classes or args.draw_classes is not None,
        picture=args.draw_classes,
    )
    console = Console(soft_wrap=False)
    console.print(f"{', '.join(result.predictions)}: {result.frames} frames, box from: {result.box}")
    for table in result.tables:
        table.print(console)
    if args.json:
        content = json.dumps(result.as_json(), indent=2, allow_nan=False, ensure_ascii=False)
        write_whole(args.json, content + "\n")
    return 0
