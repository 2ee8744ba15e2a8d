"""`pose3d paper`: the paper's results, what they were made with, and the same made here."""

from __future__ import annotations

import argparse
import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from pose3d.errors import PoseError

if TYPE_CHECKING:
    from pose3d.paper.ledger import Row

HELP = """List the paper's results, and reproduce them row by row.

  pose3d paper                     every result row: the paper's figures, its protocol, the config that is this row
  pose3d paper table2              one table
  pose3d paper table2/corrective   one row, with the commands that train and test it
  pose3d paper run NAME            train and test a row or a table; run again, it continues where it stopped
  pose3d paper run NAME --root h36m=DIR   the same from official folders: missing stores are prepared first
  pose3d paper run NAME --dry-run  what would be read, prepared, trained and tested, and what is missing
  pose3d paper run findings        the rows behind the paper's findings; findings/NAME: those behind one
  pose3d paper report              a page: which findings the runs show, and what has not run

Figures measured here stand on lines of their own, with the data they were measured on."""
PICTURES = ("backgrounds", "textures")
EXAMPLE = "pose3d paper run table1 --profile mini --seeds 3"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of the command."""
    parser.add_argument("words", nargs="*", metavar="[run|report] NAME", help="tables or rows, after `run` to run them")
    parser.add_argument("--profile", default="paper", help="paper, or mini: the embedded data set (default: paper)")
    parser.add_argument(
        "--seeds", type=int, metavar="N", help="runs of each row, seeds 0 to N-1 (default: 1; for report 5)"
    )
    parser.add_argument("--markdown", action="store_true", help="print the tables as Markdown, for a document")
    add = parser.add_argument
    add("--root", action="append", default=[], metavar="NAME=DIR", help="folder of an official data set; repeatable")
    add("--roots", type=Path, metavar="FILE", help="the same as a YAML file of `name: folder`")
    add("--limit", type=int, default=0, metavar="N", help="prepare only N samples of each store (default: all)")
    add("--iterations-scale", type=float, metavar="X", help="factor of all iteration counts, for a rehearsal")
    for name in PICTURES:
        add(f"--{name}", type=Path, metavar="PATH", help=f"{name} of the augmented set: a folder or a pose store")
    add("--fork", action="store_true", help="fork this process for each command, which spares its start-up: rehearsals")
    add(
        "--dry-run",
        action="store_true",
        help="list the work and what is missing for it (then exit code 1)",
    )
    add("--images-per-second", type=float, default=60.0, metavar="N", help="speed that the time estimate assumes (60)")
    add("--parallel", type=int, default=1, metavar="N", help="run N trainings side by side, on a GPU that has room")
    add("--out", type=Path, help="folder of the runs (default: runs/paper); of report: the page, a .html file")
    add("--runs", type=Path, default=Path("runs/paper"), help="of report: the folder of the runs (default: runs/paper)")


def run(args: argparse.Namespace) -> int:
    """List or run."""
    from pose3d.paper.findings import NAME, find_rows
    from pose3d.paper.ledger import TABLES, find

    for option, least in (("seeds", 1), ("parallel", 1), ("limit", 0), ("images_per_second", 1e-9)):
        if (value := getattr(args, option)) is not None and value < least:
            raise PoseError(f"--{option.replace('_', '-')} is {value}; it must be at least {least}")
    if args.words == ["report"]:
        return _report(args)
    args.out, args.seeds = args.out or args.runs, args.seeds or 1
    running = args.words[:1] == ["run"]
    names = args.words[1:] if running else args.words or TABLES
    found = [find_rows(name) if name.partition("/")[0] == NAME else find(name) for name in names]
    rows = list(dict.fromkeys(row for group in found for row in group))
    if not running:
        _list(rows, args)
        return 0
    if not names:
        raise PoseError("`pose3d paper run` needs a table or a row, for example table2 or table2/corrective")
    for name in PICTURES:
        if (path := getattr(args, name)) is not None and not path.exists():
            raise PoseError(f"there is no folder or pose store {path}, which --{name} names")
    if args.fork and args.parallel > 1:
        raise PoseError("--fork runs one training after the other; leave it out, or --parallel")
    if args.iterations_scale is not None and not 0 < args.iterations_scale <= 1000:
        raise PoseError(f"--iterations-scale is {args.iterations_scale}; it must lie above 0")
    return _run(rows, args)


def _run(rows: list[Row], args: argparse.Namespace) -> int:
    """Run rows; of a whole table those that can be run."""
    from pose3d.app import main
    from pose3d.paper.dry_run import dry_run
    from pose3d.paper.official import read_roots
    from pose3d.paper.reproduce import Reproduction
    from pose3d.paper.steps import check_profile

    check_profile(args.profile)
    roots = read_roots(args.root, args.roots)
    reproduction = Reproduction(
        args.profile,
        args.out / (f"{args.profile}-official" if roots and args.profile != "paper" else args.profile),
        roots,
        args.limit,
        args.iterations_scale,
        args.parallel,
        {name: path for name in PICTURES if (path := getattr(args, name)) is not None},
        main if args.fork else None,
        say=lambda line: print(line, flush=True),
    )
    obstacles = {row.key: reproduction.obstacle(row) for row in rows if row.ours}
    wanted = [row for row in rows if obstacles.get(row.key, "") is None]
    if len(rows) == 1 or not wanted:
        wanted = rows[:1]
    else:
        for key, reason in obstacles.items():
            if reason:
                print(f"left out: {key} {reason}")
    if args.dry_run:
        lines, missing = dry_run(reproduction, wanted, args.seeds, args.images_per_second)
        print("\n".join(lines))
        if missing:
            print("missing:\n" + "\n".join(f"  {line}" for line in missing))
        return 1 if missing else 0
    reproduction.run(wanted, range(args.seeds))
    _print(wanted, args)
    return 0


def _report(args: argparse.Namespace) -> int:
    """Write the page about the findings."""
    from pose3d.paper.report import make_report, markdown
    from pose3d.paper.report_page import write_page
    from pose3d.paper.reproduce import Reproduction
    from pose3d.paper.steps import check_profile

    check_profile(args.profile)
    out = args.out or args.runs / args.profile / "findings.html"
    if out.suffix != ".html":
        raise PoseError(f"--out {out} of report must be a .html file; --runs names the folder of the runs")
    report = make_report(Reproduction(args.profile, args.runs / args.profile), args.seeds or 5)
    write_page(report, out, args.images_per_second)
    if args.markdown:
        print(markdown(report))
    print(f"{out}: " + ", ".join(f"{count} {verdict}" for verdict, count in report.counts.items()))
    return 0


def _list(rows: list[Row], args: argparse.Namespace) -> None:
    """Print rows; a single row with its commands."""
    _print(rows, args)
    if len(rows) == 1 and rows[0].ours:
        _commands(rows[0], args)


def _print(rows: list[Row], args: argparse.Namespace) -> None:
    """Print rows, table by table."""
    from rich.console import Console

    from pose3d.paper.ledger import tables
    from pose3d.paper.show import markdown, show

    # A file or pipe has no width of its own; Table 2 needs the room.
    console = Console(width=None if sys.stdout.isatty() else 220)
    for table in tables().values():
        if chosen := [row for row in rows if row.table == table.id]:
            if args.markdown:
                print(markdown(table, chosen, args.out))
            else:
                console.print(show(table, chosen, args.out))


def _commands(row: Row, args: argparse.Namespace) -> None:
    """The commands behind one row, parents first, or why there are none."""
    from pose3d.paper.measure import needed_tests
    from pose3d.paper.reproduce import Reproduction
    from pose3d.paper.steps import check_profile, steps
    from pose3d.paper.testing import trainings

    check_profile(args.profile)
    reproduction = Reproduction(args.profile, args.out / args.profile)
    if reason := reproduction.obstacle(row):
        print(f"{row.key} {reason}")
        return
    for step in trainings([row]):
        print(shlex.join(reproduction.training_command(step, 0)))
    for test, switches in sorted(needed_tests(row, reproduction.overlays.has_test)):
        print(shlex.join(reproduction.test_command(steps()[str(row.step)], 0, test, switches)))
