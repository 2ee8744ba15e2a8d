"""`pose3d synth`: render the embedded data set."""

from __future__ import annotations

import argparse
from functools import partial
from pathlib import Path

from rich.console import Console

from pose3d.cores import available_cores
from pose3d.data.rendering import render_worlds
from pose3d.errors import INCOMPLETE, PoseError
from pose3d.progress import progress_bar
from pose3d.synth.layouts import LAYOUTS
from pose3d.synth.worlds import PRESETS, WORLDS

HELP = """Render the embedded data set: synthetic people with exact labels.

Four worlds mirror the paper's data: wild2d (in the wild, 2D labels), lab3d (a marker-based lab), studio3d (green
screen, masks) and test (six sequences of people that occur nowhere else). test_wide shows the shots of test with people
off the optical axis. Made on request: wild3d (in the wild with 3D labels, to train for photographs) and plainlab3d (the
lab under one light). Each becomes one file in --out. An interrupted run continues where it stopped, and a complete
world is kept."""
EXAMPLE = "pose3d synth --out data/embedded --preset quick --preview data/embedded/preview.png"

PREVIEW_SUFFIXES = (".png", ".jpg")
DEFAULT_OUT = Path("data/embedded")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of the command."""
    parser.add_argument("--out", type=Path, help=f"folder to write to (default: {DEFAULT_OUT})")
    parser.add_argument(
        "--preset", choices=sorted(PRESETS), default="quick", help="number of images (default: %(default)s)"
    )
    parser.add_argument(
        "--worlds", nargs="+", choices=sorted(WORLDS), metavar="WORLD", help="only these worlds (default: the preset's)"
    )
    parser.add_argument("--num", nargs="+", default=[], metavar="WORLD=N", help="images of a world, e.g. wild2d=4000")
    parser.add_argument(
        "--places",
        type=int,
        default=0,
        metavar="N",
        help="also N pictures of wild2d's places without people, in OUT/places",
    )
    parser.add_argument("--seed", type=int, default=0, help="random seed (default: %(default)s)")
    parser.add_argument("--resolution", type=int, help="side of the images in px (default: 256; with --layout 512)")
    cores = available_cores()
    parser.add_argument("--workers", type=int, default=cores, help="processes (default: all %(default)s cores)")
    parser.add_argument(
        "--backgrounds", type=Path, metavar="DIR", help="your own photos as backgrounds of wild2d and wild3d"
    )
    parser.add_argument("--layout", choices=list(LAYOUTS), help="write an official tree to --out instead of stores")
    parser.add_argument("--frames", type=int, metavar="N", help="with --layout: frames a sequence, or pictures in all")
    parser.add_argument(
        "--preview", type=Path, metavar="FILE", help="write a contact sheet (.png, .jpg); without --out, only that"
    )


def run(args: argparse.Namespace) -> int:
    """Generate the chosen worlds and the contact sheet, or write an official tree."""
    if args.layout:
        return _write_layout(args)
    from pose3d.synth.generate import Job, photos_in

    resolution = 256 if args.resolution is None else args.resolution
    if resolution < 64 or args.workers < 1 or min(args.seed, args.places) < 0:
        raise PoseError("--resolution must be at least 64, --workers at least 1, --seed and --places not negative")
    if args.preview and args.preview.suffix.lower() not in PREVIEW_SUFFIXES:
        raise PoseError(f"--preview {args.preview} must end in {' or '.join(PREVIEW_SUFFIXES)}")
    photos, refused = photos_in(args.backgrounds) if args.backgrounds else ((), [])
    for sentence in refused:
        _say(f"{sentence}: it is left out")
    jobs = [
        Job(name, num, args.seed, resolution, photos if name in ("wild2d", "wild3d") else ())
        for name, num in _counts(args).items()
    ]
    if args.out or not args.preview:
        render_worlds(jobs, args.out or DEFAULT_OUT, args.workers)
    if args.places:
        from pose3d.synth.empty_places import write_places

        write_places((args.out or DEFAULT_OUT) / "places", args.places, args.seed, resolution)
    if args.preview:
        from pose3d.synth.preview import contact_sheet

        contact_sheet(jobs, args.preview)
        _say(f"wrote {args.preview}")
    return INCOMPLETE if refused else 0


def _write_layout(args: argparse.Namespace) -> int:
    """Write the embedded data set as an official tree."""
    from pose3d.synth.layouts import FRAMES, count, write_layout
    from pose3d.synth.layouts.filming import Settings

    frames = FRAMES[args.layout] if args.frames is None else args.frames
    settings = Settings(frames, args.seed, args.resolution or Settings.resolution)
    if frames < 1 or settings.resolution < 64 or args.workers < 1 or args.seed < 0:
        raise PoseError("--frames and --workers must be at least 1, --resolution at least 64 and --seed not negative")
    with progress_bar(args.layout, count(args.layout, settings)) as (bar, task):
        out = args.out or DEFAULT_OUT
        write_layout(args.layout, out, settings, args.workers, partial(bar.advance, task))
    return 0


def _say(sentence: str) -> None:
    Console(stderr=True).print(sentence, soft_wrap=True)


def _counts(args: argparse.Namespace) -> dict[str, int]:
    """Images per world: from the preset, the chosen worlds, and --num."""
    preset = PRESETS[args.preset]
    counts = {name: preset.get(name, 0) for name in args.worlds or preset}
    for entry in args.num:
        name, _, number = entry.partition("=")
        if name not in WORLDS or not number.isdigit() or int(number) < 1:
            raise PoseError(f"--num {entry} is not WORLD=N with N > 0 and a world of {', '.join(WORLDS)}")
        if name not in counts:
            raise PoseError(f"--num {entry} names a world that --worlds leaves out")
        counts[name] = int(number)
    for name in (name for name, num in counts.items() if not num):
        raise PoseError(f"the preset {args.preset} has no {name}: say how many pictures of it with --num {name}=N")
    return counts
