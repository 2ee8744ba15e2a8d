"""`pose3d predict`: 3D poses of the person in images or a video."""

import argparse
import math
import re
import sys
from dataclasses import replace
from pathlib import Path
from typing import get_args

from rich.console import Console
from rich.progress import track

from pose3d.data.videos import Stream
from pose3d.errors import INCOMPLETE, PoseError
from pose3d.files import check_folder
from pose3d.geometry.decode import PerspectiveCorrection
from pose3d.predict import PosePredictor
from pose3d.predict.background import Background
from pose3d.predict.finish import Finish, finish_motion, finish_options
from pose3d.predict.finish import add_arguments as add_finish_arguments
from pose3d.predict.follow import LOOK_EVERY, Follower
from pose3d.predict.frames import VideoFrames, open_frames
from pose3d.predict.given import Boxes, Camera
from pose3d.predict.labelled import SUFFIXES, StoreFrames
from pose3d.predict.networks import load_deployed_2d, load_deployed_3d
from pose3d.predict.person import MIN_JOINT_SCORE
from pose3d.predict.pictures import Pictures
from pose3d.predict.predictor import BOX_TRUE, FOV_DEGREES
from pose3d.predict.rows import RowWriter
from pose3d.predict.run import Frames, is_motion, predict_frames
from pose3d.predict.runtimes import AUTO, FLOAT32, RUNTIMES, use_runtimes
from pose3d.predict.targets import beside, predictions_file, source_name
from pose3d.predictions import Predictions, write_predictions
from pose3d.pretrained import RELEASED, required_stage_file, stage1_beside

HELP = (
    "Estimate the 3D pose of the most prominent person in each image of a folder, in one image or in a video: "
    "the box from 2DPoseNet's heatmaps (or given), the pose in the crop, then its rotation and place before the "
    "camera. In a video one person is followed. Very small people may need a box. Of a pose store, every "
    "frame is predicted with the store's own cameras (the whole image is the box where nobody is found), and its "
    "targets go beside the predictions."
)
EXAMPLE = "pose3d predict holiday.mp4 --fov 60 --pictures --out runs/predict/holiday"
TRUE_BOXES = "ground-truth"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of the command."""
    parser.add_argument(
        "input", help="an image, a folder of images, a video, a pose store (.h5), or a stream (address, camera number)"
    )
    parser.add_argument(
        "--checkpoint",
        default=RELEASED,
        metavar="CKPT",
        help="of stage 2 or 3: a checkpoint, a file or folder of weights, or a repository of the hub "
        "(default: the weights that come with this package)",
    )
    parser.add_argument(
        "--box-checkpoint",
        metavar="CKPT",
        help="of stage 1, for boxes and 2D joints; not read where boxes are given (default: stage 1 beside the "
        "checkpoint, else the one that comes with this package)",
    )
    box = parser.add_mutually_exclusive_group()
    box.add_argument("--box", metavar="X,Y,W,H", help="tight box of the person in px, the same in every frame")
    box.add_argument(
        "--boxes",
        metavar="FILE",
        help="one box per frame: lines of x,y,w,h (nan,nan,nan,nan: nobody), or a predictions file; "
        f"{TRUE_BOXES}: those of the pose store",
    )
    parser.add_argument(
        "--person",
        metavar="N|X,Y",
        help="who is followed in a video: number N by prominence, or whoever is nearest to the pixel (default: 1)",
    )
    parser.add_argument(
        "--look-every",
        type=int,
        default=LOOK_EVERY,
        metavar="N",
        help="frames of a video between two looks at the whole picture (default: %(default)s)",
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
        "--rotation",
        choices=("yaw", "full"),
        help="axes of the perspective correction (default: as the checkpoint was trained)",
    )
    parser.add_argument(
        "--exact-depth",
        action="store_const",
        const="exact",
        help="the least-squares depth of the root in place of the paper's closed form",
    )
    parser.add_argument(
        "--heatmap-maximum", choices=("refined", "argmax"), help="how joints are read off heatmaps (default: refined)"
    )
    parser.add_argument(
        "--out", type=Path, metavar="PATH", help="folder, or file .npz or .h5 (default: runs/predict/NAME)"
    )
    parser.add_argument(
        "--pictures", action="store_true", help="draw a picture an image; of a video or a store, a contact sheet"
    )
    parser.add_argument(
        "--min-score",
        type=float,
        default=MIN_JOINT_SCORE,
        metavar="S",
        help="heatmap peak of a seen joint (default: %(default)s)",
    )
    parser.add_argument(
        "--mirror", action="store_true", help="average each pose with that of the mirrored crop: better, twice the time"
    )
    parser.add_argument("--batch-size", type=int, default=16, metavar="N", help="frames at a time (default: 16)")
    add_finish_arguments(parser)
    parser.add_argument(
        "--runtime",
        choices=RUNTIMES,
        help="what computes the networks on a CPU; auto measures (default: auto in videos and streams that are "
        f"followed, else {FLOAT32})",
    )
    parser.add_argument("--device", default="auto", help="cpu, cuda or auto (default)")


def run(args: argparse.Namespace) -> int:
    """Predict, write, and say what was found; `INCOMPLETE` where a file or frame could not be read."""
    _check_numbers(args)
    frames, out = (
        _open(args.input, args.frame_rate),
        predictions_file(args.out, args.input, (args.checkpoint, args.box_checkpoint, args.boxes)),
    )
    finish = _finish(args, frames, out)
    camera, boxes = Camera(args.fov, args.intrinsics), _boxes(args, frames)
    if isinstance(frames, StoreFrames) and frames.labels.intrinsics is not None and not camera.assumed:
        raise PoseError(f"{args.input} has the intrinsics of every frame; leave --fov and --intrinsics out")
    if boxes is not None:
        boxes.check(frames)
    pictures = Pictures(beside(out, "pictures"), frames) if args.pictures else None
    if pictures is not None:
        check_folder(pictures.folder)
        if pictures.folder.resolve() in (Path(args.input).resolve(), Path(args.input).resolve().parent):
            raise PoseError(f"the pictures would be written among those of the input, {pictures.folder}; change --out")
    predictor = _predictor(args, boxes_given=boxes is not None)

    console = Console(stderr=True)
    follower = None
    if is_motion(frames) and boxes is None:
        follower = Follower(predictor, args.look_every, args.person, say=console.print)
    runtime = args.runtime or (AUTO if follower is not None else FLOAT32)
    look_every = 1 if follower is None else follower.look_every
    use_runtimes(predictor, runtime, frames.expected, look_every, console.print)
    predictions, problems, damaged = _predict(args, frames, predictor, camera, boxes, follower, pictures, out, console)
    write_predictions(out, predictions)
    if pictures is not None:
        pictures.finish()
    _report(predictions, frames, camera, damaged)
    print(f"written: {out}" + (f", pictures in {pictures.folder}" if pictures is not None else ""))
    if finish is not None:
        again = frames if finish.needs_frames else None
        for sentence in finish_motion(predictions, finish, again, Path(args.input).name or args.input):
            print(sentence)
    for problem in problems:
        print(f"pose3d predict: {problem}", file=sys.stderr)
    return INCOMPLETE if problems else 0


def _predict(
    args: argparse.Namespace,
    frames: Frames,
    predictor: PosePredictor,
    camera: Camera,
    boxes: Boxes | None,
    follower: Follower | None,
    pictures: Pictures | None,
    out: Path,
    console: Console,
) -> tuple[Predictions, list[str], int]:
    """All rows, a sentence for each fault of the input, and how many frames could not be read."""
    rows, problems = RowWriter(out), []
    background = Background() if is_motion(frames) else None
    batches = predict_frames(frames, predictor, camera, boxes, follower, args.batch_size)
    size = 1 if follower is not None else args.batch_size
    total = None if frames.expected is None else -(-frames.expected // size)
    try:
        for batch, part in track(batches, "predicting", total, console=console, transient=True):
            part.source = source_name(args.input)
            rows.append(part)
            problems += [frame.problem for frame in batch if frame.problem]
            if background is not None:
                for frame in batch:
                    background.add(frame.image)
            if pictures is not None:
                pictures.add(batch, part)
    except KeyboardInterrupt:
        if not (isinstance(frames, VideoFrames) and isinstance(frames.video, Stream)):
            if rows.path.exists():
                print(f"what was predicted is in {rows.path}; `pose3d refine` reads it", file=sys.stderr)
            raise
    finally:
        rows.close()
    predictions, damaged = rows.finish(frames.names), len(problems)
    if isinstance(frames, VideoFrames) and frames.missed > frames.tolerance:
        problems.append(
            f"{args.input} announces {frames.expected} frames, but the last {frames.missed} cannot be decoded; "
            "the file is cut short"
        )
    if damaged == len(predictions):
        rows.remove()
        raise PoseError(f"nothing in {args.input} can be read; the first: {problems[0]}")
    if boxes is not None:
        predictions.box = BOX_TRUE if args.boxes == TRUE_BOXES else predictions.box
    if background is not None:
        predictions.background_lines = background.lines()
    if isinstance(frames, StoreFrames):
        frames.label(predictions)
    rows.remove()
    return predictions, problems, damaged


def _check_numbers(args: argparse.Namespace) -> None:
    if args.batch_size < 1:
        raise PoseError(f"--batch-size {args.batch_size} takes no frame at a time; give a number above zero")
    if args.look_every < 1:
        raise PoseError(f"--look-every {args.look_every} is no number of frames; give a number above zero")
    if not math.isfinite(args.min_score):
        raise PoseError(f"--min-score {args.min_score:g} is no heatmap peak; give a number, usually from 0 to 1")
    if args.frame_rate is not None and not 0.1 <= args.frame_rate <= 1000:
        raise PoseError(f"--frame-rate {args.frame_rate:g} is not possible; give frames a second")
    if args.person is not None and not re.fullmatch(r"[1-9][0-9]*|[0-9.]+,[0-9.]+", args.person):
        raise PoseError(f"--person {args.person} is not understood; give a number from 1, or a pixel as X,Y")


def _open(name: str, fps: float | None) -> Frames:
    return StoreFrames(Path(name)) if Path(name).suffix in SUFFIXES else open_frames(name, fps)


def _finish(args: argparse.Namespace, frames: Frames, out: Path) -> Finish | None:
    """What is to be done with the motion; a PoseError where the input has none."""
    stream = isinstance(frames, VideoFrames) and isinstance(frames.video, Stream)
    finish = finish_options(args, out, stream)
    if finish is not None and not is_motion(frames):
        raise PoseError(
            f"{args.input} is no video, so it has no motion to smooth, place or export; for a folder of frames give "
            "--frame-rate"
        )
    if finish is not None and stream and finish.needs_frames:
        raise PoseError("a stream cannot be read twice, so there is no --video or --player of it; record it first")
    return finish


def _predictor(args: argparse.Namespace, boxes_given: bool) -> PosePredictor:
    pose3d = load_deployed_3d(required_stage_file(args.checkpoint, "stage3", "stage2"))
    chosen = {key: getattr(args, key) for key in ("perspective_correction", "rotation", "heatmap_maximum")}
    chosen["depth"] = args.exact_depth
    pose3d.decoding = replace(pose3d.decoding, **{key: value for key, value in chosen.items() if value is not None})
    pose2d = None
    if not (boxes_given and pose3d.has_heatmaps):
        own, beside_it = args.box_checkpoint, args.checkpoint
        pose2d = load_deployed_2d(stage1_beside(beside_it) if own is None else required_stage_file(own, "stage1"))
    return PosePredictor(pose3d, pose2d, args.device, args.min_score, args.mirror)


def _boxes(args: argparse.Namespace, frames: Frames) -> Boxes | None:
    """None: 2DPoseNet looks."""
    if args.box is not None:
        return Boxes.parse(args.box)
    if args.boxes == TRUE_BOXES:
        if not isinstance(frames, StoreFrames):
            raise PoseError(f"--boxes {TRUE_BOXES} are those of a pose store, and {args.input} is none; give a file")
        return Boxes(frames.boxes, str(args.input))
    return None if args.boxes is None else Boxes.read(Path(args.boxes))


def _report(predictions: Predictions, frames: Frames, camera: Camera, damaged: int) -> None:
    """What was found, and what was assumed."""
    found, total = int(predictions.require("valid", "the summary").sum()), len(predictions)
    unread = f"; {damaged} could not be read" if damaged else ""
    nobody = _nobody(predictions, frames, total - found - damaged)
    print(f"{total} frame{'s' * (total != 1)}, a pose in {found}{nobody}{unread}")
    of_store = isinstance(frames, StoreFrames) and frames.labels.intrinsics is not None
    print(f"box: {predictions.box}; camera: {'of the store' if of_store else camera.name}")
    if camera.assumed and not of_store:
        print("distances depend on the camera: give --fov or --intrinsics if you know it")


def _nobody(predictions: Predictions, frames: Frames, missing: int) -> str:
    if isinstance(frames, StoreFrames):
        missed = frames.missed(predictions)
        return f"; nobody was found in {missed}, where the whole image is the box" if missed else ""
    return f"; nobody was found in {missing}, whose values are NaN" if missing else ""
