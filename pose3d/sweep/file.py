"""A W&B sweep file, read and checked: the same file serves `wandb sweep` and `pose3d sweep`.

Keys and defaults follow W&B's sweep schema (package `sweeps`, config/schema.json). Keys that only steer W&B's server
(`project`, `entity`, `controller`, ...) are accepted and ignored here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from pose3d.errors import PoseError
from pose3d.recipes import find_recipe
from pose3d.suggestions import did_you_mean
from pose3d.sweep.space import check_parameter

METHODS = ("grid", "random", "bayes")
KEYS = ("name", "description", "program", "command", "method", "metric", "parameters", "early_terminate", "run_cap")
SERVER_KEYS = ("project", "entity", "controller", "apiVersion", "kind", "job", "image_uri")
HYPERBAND_KEYS = ("type", "min_iter", "max_iter", "s", "eta", "strict")


@dataclass(frozen=True)
class Sweep:
    """One sweep: what is searched, how, and the command of a trial."""

    path: Path
    name: str
    method: str
    metric: str
    maximize: bool
    parameters: Mapping[str, Mapping[str, Any]]
    command: tuple[str, ...]
    program: str | None = None
    run_cap: int | None = None
    early_terminate: Mapping[str, Any] = field(default_factory=dict)


def load_sweep(path: str | Path) -> Sweep:
    """Read a sweep file. Anything that W&B or this runner cannot use raises a PoseError that names file and key."""
    path = find_recipe(path)
    if not path.is_file():
        near = sorted(str(p) for p in path.parent.glob("*.yaml")) if path.parent.is_dir() else []
        hint = did_you_mean(str(path), near or ["configs/sweeps/table1.yaml"])
        raise PoseError(f"there is no sweep file {path}; {hint}")
    try:
        content = yaml.safe_load(path.read_text())
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise PoseError(f"{path} is not valid YAML: {' '.join(str(error).split())}") from error
    if not isinstance(content, dict):
        raise PoseError(f"{path} is no sweep file: it needs the keys method, metric, parameters, command")
    for key in content:
        if key not in KEYS + SERVER_KEYS:
            raise PoseError(f"{path} has the unknown key {key!r}; {did_you_mean(str(key), KEYS)}")
    method = content.get("method")
    if method not in METHODS:
        raise PoseError(f"method of {path} is {method!r}; {did_you_mean(str(method), METHODS)}")
    metric, maximize = _metric(content.get("metric"), path)
    return Sweep(
        path=path,
        name=str(content.get("name", path.stem)),
        method=method,
        metric=metric,
        maximize=maximize,
        parameters=_parameters(content.get("parameters"), method, path),
        command=_command(content.get("command"), content.get("program"), path),
        program=content.get("program"),
        run_cap=_run_cap(content.get("run_cap"), method, path),
        early_terminate=_early_terminate(content.get("early_terminate"), path),
    )


def _metric(metric: Any, path: Path) -> tuple[str, bool]:
    """Name of the figure of merit and whether more is better."""
    if not isinstance(metric, dict) or not isinstance(metric.get("name"), str):
        raise PoseError(f"{path} names no metric; write `metric: {{name: val/mpjpe_mm, goal: minimize}}`")
    goal = metric.get("goal", "minimize")
    if goal not in ("minimize", "maximize"):
        raise PoseError(f"goal of the metric in {path} is {goal!r}; it must be minimize or maximize")
    return metric["name"], goal == "maximize"


def _parameters(parameters: Any, method: str, path: Path) -> dict[str, dict[str, Any]]:
    """The searched parameters, each checked against its distribution."""
    if not isinstance(parameters, dict) or not parameters:
        raise PoseError(f"{path} searches nothing; list the command's flags under `parameters:`")
    for name, spec in parameters.items():
        check_parameter(str(name), spec, grid=method == "grid", where=str(path))
    return parameters


def _command(command: Any, program: Any, path: Path) -> tuple[str, ...]:
    """The words of a trial's command, macros unexpanded; W&B's default when the file gives only `program`."""
    if command is None and isinstance(program, str):
        return "${env}", "${interpreter}", "${program}", "${args}"
    if not isinstance(command, list) or not command:
        raise PoseError(f"{path} has no command; write `command: [${{env}}, lightning, fit, ..., ${{args}}]`")
    words = tuple(str(word) for word in command)
    if not any(word.startswith("${args") for word in words):
        raise PoseError(f"the command of {path} never uses ${{args}}, so every trial would be the same; append it")
    return words


def _run_cap(cap: Any, method: str, path: Path) -> int | None:
    """Largest number of trials; a grid ends by itself, a search without a cap would not."""
    if cap is None and method != "grid":
        raise PoseError(f"{path} is a {method} search without `run_cap`, which never ends; add `run_cap: 30`, say")
    if cap is not None and (not isinstance(cap, int) or isinstance(cap, bool) or cap < 1):
        raise PoseError(f"run_cap of {path} is {cap!r}; it must be a whole number of at least 1")
    return cap


def _early_terminate(stop: Any, path: Path) -> dict[str, Any]:
    """Hyperband's settings as W&B knows them, empty when the file asks for none."""
    if stop is None:
        return {}
    if not isinstance(stop, dict) or stop.get("type") != "hyperband":
        raise PoseError(f"early_terminate of {path} must have `type: hyperband`, the only kind that W&B knows")
    for key in stop:
        if key not in HYPERBAND_KEYS:
            hint = did_you_mean(key, HYPERBAND_KEYS)
            raise PoseError(f"early_terminate of {path} has the unknown key {key!r}; {hint}")
    if "min_iter" not in stop and not {"max_iter", "s"} <= set(stop):
        raise PoseError(f"early_terminate of {path} needs min_iter, or max_iter together with s")
    for key in ("min_iter", "max_iter", "s", "eta"):
        if key in stop and (not isinstance(stop[key], int) or stop[key] < (2 if key == "eta" else 1)):
            raise PoseError(f"{key} of early_terminate in {path} is {stop[key]!r}; it must be a whole positive number")
    return stop
