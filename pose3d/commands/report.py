"""`pose3d report`: one HTML page about a trained pipeline."""

import argparse
from pathlib import Path

from rich.console import Console

from pose3d.errors import PoseError

HELP = """Write an HTML report about trained runs: curves, result tables, errors by joint, scene and activity, best and
worst predictions as rotatable 3D poses, ancestry. The file is self-contained and works offline."""
EXAMPLE = "pose3d report runs/quick/stage1 runs/quick/stage2 runs/quick/stage3 --out report.html"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of the command."""
    parser.add_argument("run_dirs", nargs="+", type=Path, metavar="RUN_DIR", help="run folder of a stage")
    parser.add_argument("--out", type=Path, default=Path("report.html"), help="file to write (default: report.html)")


def run(args: argparse.Namespace) -> int:
    """Write the page."""
    from pose3d.reporting.page import write_report

    if args.out.is_dir():
        raise PoseError(f"--out {args.out} is a folder; give a file, for example {args.out / 'report.html'}")
    write_report(args.run_dirs, args.out)
    size = args.out.stat().st_size / 1e6
    Console().print(f"{args.out}: {size:.1f} MB; open it in a browser", highlight=False, soft_wrap=True)
    return 0
