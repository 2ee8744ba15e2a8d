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
  pose3d paper run NAME            train and test a row or a table; run again, it goes on where it was

Figures measured here stand on lines of their own, with the data they were measured on."""
EXAMPLE = "pose3d paper run table1 --profile mini --seeds 3"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of the command."""
    parser.add_argument("words", nargs="*", metavar="[run] NAME", help="tables or rows, after `run` to run them")
    parser.add_argument("--profile", default="paper", help="paper, or mini: the embedded data set (default: paper)")
    parser.add_argument(
        "--seeds", type=int, default=1, metavar="N", help="runs of each row, seeds 0 to N-1 (default: 1)"
    )
    parser.add_argument("--markdown", action="store_true", help="print the tables as Markdown, for a document")
    parser.add_argument("--out", type=Path, default=Path("runs/paper"), help="folder of the runs (default: runs/paper)")


def run(args: argparse.Namespace) -> int:
    """List or run."""
    from pose3d.paper.ledger import TABLES, find

    running = args.words[:1] == ["run"]
    names = args.words[1:] if running else args.words or TABLES
    rows = list(dict.fromkeys(row for name in names for row in find(name)))
    if not running:
        _list(rows, args)
        return 0
    if not names:
        raise PoseError("`pose3d paper run` needs a table or a row, for example table2 or table2/corrective")
    if args.seeds < 1:
        raise PoseError(f"--seeds is {args.seeds}; it must be at least 1")
    _run(rows, args)
    return 0


def _run(rows: list[Row], args: argparse.Namespace) -> None:
    """Run rows; of a whole table those that can be run."""
    from pose3d.paper.reproduce import Reproduction
    from pose3d.paper.steps import check_profile

    check_profile(args.profile)
    reproduction = Reproduction(args.profile, args.out / args.profile, say=lambda line: print(line, flush=True))
    obstacles = {row.key: reproduction.obstacle(row) for row in rows if row.ours}
    wanted = [row for row in rows if obstacles.get(row.key, "") is None]
    if len(rows) == 1 or not wanted:
        wanted = rows[:1]
    else:
        for key, reason in obstacles.items():
            if reason:
                print(f"left out: {key} {reason}")
    reproduction.run(wanted, range(args.seeds))
    _print(wanted, args)


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
    from pose3d.paper.steps import check_profile, has_stand_in, steps
    from pose3d.paper.testing import trainings

    check_profile(args.profile)
    reproduction = Reproduction(args.profile, args.out / args.profile)
    if reason := reproduction.obstacle(row):
        print(f"{row.key} {reason}")
        return
    for step in trainings([row]):
        print(shlex.join(reproduction.training_command(step, 0)))
    for test, switches in sorted(needed_tests(row, lambda name: has_stand_in(name, args.profile))):
        print(shlex.join(reproduction.test_command(steps()[str(row.step)], 0, test, switches)))
