"""The parser of our own commands: argparse, with options in full only."""

import argparse
import sys
from collections.abc import Sequence
from typing import Any

from pose3d.suggestions import did_you_mean


class CommandParser(argparse.ArgumentParser):
    """Refuses an option that it does not know, and one cut short, with the nearest names.

    argparse guesses what `--lim` means, and the guess changes when a command gets another option. Subcommands get
    parsers of this class.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **{"allow_abbrev": False} | kwargs)

    def parse_known_args(self, args: Any = None, namespace: Any = None) -> tuple[Any, list[str]]:
        """As argparse does, after a look at the options up to a subcommand, which looks at its own."""
        self._refuse_unknown(sys.argv[1:] if args is None else args)
        return super().parse_known_args(args, namespace)

    def _refuse_unknown(self, words: Sequence[str]) -> None:
        for word in words:
            if word == "--" or (self._subparsers is not None and not word.startswith("-")):
                return
            option = word.partition("=")[0]
            if option.startswith("--") and option not in self._option_string_actions:
                known = [name for name in self._option_string_actions if name.startswith("--")]
                self.error(f"unknown option {option}; {did_you_mean(option, known)}")
