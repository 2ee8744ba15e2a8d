"""The `pose3d` command: one subcommand a file in `pose3d/commands`, imported only when it is called."""

import argparse
import os
import re
import sys
from importlib import import_module

from pose3d import __version__
from pose3d.command_parser import CommandParser
from pose3d.errors import PoseError

COMMANDS = {
    "synth": "render the embedded data set",
    "prepare": "read a published data set into a pose store",
    "check": "say whether a pose store is whole",
    "evaluate": "score a predictions file under a published protocol",
    "report": "write one HTML page about trained runs",
    "predict": "estimate 3D poses in images or a video",
    "refine": "smooth, place and export predictions of a video",
    "live": "estimate poses while they happen, in a page of this machine",
    "export": "write a trained network as one file for use elsewhere",
    "paper": "list the paper's results, and reproduce them row by row",
    "sweep": "run a W&B sweep file on this machine",
    "bench": "measure the data loader, or prediction, on this machine",
}


TRAINER_COMMANDS = {
    "fit": "train a stage from its recipe, then test it: the command `lightning fit`",
    "validate": "validate a checkpoint of a stage: `lightning validate`",
    "test": "test a checkpoint of a stage: `lightning test`",
}
"""Served by the command line of the stages, whose own name, `lightning`, other packages may install as well."""


def _parser(command: str | None) -> CommandParser:
    """Parser of all commands; only the one that is called brings its arguments (and its imports)."""
    parser = CommandParser(prog="pose3d", description="Monocular 3D human pose estimation.")
    parser.add_argument("--version", action="version", version=__version__)
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for name, summary in TRAINER_COMMANDS.items():
        commands.add_parser(name, help=summary)
    for name, summary in COMMANDS.items():
        if name != command:
            commands.add_parser(name, help=summary)
            continue
        module = import_module(f"pose3d.commands.{name}")
        sub = commands.add_parser(
            name,
            help=summary,
            description=module.HELP,
            epilog=f"example:\n  {module.EXAMPLE}",
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )
        module.add_arguments(sub)
        sub.set_defaults(run=module.run)
    return parser


def joined_negatives(argv: list[str]) -> list[str]:
    """Lists of numbers that begin with a minus, joined to their flag: argparse would take `-12,30` for a flag.

    >>> joined_negatives(["predict", "clip.mp4", "--box", "-12,30,100,200"])
    ['predict', 'clip.mp4', '--box=-12,30,100,200']
    """
    joined: list[str] = []
    for word in argv:
        if joined and joined[-1].startswith("--") and re.fullmatch(r"-[0-9.]+(e[+-]?[0-9]+)?,.*", word):
            joined[-1] += f"={word}"
        else:
            joined.append(word)
    return joined


def main(argv: list[str] | None = None) -> int:
    """Run one command.

    Returns 0 on success, 2 after one sentence on stderr for a mistake of the user's, 130 when interrupted, 141 when
    whoever read the output (`head`, say) has gone.
    """
    argv = sys.argv[1:] if argv is None else argv
    if argv and argv[0] in TRAINER_COMMANDS:
        # By name: the package never imports the stages, it only starts them.
        trainer_code: int = import_module("stages.cli").main(argv, prog="pose3d")
        return trainer_code
    argv = joined_negatives(argv)
    command = next((word for word in argv if word in COMMANDS), None)
    args = _parser(command).parse_args(argv)
    try:
        code: int = args.run(args)
        sys.stdout.flush()
        return code
    except PoseError as error:
        print(f"pose3d {args.command}: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print(f"pose3d {args.command}: interrupted", file=sys.stderr)
        return 130
    except BrokenPipeError:
        # Python flushes once more at its end, and must find somewhere to put what is left.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 141
