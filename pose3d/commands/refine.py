"""`pose3d refine`: steady, placed and exported motion from a predictions file, without the networks."""

import argparse
import sys
from pathlib import Path

from pose3d.errors import PoseError
from pose3d.predict.finish import add_arguments as add_finish_arguments
from pose3d.predict.finish import finish_motion, finish_options
from pose3d.predict.frames import VideoFrames, open_frames
from pose3d.predict.rows import SUFFIX, read_rows
from pose3d.predict.targets import SUFFIXES, beside
from pose3d.predictions import Predictions, read_predictions, write_predictions

HELP = (
    "Smooth, place and export the motion in a predictions file of a video, without running the networks again. The "
    "file itself stays as it is; the result is written beside it. A file .rows, which an interrupted prediction "
    "leaves, becomes a predictions file first."
)
EXAMPLE = "pose3d refine runs/predict/holiday/predictions.npz --smooth --height 1.75 --export bvh,glb"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of the command."""
    parser.add_argument("predictions", type=Path, help="a file .npz or .h5 of `pose3d predict`, or .rows")
    parser.add_argument("--out", type=Path, metavar="FILE", help="other outputs are named after it (default: beside)")
    parser.add_argument("--source", metavar="VIDEO", help="for --video and --player (default: as the file records)")
    add_finish_arguments(parser)


def run(args: argparse.Namespace) -> int:
    """Refine, write, and say what was found."""
    predictions, base = _read(args)
    if args.out is not None and args.out.suffix not in SUFFIXES:
        raise PoseError(f"--out {args.out} is no predictions file; name a file .npz or .h5")
    finish = finish_options(args, args.out or base)
    if finish is None:
        if args.predictions.suffix == SUFFIX:
            return 0
        raise PoseError("there is nothing to do; give --smooth, --height, --export, --player or another option")
    frames = _frames(args.source or predictions.source, args.source is not None) if finish.needs_frames else None
    if frames is None and finish.video is not None:
        raise PoseError("--video needs the video; name it with --source")
    title = Path(predictions.source).name or args.predictions.name
    for sentence in finish_motion(predictions, finish, frames, title):
        print(sentence)
    return 0


def _read(args: argparse.Namespace) -> tuple[Predictions, Path]:
    """The predictions, and the file that others are named after."""
    if args.predictions.suffix != SUFFIX:
        return read_predictions(args.predictions), args.predictions
    predictions = read_rows(args.predictions)
    # The rows of NAME.npz.PID.rows belong to NAME.npz, which may hold an older, complete run.
    whole = Path(args.predictions.stem).stem
    target = args.out or beside(args.predictions.with_name(whole), f"recovered{Path(whole).suffix or '.npz'}")
    write_predictions(target, predictions)
    print(f"written: {target} with {len(predictions)} rows")
    return predictions, target


def _frames(source: str, given: bool) -> VideoFrames | None:
    """The video; None where none is named or the recorded one is gone."""
    if not source or not (given or Path(source).exists()):
        if source:
            print(f"pose3d refine: {source} is gone; the player shows the skeleton alone", file=sys.stderr)
        return None
    frames = open_frames(source)
    if not isinstance(frames, VideoFrames):
        raise PoseError(f"{source} is no video, which --video and --player need")
    return frames
