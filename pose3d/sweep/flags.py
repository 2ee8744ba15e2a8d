"""Check that the parameters of a sweep are flags of its command, by asking the command before the first trial."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator, Mapping
from typing import Any

import yaml

from pose3d.errors import PoseError
from pose3d.suggestions import did_you_mean
from pose3d.sweep.command import expand, is_stage
from pose3d.sweep.file import Sweep
from pose3d.sweep.process import environment


def check_flags(sweep: Sweep) -> None:
    """Raise PoseError when a parameter is no flag of the command's configuration, with the closest that are.

    Only commands that train a stage can be asked; others are left alone. The command runs once without `${args}` and
    with `--print_config`, which trains nothing.
    """
    words = [word for word in sweep.command if not word.startswith("${args")]
    if not is_stage(words):
        return
    run = subprocess.run(
        [*expand(words, {}, sweep.program), "--print_config"], capture_output=True, text=True, env=environment()
    )
    if run.returncode != 0:
        said = [line.strip() for line in run.stderr.splitlines() if line.strip()] or ["it printed nothing"]
        raise PoseError(f"the command of {sweep.path} does not parse: {said[-1]}")
    known = flags(yaml.safe_load(run.stdout))
    for name in sweep.parameters:
        if name not in known:
            raise PoseError(f"the sweep key {name!r} of {sweep.path} names nothing; {_nearest(name, known)}")


def flags(config: Mapping[str, Any]) -> list[str]:
    """Dotted names of everything in a printed configuration, inner nodes included."""

    def walk(node: Any, prefix: str) -> Iterator[str]:
        if isinstance(node, Mapping):
            for key, value in node.items():
                yield f"{prefix}{key}"
                yield from walk(value, f"{prefix}{key}.")

    names = list(walk(config, ""))
    # `data.init_args.batch_size` may also be written `data.batch_size`.
    return names + [name.replace(".init_args.", ".") for name in names if ".init_args." in name]


def _nearest(name: str, known: list[str]) -> str:
    """Closest flags, by full name, else by the last word of the name."""
    last = name.rpartition(".")[2]
    hint = did_you_mean(name, known)
    if hint.startswith("did you mean"):
        return hint
    same = [flag for flag in known if flag.rpartition(".")[2] == last]
    return f"did you mean {' or '.join(same)}?" if same else "see `lightning fit --help` for the flags"
