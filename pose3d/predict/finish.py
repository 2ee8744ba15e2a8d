"""Refine, place and export the motion of a video: the common part of `pose3d predict` and `pose3d refine`."""

import argparse
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import get_args

import numpy as np

from pose3d.animation.export import FORMATS, export_motion, parse_formats
from pose3d.animation.motion import Motion, Unit, Up, even_motion
from pose3d.errors import PoseError
from pose3d.files import check_target, whole_file
from pose3d.player import write_player
from pose3d.player.clip import write_clip
from pose3d.predict.frames import Frame
from pose3d.predict.overlay import plain_frames, write_overlay
from pose3d.predict.place import Placed, PlaceOptions, place
from pose3d.predict.place.depth import Depth
from pose3d.predict.place.distance import DEFAULT, with_distance
from pose3d.predict.place.place import apply, with_height
from pose3d.predict.refine import RefineOptions, refine
from pose3d.predict.refine.groups import parse_cutoffs
from pose3d.predict.refine.refine import Method, frame_rate, times_of
from pose3d.predict.targets import beside
from pose3d.predictions import Predictions, write_predictions


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments for refining, placing and writing a motion."""
    group = parser.add_argument_group("motion (of a video, or of images with --frame-rate)")
    group.add_argument("--smooth", action="store_true", help="drop outliers, fill gaps, smooth, hold bone lengths")
    group.add_argument(
        "--filter",
        choices=("butterworth", "one-euro"),
        help="zero-phase low-pass for files, or causal for streams (default: by the input)",
    )
    group.add_argument("--cutoff", metavar="HZ", help="cut-off for all, or as trunk=4,limbs=5,ends=6,place=3,depth=1")
    group.add_argument("--height", type=float, metavar="M", help="height of the person: sets size and distance")
    group.add_argument("--depth", choices=get_args(Depth), help=f"form of the distance (default: {DEFAULT})")
    group.add_argument(
        "--camera-pitch", type=float, metavar="DEG", help="the camera looks down by so much (default: found)"
    )
    group.add_argument("--export", metavar="LIST", help=f"write the motion as {', '.join(FORMATS)}")
    group.add_argument("--up", choices=get_args(Up), default="y", help="upward axis of exports; GLB is y (default: y)")
    group.add_argument("--unit", choices=get_args(Unit), default="mm", help="unit of exports; GLB is m (default: mm)")
    group.add_argument("--frame-rate", type=float, metavar="HZ", help="frames a second (default: of the video)")
    group.add_argument("--video", action="store_true", help="write the video with the skeleton drawn on it")
    group.add_argument("--player", action="store_true", help="write an HTML page with video and 3D skeleton")


@dataclass(frozen=True)
class Finish:
    """The files to write for a motion. Constructed before the work, so that invalid targets are refused early."""

    refine: RefineOptions | None
    place: PlaceOptions
    formats: tuple[str, ...]
    up: Up
    unit: Unit
    fps: float | None
    refined: Path
    motion: Path
    """Stem of the exports."""
    video: Path | None
    player: Path | None

    @property
    def needs_frames(self) -> bool:
        """Whether the video has to be read a second time."""
        return self.video is not None or self.player is not None


def finish_options(args: argparse.Namespace, predictions_file: Path, stream: bool = False) -> Finish | None:
    """The options of the command line, None where nothing is asked for; targets that cannot be written are told."""
    method: Method = args.filter or ("one-euro" if stream else "butterworth")
    if (args.filter or args.cutoff) and not args.smooth:
        raise PoseError("--filter and --cutoff belong to --smooth; give it too")
    asked = (args.smooth, args.height, args.depth, args.camera_pitch, args.export, args.video, args.player)
    if all(value is None or value is False for value in asked):
        return None
    if args.frame_rate is not None and not 0.1 <= args.frame_rate <= 1000:
        raise PoseError(f"--frame-rate {args.frame_rate:g} is not possible; give frames a second")
    if args.camera_pitch is not None and not -90 <= args.camera_pitch <= 90:
        raise PoseError(f"--camera-pitch {args.camera_pitch:g} is not possible; give degrees, positive for downwards")
    if args.height is not None and not 0.4 <= args.height <= 2.8:
        raise PoseError(f"--height {args.height:g} is not a human height; give metres, from 0.4 to 2.8")
    finish = Finish(
        RefineOptions(method, parse_cutoffs(args.cutoff), args.frame_rate) if args.smooth else None,
        PlaceOptions(args.height, args.depth, args.camera_pitch, args.frame_rate),
        tuple(parse_formats(args.export)) if args.export else (),
        args.up,
        args.unit,
        args.frame_rate,
        beside(predictions_file, f"refined{predictions_file.suffix}"),
        beside(predictions_file, "motion"),
        beside(predictions_file, "video.mp4") if args.video else None,
        beside(predictions_file, "player.html") if args.player else None,
    )
    exports = [finish.motion.with_name(f"{finish.motion.name}.{name}") for name in finish.formats]
    for target in (finish.refined, *exports, finish.video, finish.player):
        if target is not None:
            check_target(target, [getattr(args, name, None) for name in ("input", "predictions", "source")])
    return finish


def finish_motion(predictions: Predictions, finish: Finish, frames: Iterable[Frame] | None, title: str) -> list[str]:
    """Refine, place and write a motion; returns sentences about the results and the written files.

    `frames` are those of the video, read once for each of `--video` and `--player`; None: without the video.
    """
    if not predictions.require("valid", "a motion").any():
        return ["no person is found in any frame, so there is no motion to refine or export"]
    if finish.refine is not None:
        predictions = refine(predictions, finish.refine)
    predictions = with_distance(predictions, finish.place.depth, finish.refine)
    placed = place(with_height(predictions, finish.place.height_m), finish.place)
    write_predictions(finish.refined, placed.predictions)
    facts, written = facts_about(placed, finish), [finish.refined]
    fps = finish.fps or frame_rate(times_of(predictions, finish.fps))
    if finish.formats:
        written += export_motion(finish.motion, even(placed, finish, fps), finish.formats, finish.up, finish.unit)
    if finish.video is not None and frames is not None:
        write_overlay(finish.video, frames, placed.predictions, fps)
        written.append(finish.video)
    if finish.player is not None:
        _write_player(finish.player, placed, frames, fps, title, facts)
        written.append(finish.player)
    return [*facts, "written: " + ", ".join(str(path) for path in written)]


def world_joints(placed: Placed) -> np.ndarray:
    """(N, 17, 3) mm, y up, floor at 0."""
    predictions = placed.predictions
    joints = predictions.require("joints_3d", "a motion") + predictions.require("translation", "a motion")[:, None]
    matrix = predictions.require("world_from_camera", "a motion")
    return apply(matrix, joints.astype(np.float64))


def even(placed: Placed, finish: Finish, fps: float) -> Motion:
    """The motion resampled at even times, for formats with a constant frame rate."""
    predictions = placed.predictions
    time = times_of(predictions, finish.fps)
    first = 0 if predictions.frame is None else int(predictions.frame[0])
    return even_motion(world_joints(placed), time, fps, predictions.confidence, first)


def facts_about(placed: Placed, finish: Finish) -> list[str]:
    """Sentences about the height, the floor, the distance and the camera of the motion."""
    predictions, ground = placed.predictions, placed.ground
    known = "given" if finish.place.height_m is not None else "of the average skeleton; give --height if you know it"
    facts = [
        f"height: {placed.height_mm / 1000:.2f} m ({known})",
        f"up and floor: from {ground.source}"
        + (f", uncertain by {ground.up_std_deg:.1f} degrees" if ground.up_std_deg else ""),
    ]
    std = predictions.translation_std
    if std is not None and np.isfinite(std).any() and predictions.translation is not None:
        distance = float(np.nanmedian(np.linalg.norm(predictions.translation, axis=1))) / 1000
        facts.append(f"distance: {distance:.2f} m on average, uncertain by {np.nanmedian(std[:, 2]) / 1000:.2f} m")
    camera = "" if predictions.camera is None else str(predictions.camera[0])
    if "assumed" in camera:
        facts.append(f"camera: {camera}; " + FOV_MEANING)
    elif camera:
        facts.append(f"camera: {camera}")
    if predictions.contact is not None:
        facts.append(f"feet on the ground in {predictions.contact.any(axis=1).mean():.0%} of the frames")
    return facts


FOV_MEANING = (
    "all distances are proportional to the focal length: with 40 degrees they would be 1.43 times, with 75 degrees "
    "0.68 times as long"
)
"""tan(55/2) over tan(40/2) and tan(75/2)."""


def _write_player(
    path: Path, placed: Placed, frames: Iterable[Frame] | None, fps: float, title: str, facts: list[str]
) -> None:
    predictions = placed.predictions
    first = 0 if predictions.frame is None else int(predictions.frame[0])
    motion = Motion(world_joints(placed), fps, predictions.confidence, first=first)
    with TemporaryDirectory() as folder, whole_file(path) as partial:
        clip = None
        if frames is not None:
            clip = Path(folder) / "clip.webm"
            write_clip(clip, plain_frames(frames, len(predictions)), fps)
        write_player(partial, motion, title, facts, clip, predictions.contact)
