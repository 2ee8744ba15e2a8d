"""`pose3d check`: check that a pose store, or a published data set in a folder, is complete and consistent."""

from __future__ import annotations

import argparse
from pathlib import Path

from rich.console import Console
from rich.progress import track

from pose3d.data.check import check_store
from pose3d.data.doctor import check_tree
from pose3d.errors import PoseError

HELP = (
    "Check a pose store: checksums, images and masks, units, boxes, and whether the labels fit together; "
    "or a published data set in a folder: files, videos, labels, cameras and masks. "
    "Each finding says what is wrong, where, and what to do. Exit code 0: no errors (warnings allowed); 2: errors."
)
EXAMPLE = "pose3d check data/embedded/studio3d.h5 --sample 500"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of `pose3d check`."""
    parser.add_argument("file", nargs="+", help="pose stores (.h5), or folders with an official tree")
    parser.add_argument(
        "--sample", type=int, metavar="N", help="decode only N images of each file, evenly spaced (default: all)"
    )


def run(args: argparse.Namespace) -> int:
    """Check every file; 0 without errors, else 2."""
    if args.sample is not None and args.sample < 1:
        raise PoseError(f"--sample {args.sample} decodes nothing; give a number above zero")
    return max(_check_one(Path(path), args.sample) for path in args.file)


def _check_one(path: Path, sample: int | None) -> int:
    console = Console(stderr=True)
    errors = warnings = 0
    try:
        check = check_tree if path.is_dir() else check_store
        for finding in check(path, sample, lambda rows: track(rows, "decoding", console=console, transient=True)):
            errors += finding.kind == "error"
            warnings += finding.kind == "warning"
            print(finding)
    except PoseError as error:
        print(f"error: {error}")
        errors += 1
    verdict = f"not whole, {_counted(errors, 'error')}" if errors else "whole"
    noted = f", {_counted(warnings, 'warning')}" if warnings else ""
    print(f"{path}: {verdict}{noted}")
    return 2 if errors else 0


def _counted(number: int, noun: str) -> str:
    return f"{number} {noun}{'s' * (number != 1)}"
