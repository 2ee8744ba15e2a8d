"""W&B's distributions as suggestions of an optuna trial, and the points of a grid.

Normal distributions are drawn by their quantile: optuna searches a uniform in (0, 1), which the inverse cumulative
distribution turns into the value. Bounds follow W&B: those of `log_uniform` are exponents of e, those of
`log_uniform_values` the values themselves.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping
from statistics import NormalDist
from typing import TYPE_CHECKING, Any

from pose3d.errors import PoseError

if TYPE_CHECKING:
    from optuna.trial import BaseTrial

KEYS = {
    "constant": {"value"},
    "categorical": {"values"},
    "int_uniform": {"min", "max"},
    "uniform": {"min", "max"},
    "q_uniform": {"min", "max"},
    "log_uniform": {"min", "max"},
    "log_uniform_values": {"min", "max"},
    "q_log_uniform_values": {"min", "max"},
    "normal": set(),
    "q_normal": set(),
    "log_normal": set(),
    "q_log_normal": set(),
}
OPTIONAL = {"q_uniform": {"q"}, "q_log_uniform_values": {"q"}, "normal": {"mu", "sigma"}, "log_normal": {"mu", "sigma"}}
OPTIONAL |= {"q_normal": {"mu", "sigma", "q"}, "q_log_normal": {"mu", "sigma", "q"}}


def distribution(spec: Mapping[str, Any]) -> str:
    """Name of the distribution, by W&B's rule where the file leaves it out."""
    if "distribution" in spec:
        return str(spec["distribution"])
    if "value" in spec:
        return "constant"
    if "values" in spec:
        return "categorical"
    whole = isinstance(spec.get("min"), int) and isinstance(spec.get("max"), int)
    return "int_uniform" if whole else "uniform"


def check_parameter(name: str, spec: Any, grid: bool, where: str) -> None:
    """Raise PoseError unless the entry of one parameter can be searched."""
    what = f"parameter {name!r} of {where}"
    if not isinstance(spec, dict) or not spec:
        raise PoseError(f"{what} must be a mapping such as `{{values: [0.001, 0.1]}}`")
    if "parameters" in spec:
        raise PoseError(f"{what} nests parameters; write the flag with dots instead, as in model.lr_multipliers.trunk")
    kind = distribution(spec)
    if kind not in KEYS:
        raise PoseError(
            f"{what} has the distribution {kind!r}, which is not run locally; take one of {', '.join(KEYS)}"
        )
    keys = set(spec) - {"distribution"}
    if missing := KEYS[kind] - keys:
        raise PoseError(f"{what} ({kind}) needs {' and '.join(sorted(missing))}")
    if extra := keys - KEYS[kind] - OPTIONAL.get(kind, set()):
        raise PoseError(f"{what} ({kind}) does not take {sorted(extra)[0]!r}")
    if kind == "categorical" and not (isinstance(spec["values"], list) and spec["values"]):
        raise PoseError(f"{what} needs a list of at least one value")
    numbers = {key: spec[key] for key in keys & {"min", "max", "q", "mu", "sigma"}}
    for key, value in numbers.items():
        if not isinstance(value, int | float) or isinstance(value, bool):
            raise PoseError(f"{key} of {what} is {value!r}, no number (YAML wants a point in 1.0e-4)")
        if key in ("q", "sigma") and value <= 0:
            raise PoseError(f"{key} of {what} is {value}; it must be greater than 0")
    if "min" in numbers and not numbers["min"] < numbers["max"]:
        raise PoseError(f"{what} has min {numbers['min']} and max {numbers['max']}; min must be the smaller one")
    if kind.endswith("log_uniform_values") and numbers["min"] <= 0:
        raise PoseError(f"min of {what} is {numbers['min']}; a logarithmic range must be greater than 0")
    if grid and kind not in ("constant", "categorical"):
        raise PoseError(f"{what} is {kind}; a grid needs `values` (or the method random or bayes)")


def suggest(trial: BaseTrial, name: str, spec: Mapping[str, Any]) -> Any:
    """Value of one parameter for a trial."""
    kind = distribution(spec)
    match kind:
        case "constant":
            return spec["value"]
        case "categorical":
            return trial.suggest_categorical(name, spec["values"])
        case "int_uniform":
            return trial.suggest_int(name, spec["min"], spec["max"])
        case "uniform":
            return trial.suggest_float(name, spec["min"], spec["max"])
        case "q_uniform":
            return _rounded(trial.suggest_float(name, spec["min"], spec["max"]), spec)
        case "log_uniform":
            return math.exp(trial.suggest_float(name, spec["min"], spec["max"]))
        case "log_uniform_values":
            return trial.suggest_float(name, spec["min"], spec["max"], log=True)
        case "q_log_uniform_values":
            return _rounded(trial.suggest_float(name, spec["min"], spec["max"], log=True), spec)
    quantile = trial.suggest_float(name, 1e-6, 1 - 1e-6)
    value = NormalDist(spec.get("mu", 0.0), spec.get("sigma", 1.0)).inv_cdf(quantile)
    value = math.exp(value) if "log" in kind else value
    return _rounded(value, spec) if kind.startswith("q_") else value


def _rounded(value: float, spec: Mapping[str, Any]) -> float:
    """Nearest multiple of q (1 where the file gives none)."""
    step = spec.get("q", 1)
    return round(value / step) * step


def grid_points(parameters: Mapping[str, Mapping[str, Any]]) -> list[dict[str, Any]]:
    """All combinations of the categorical parameters, the last one turning fastest; constants are left out."""
    varied = {name: spec["values"] for name, spec in parameters.items() if distribution(spec) == "categorical"}
    return [dict(zip(varied, combination, strict=True)) for combination in itertools.product(*varied.values())]
