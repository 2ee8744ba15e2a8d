"""`pose3d synth`: render the embedded data set."""

import argparse
import os
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from pose3d.errors import PoseError
from pose3d.synth.layouts import LAYOUTS
from pose3d.synth.worlds import PRESETS, WORLDS

HELP = """Render the embedded data set: people of your own making, with exact labels.

Four worlds mirror the paper's data: wild2d (in the wild, 2D labels), lab3d (a marker-based lab), studio3d (green
screen, masks) and test (six sequences of people never seen elsewhere). Each becomes one file in --out. A run that was
interrupted goes on where it stopped; a world that is already there is left alone."""
EXAMPLE = "pose3d synth --out data/twin --preset quick --preview data/twin/preview.png"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of the command."""
    parser.add_argument(
        "--out", type=Path, default=Path("data/twin"), help="folder of the stores (default: %(default)s)"
    )
    parser.add_argument("--preset", choices=sorted(PRESETS), default="quick", help="how much (default: %(default)s)")
    parser.add_argument("--worlds", nargs="+", choices=sorted(WORLDS), metavar="WORLD", help="only these worlds")
    parser.add_argument("--num", nargs="+", default=[], metavar="WORLD=N", help="images of a world, e.g. wild2d=4000")
    parser.add_argument("--seed", type=int, default=0, help="another seed, other images (default: %(default)s)")
    parser.add_argument("--resolution", type=int, help="side of the images in px (default: 256; with --layout 512)")
    parser.add_argument("--workers", type=int, default=_cores(), help="processes (default: all %(default)s cores)")
    parser.add_argument("--backgrounds", type=Path, metavar="DIR", help="your own photos as backgrounds of wild2d")
    parser.add_argument("--layout", choices=list(LAYOUTS), help="write an official tree to --out instead of stores")
    parser.add_argument("--frames", type=int, metavar="N", help="with --layout: frames a sequence, or pictures in all")
    parser.add_argument(
        "--preview", type=Path, metavar="PNG", help="write a contact sheet; without --out, nothing else"
    )


def run(args: argparse.Namespace) -> int:
    """Generate the chosen worlds, then the contact sheet if one was asked for."""
    if args.layout:
        return _write_layout(args)
    args.resolution = 256 if args.resolution is None else args.resolution
    from pose3d.synth.generate import Job, generate, is_complete, photos_in

    counts = _counts(args)
    if args.resolution < 64 or args.workers < 1 or args.seed < 0:
        raise PoseError("--resolution must be at least 64, --workers at least 1 and --seed not negative")
    photos = photos_in(args.backgrounds) if args.backgrounds else ()
    console = Console(stderr=True)
    columns = (
        TextColumn("{task.description:>9}"), BarColumn(), MofNCompleteColumn(), TextColumn("{task.fields[speed]}"),
        TimeElapsedColumn(), TimeRemainingColumn(),
    )  # fmt: skip
    for name, num in counts.items():
        job = Job(name, num, args.seed, args.resolution, photos if name == "wild2d" else ())
        target = args.out / f"{name}.h5"
        if is_complete(job, args.out):
            console.print(f"{target} is already there, made with the same parameters: nothing to do")
            continue
        if target.exists():
            console.print(f"{target} was made with other parameters: it is made anew")
        with Progress(*columns, console=console) as bar:
            task = bar.add_task(name, total=num, speed="")

            def advance(done: int, bar: Progress = bar, task: object = task) -> None:
                bar.advance(task, done)  # type: ignore[arg-type]
                speed = bar.tasks[0].speed
                bar.update(task, speed=f"{speed:.0f}/s" if speed else "")  # type: ignore[arg-type]

            generate(job, args.out, args.workers, advance)
    if args.preview:
        from pose3d.synth.preview import contact_sheet

        contact_sheet({name: args.out / f"{name}.h5" for name in counts}, args.preview)
        console.print(f"wrote {args.preview}")
    return 0


def _write_layout(args: argparse.Namespace) -> int:
    """The embedded data set as an official tree."""
    from pose3d.synth.layouts import FRAMES, count, write_layout
    from pose3d.synth.layouts.filming import Settings

    frames = FRAMES[args.layout] if args.frames is None else args.frames
    settings = Settings(frames, args.seed, args.resolution or Settings.resolution)
    if frames < 1 or settings.resolution < 64 or args.workers < 1 or args.seed < 0:
        raise PoseError("--frames and --workers must be at least 1, --resolution at least 64 and --seed not negative")
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True)) as bar:
        task = bar.add_task(args.layout, total=count(args.layout, settings))
        write_layout(args.layout, args.out, settings, args.workers, lambda done: bar.advance(task, done))
    return 0


def _counts(args: argparse.Namespace) -> dict[str, int]:
    """Images per world: the preset, the chosen worlds, and single numbers on top."""
    counts = {name: num for name, num in PRESETS[args.preset].items() if not args.worlds or name in args.worlds}
    for entry in args.num:
        name, _, number = entry.partition("=")
        if name not in WORLDS or not number.isdigit() or int(number) < 1:
            raise PoseError(f"--num {entry} is not WORLD=N with N > 0 and a world of {', '.join(WORLDS)}")
        if name not in counts:
            raise PoseError(f"--num {entry} names a world that --worlds leaves out")
        counts[name] = int(number)
    return counts


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
