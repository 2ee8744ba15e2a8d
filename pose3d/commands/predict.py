"""`pose3d predict`: 3D poses of the person in images or a video."""

import argparse
import sys
from pathlib import Path

import numpy as np
from rich.console import Console
from rich.progress import track

from pose3d.errors import PoseError
from pose3d.predict import PosePredictor
from pose3d.predict.frames import ImageFiles, VideoFile, batches, open_frames
from pose3d.predict.given import Boxes, Camera
from pose3d.predict.networks import load_deployed_2d, load_deployed_3d
from pose3d.predict.person import SURE
from pose3d.predict.pictures import Pictures
from pose3d.predict.predictor import FOV_DEGREES, joined
from pose3d.predictions import Predictions, write_predictions

HELP = (
    "Estimate the 3D pose of the most prominent person in each image of a folder, in one image or in a video: "
    "the box from 2DPoseNet's heatmaps (or given), the pose in the crop, then its rotation and place before the "
    "camera. People who are small in the frame need a box."
)
EXAMPLE = "pose3d predict holiday.mp4 --fov 60 --pictures --out runs/predict/holiday"
QUICK = Path("runs/quick")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of the command."""
    parser.add_argument("input", type=Path, help="an image, a folder of images or a video")
    parser.add_argument(
        "--checkpoint",
        type=Path,
        default=QUICK / "stage3/best.ckpt",
        metavar="CKPT",
        help="of stage 2 or 3 (default: %(default)s)",
    )
    parser.add_argument(
        "--box-checkpoint",
        type=Path,
        default=QUICK / "stage1/best.ckpt",
        metavar="CKPT",
        help="of stage 1, for boxes and 2D joints; not read where boxes are given (default: %(default)s)",
    )
    box = parser.add_mutually_exclusive_group()
    box.add_argument("--box", metavar="X,Y,W,H", help="tight box of the person in px, the same in every frame")
    box.add_argument(
        "--boxes",
        type=Path,
        metavar="FILE",
        help="one box a frame: lines of x,y,w,h (nan,nan,nan,nan: nobody), or a predictions file",
    )
    camera = parser.add_mutually_exclusive_group()
    camera.add_argument("--fov", type=float, metavar="DEG", help=f"horizontal field of view (default: {FOV_DEGREES:g})")
    camera.add_argument("--intrinsics", metavar="FX,FY,CX,CY", help="of the camera, in px of the input's frames")
    parser.add_argument(
        "--out", type=Path, metavar="PATH", help="folder, or file .npz or .h5 (default: runs/predict/NAME)"
    )
    parser.add_argument("--pictures", action="store_true", help="draw a picture an image; of a video, a contact sheet")
    parser.add_argument(
        "--min-score", type=float, default=SURE, metavar="S", help="heatmap peak of a seen joint (default: %(default)s)"
    )
    parser.add_argument("--batch-size", type=int, default=16, metavar="N", help="frames at a time (default: 16)")
    parser.add_argument("--device", default="auto", help="cpu, cuda or auto (default)")


def run(args: argparse.Namespace) -> int:
    """Predict, write, and say what was found."""
    if args.batch_size < 1:
        raise PoseError(f"--batch-size {args.batch_size} takes no frame at a time; give a number above zero")
    frames, out = open_frames(args.input), _out_file(args.out, args.input)
    camera, boxes = Camera(args.fov, args.intrinsics), _boxes(args)
    if boxes is not None and isinstance(frames, ImageFiles):
        boxes.check_count(len(frames.paths))
    pictures = Pictures(out.parent / "pictures", frames) if args.pictures else None
    predictor = _predictor(args, boxes_given=boxes is not None)

    parts = []
    total = None if frames.expected is None else -(-frames.expected // args.batch_size)
    progress = Console(stderr=True)
    for batch in track(batches(frames, args.batch_size), "predicting", total, console=progress, transient=True):
        images, numbers = [frame.image for frame in batch], [frame.number for frame in batch]
        part = predictor.predict(images, camera.intrinsics(images), None if boxes is None else boxes.of(numbers))
        part.frame = np.array(numbers)
        part.sequence = part.frame if isinstance(frames, ImageFiles) else np.zeros_like(part.frame)
        part.camera = np.full(len(batch), camera.name)
        parts.append(part)
        if pictures is not None:
            pictures.add(batch, part)
    predictions = joined(parts)
    predictions.sequence_names = np.array(frames.names)
    if boxes is not None:
        boxes.check_count(len(predictions))
    write_predictions(out, predictions)
    if pictures is not None:
        pictures.finish()
    _report(predictions, frames, camera)
    print(f"written: {out}" + (f", pictures in {pictures.folder}" if pictures is not None else ""))
    return 0


def _predictor(args: argparse.Namespace, boxes_given: bool) -> PosePredictor:
    pose3d = load_deployed_3d(args.checkpoint)
    needed = not (boxes_given and pose3d.has_heatmaps)
    pose2d = load_deployed_2d(args.box_checkpoint) if needed else None
    return PosePredictor(pose3d, pose2d, args.device, args.min_score)


def _boxes(args: argparse.Namespace) -> Boxes | None:
    """None: 2DPoseNet looks."""
    if args.box is not None:
        return Boxes.parse(args.box)
    return None if args.boxes is None else Boxes.read(args.boxes)


def _out_file(out: Path | None, source: Path) -> Path:
    out = out if out is not None else Path("runs/predict") / (source.resolve().stem or "frames")
    if out.suffix in (".npz", ".h5", ".hdf5"):
        return out
    if out.is_file():
        raise PoseError(f"--out {out} is a file of another kind; give a folder, or a file .npz or .h5")
    return out / "predictions.npz"


def _report(predictions: Predictions, frames: ImageFiles | VideoFile, camera: Camera) -> None:
    """What was found, and what was assumed."""
    found, total = int(predictions.require("valid", "the summary").sum()), len(predictions)
    nobody = f"; nobody was found in {total - found}, whose values are NaN" if found < total else ""
    print(f"{total} frame{'s' * (total != 1)}, a pose in {found}{nobody}")
    print(f"box: {predictions.box}; camera: {camera.name}")
    if camera.assumed:
        print("distances depend on the camera: give --fov or --intrinsics if you know it")
    if isinstance(frames, VideoFile) and frames.expected is not None and total < frames.expected:
        print(f"warning: the video announces {frames.expected} frames, {total} could be read", file=sys.stderr)
