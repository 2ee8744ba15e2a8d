"""Words of a trial's command: the macros of W&B's `command:` filled in, as its agent does."""

from __future__ import annotations

import json
import os
import re
import sys
from collections.abc import Mapping, Sequence
from typing import Any

from pose3d.errors import PoseError

MACROS = (
    "env",
    "interpreter",
    "program",
    "args",
    "args_no_equals",
    "args_no_hyphens",
    "args_no_boolean_flags",
    "args_json",
)


def expand(command: Sequence[str], values: Mapping[str, Any], program: str | None = None) -> list[str]:
    """The command of one trial.

    `${args}` becomes one word `--name=value` for each parameter. Raises PoseError for a macro that does not exist and
    for an environment variable (`${envvar:NAME}`) that is not set.
    """
    flags = [f"--{name}={_text(value)}" for name, value in values.items()]
    words: dict[str, list[str]] = {
        "env": ["/usr/bin/env"],
        "interpreter": [sys.executable],
        "program": [program] if program else [],
        "args": flags,
        "args_no_equals": [word for flag in flags for word in flag.split("=", 1)],
        "args_no_hyphens": [flag.removeprefix("--") for flag in flags],
        "args_no_boolean_flags": [
            flag if not isinstance(value, bool) else flag.partition("=")[0]
            for flag, value in zip(flags, values.values(), strict=True)
            if value is not False
        ],
        "args_json": [json.dumps(dict(values))],
    }
    expanded: list[str] = []
    for word in command:
        macro = re.fullmatch(r"\$\{(\w+)\}", word)
        if macro is None:
            expanded.append(re.sub(r"\$\{envvar:(\w+)\}", _environment, word))
        elif macro[1] in words:
            expanded += words[macro[1]]
        else:
            raise PoseError(f"the command uses the unknown macro {word}; known are {', '.join(MACROS)}, envvar:NAME")
    return expanded


def is_stage(command: Sequence[str]) -> bool:
    """Whether a command trains one of the stages (`lightning fit`, `python -m stages fit`), whose flags are known."""
    return "fit" in command and bool({"lightning", "stages"} & set(command))


def _text(value: Any) -> str:
    """A value as the command line reads it back: numbers in full, true and false as YAML."""
    return value if isinstance(value, str) else json.dumps(value)


def _environment(match: re.Match[str]) -> str:
    """Value of the environment variable that the macro names."""
    if match[1] not in os.environ:
        raise PoseError(f"the command reads the environment variable {match[1]}, which is not set; export it")
    return os.environ[match[1]]
