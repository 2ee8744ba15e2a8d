"""`pose3d predict`: 3D poses of the person in images or a video."""

import argparse
import sys
from pathlib import Path
from typing import get_args

import numpy as np
from rich.console import Console
from rich.progress import track

from pose3d.errors import PoseError
from pose3d.files import check_target
from pose3d.geometry.decode import PerspectiveCorrection
from pose3d.predict import PosePredictor
from pose3d.predict.frames import ImageFiles, VideoFile, batches, open_frames
from pose3d.predict.given import Boxes, Camera
from pose3d.predict.labelled import SUFFIXES, StoreFrames
from pose3d.predict.networks import load_deployed_2d, load_deployed_3d
from pose3d.predict.person import SURE
from pose3d.predict.pictures import Pictures
from pose3d.predict.predictor import BOX_TRUE, FOV_DEGREES, joined
from pose3d.predictions import Predictions, write_predictions

HELP = (
    "Estimate the 3D pose of the most prominent person in each image of a folder, in one image or in a video: "
    "the box from 2DPoseNet's heatmaps (or given), the pose in the crop, then its rotation and place before the "
    "camera. People who are small in the frame need a box. Of a pose store, every frame is predicted with the store's "
    "own cameras (the whole image is the box where nobody is found), and its targets go beside the predictions."
)
EXAMPLE = "pose3d predict holiday.mp4 --fov 60 --pictures --out runs/predict/holiday"
QUICK = Path("runs/quick")
TRUE_BOXES = "ground-truth"
Frames = ImageFiles | VideoFile | StoreFrames


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of the command."""
    parser.add_argument("input", type=Path, help="an image, a folder of images, a video or a pose store (.h5)")
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
        metavar="FILE",
        help="one box a frame: lines of x,y,w,h (nan,nan,nan,nan: nobody), or a predictions file; "
        f"{TRUE_BOXES}: those of the pose store",
    )
    camera = parser.add_mutually_exclusive_group()
    camera.add_argument("--fov", type=float, metavar="DEG", help=f"horizontal field of view (default: {FOV_DEGREES:g})")
    camera.add_argument("--intrinsics", metavar="FX,FY,CX,CY", help="of the camera, in px of the input's frames")
    parser.add_argument(
        "--perspective-correction",
        choices=get_args(PerspectiveCorrection),
        help="centre of the virtual camera, or off (default: as the checkpoint was trained)",
    )
    parser.add_argument(
        "--out", type=Path, metavar="PATH", help="folder, or file .npz or .h5 (default: runs/predict/NAME)"
    )
    parser.add_argument(
        "--pictures", action="store_true", help="draw a picture an image; of a video or a store, a contact sheet"
    )
    parser.add_argument(
        "--min-score", type=float, default=SURE, metavar="S", help="heatmap peak of a seen joint (default: %(default)s)"
    )
    parser.add_argument("--batch-size", type=int, default=16, metavar="N", help="frames at a time (default: 16)")
    parser.add_argument("--device", default="auto", help="cpu, cuda or auto (default)")


def run(args: argparse.Namespace) -> int:
    """Predict, write, and say what was found."""
    if args.batch_size < 1:
        raise PoseError(f"--batch-size {args.batch_size} takes no frame at a time; give a number above zero")
    frames, out = _open(args.input), _out_file(args.out, args.input)
    check_target(out)
    store = frames if isinstance(frames, StoreFrames) else None
    camera, boxes = Camera(args.fov, args.intrinsics), _boxes(args, frames)
    if store is not None and store.labels.intrinsics is not None and not camera.assumed:
        raise PoseError(f"{args.input} has the intrinsics of every frame; leave --fov and --intrinsics out")
    if boxes is not None and frames.expected is not None and not isinstance(frames, VideoFile):
        boxes.check_count(frames.expected)
    pictures = Pictures(out.parent / "pictures", frames) if args.pictures else None
    predictor = _predictor(args, boxes_given=boxes is not None)

    parts = []
    total = None if frames.expected is None else -(-frames.expected // args.batch_size)
    progress = Console(stderr=True)
    for batch in track(batches(frames, args.batch_size), "predicting", total, console=progress, transient=True):
        images, numbers = [frame.image for frame in batch], [frame.number for frame in batch]
        own = None if store is None else store.intrinsics(numbers)
        part = predictor.predict(
            images,
            camera.intrinsics(images) if own is None else own,
            None if boxes is None else boxes.of(numbers),
            everywhere=store is not None,
        )
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
        predictions.box = BOX_TRUE if args.boxes == TRUE_BOXES else predictions.box
    if store is not None:
        store.label(predictions)
    write_predictions(out, predictions)
    if pictures is not None:
        pictures.finish()
    _report(predictions, frames, camera)
    print(f"written: {out}" + (f", pictures in {pictures.folder}" if pictures is not None else ""))
    return 0


def _open(path: Path) -> Frames:
    return StoreFrames(path) if path.suffix in SUFFIXES else open_frames(path)


def _predictor(args: argparse.Namespace, boxes_given: bool) -> PosePredictor:
    pose3d = load_deployed_3d(args.checkpoint)
    if args.perspective_correction is not None:
        pose3d.perspective_correction = args.perspective_correction
    needed = not (boxes_given and pose3d.has_heatmaps)
    pose2d = load_deployed_2d(args.box_checkpoint) if needed else None
    return PosePredictor(pose3d, pose2d, args.device, args.min_score)


def _boxes(args: argparse.Namespace, frames: Frames) -> Boxes | None:
    """None: 2DPoseNet looks."""
    if args.box is not None:
        return Boxes.parse(args.box)
    if args.boxes == TRUE_BOXES:
        if not isinstance(frames, StoreFrames):
            raise PoseError(f"--boxes {TRUE_BOXES} are those of a pose store, and {args.input} is none; give a file")
        return Boxes(frames.boxes, str(args.input))
    return None if args.boxes is None else Boxes.read(Path(args.boxes))


def _out_file(out: Path | None, source: Path) -> Path:
    out = out if out is not None else Path("runs/predict") / (source.resolve().stem or "frames")
    if out.suffix in (".npz", ".h5", ".hdf5"):
        return out
    if out.is_file():
        raise PoseError(f"--out {out} is a file of another kind; give a folder, or a file .npz or .h5")
    return out / "predictions.npz"


def _report(predictions: Predictions, frames: Frames, camera: Camera) -> None:
    """What was found, and what was assumed."""
    found, total = int(predictions.require("valid", "the summary").sum()), len(predictions)
    print(f"{total} frame{'s' * (total != 1)}, a pose in {found}{_nobody(predictions, frames, total - found)}")
    of_store = isinstance(frames, StoreFrames) and frames.labels.intrinsics is not None
    print(f"box: {predictions.box}; camera: {'of the store' if of_store else camera.name}")
    if camera.assumed and not of_store:
        print("distances depend on the camera: give --fov or --intrinsics if you know it")
    if isinstance(frames, VideoFile) and frames.expected is not None and total < frames.expected:
        print(f"warning: the video announces {frames.expected} frames, {total} could be read", file=sys.stderr)


def _nobody(predictions: Predictions, frames: Frames, missing: int) -> str:
    if isinstance(frames, StoreFrames):
        missed = frames.missed(predictions)
        return f"; nobody was found in {missed}, where the whole image is the box" if missed else ""
    return f"; nobody was found in {missing}, whose values are NaN" if missing else ""
