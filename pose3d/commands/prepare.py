"""`pose3d prepare SOURCE`: official data set files to one pose store."""

from __future__ import annotations

import argparse
from importlib import import_module
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from pose3d.cores import available_cores
from pose3d.data.sources import SOURCES, WHOLE_IMAGES
from pose3d.errors import INCOMPLETE, PoseError

HELP = "Read a data set as its authors publish it and write one pose store, ready to train on or to score with."
EXAMPLE = "pose3d prepare mpi_inf_3dhp --root /data/mpi_inf_3dhp --out data/mpi_inf_3dhp.h5 --limit 200"

LISTED = 20
"""Damaged files that the summary names."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """One subcommand per source, with the options they share and their own."""
    sources = parser.add_subparsers(dest="source", required=True, metavar="SOURCE")
    for name, summary in SOURCES.items():
        sub = sources.add_parser(name, help=summary, description=summary)
        _add_shared(sub, whole=name in WHOLE_IMAGES)
        own = sub.add_argument_group("options of this source")
        import_module(f"pose3d.data.sources.{name}").add_arguments(own)


def _add_shared(parser: argparse.ArgumentParser, whole: bool) -> None:
    add = parser.add_argument
    add("--root", type=Path, required=True, metavar="DIR", help="folder with the official files")
    add("--out", type=Path, required=True, metavar="FILE.h5", help="the pose store to write")
    add("--limit", type=int, default=0, metavar="N", help="a first look: only N samples, from everywhere")
    add("--workers", type=int, default=available_cores(), metavar="N", help="processes (default: all cores)")
    add("--seed", type=int, default=0, help="of the random draw (0)")
    add("--shard", default="", metavar="K/N", help="write shard K of N, e.g. on one of N machines")
    add(
        "--allow-damaged",
        action="store_true",
        help=f"exit with 0, not {INCOMPLETE}, where samples of damaged files are left out",
    )
    crop = "0 keeps whole images" + (" (0)" if whole else " (2.0)")
    add("--margin", type=float, default=0.0 if whole else 2.0, help=f"stored square over the joint box; {crop}")
    size = "0 keeps the resolution" + (" (0)" if whole else " (300)")
    add("--person-px", type=int, default=0 if whole else 300, metavar="PX", help=f"shrink people to this; {size}")


def run(args: argparse.Namespace) -> int:
    """Plan, run, sum up."""
    from pose3d.data.preparation import Preparation, prepare_store, reader_options
    from pose3d.data.sources.prepare import check_out

    check_out(args.out)

    own: dict[str, Any] = {name: vars(args)[name] for name in reader_options(args.source)}
    framed = {"margin": args.margin, "person_px": args.person_px}
    shard = _shard(args.shard)
    preparation = Preparation(args.source, args.root, args.limit, args.seed, **framed, options=own, shard=shard)
    plan, summary = prepare_store(preparation, args.out, args.workers)

    table = Table("what", "how many", title=str(summary.path))
    table.add_row("frames", str(summary.num_samples))
    table.add_row("subjects", f"{len(summary.subjects)}: {', '.join(map(str, sorted(summary.subjects)[:12]))}")
    table.add_row("sequences", f"{len(summary.sequences)} of {len(plan.sequence_names)}")
    table.add_row("cameras", str(len(summary.cameras)))
    table.add_row("size", f"{summary.num_bytes / 1e6:.1f} MB")
    if summary.num_damaged:
        table.add_row("lost in damaged files", str(summary.num_damaged))
    console = Console()
    console.print(table)
    lines = [f"skipped {count}: {reason}" for reason, count in summary.skipped.most_common()]
    lines += [f"damaged: {sentence}" for sentence in summary.damaged[:LISTED]]
    if len(summary.damaged) > LISTED:
        lines.append(f"damaged: {len(summary.damaged) - LISTED} more files")
    for line in lines:
        console.print(line, soft_wrap=True, markup=False, highlight=False)
    return INCOMPLETE if summary.damaged and not args.allow_damaged else 0


def _shard(text: str) -> tuple[int, int] | None:
    """ "2/5" as numbers."""
    if not text:
        return None
    number, slash, count = text.partition("/")
    if not (slash and number.isascii() and number.isdigit() and count.isascii() and count.isdigit()):
        raise PoseError(f"--shard {text} is not K/N, for example 2/5: the second of five shards")
    return int(number), int(count)
