"""Argument types of the data modules with their bounds, so that the command line refuses a value while parsing.

In Python nothing checks annotations; `check_bounds` applies the same bounds there.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, get_args, get_origin

from jsonargparse.typing import ClosedUnitInterval as _Share
from jsonargparse.typing import NonNegativeInt as _NonNegativeInt
from jsonargparse.typing import PositiveInt as _PositiveInt
from jsonargparse.typing import restricted_number_type

from pose3d.errors import PoseError

if TYPE_CHECKING:
    PositiveInt = int
    NonNegativeInt = int
    CropSide = int
    PositiveFloat = float
    NonNegativeFloat = float
    Margin = float
    Share = float
    Decay = float
else:
    PositiveInt, NonNegativeInt = _PositiveInt, _NonNegativeInt
    PositiveFloat = restricted_number_type("FinitePositiveFloat", float, [(">", 0), ("<", math.inf)])
    NonNegativeFloat = restricted_number_type("FiniteNonNegativeFloat", float, [(">=", 0), ("<", math.inf)])
    Margin = restricted_number_type("Margin", float, [(">=", 0.5), ("<=", 10)])
    Share = _Share
    Decay = restricted_number_type("Decay", float, [(">=", 0), ("<", 1)])
    CropSide = restricted_number_type("CropSide", int, (">=", 32))


def check_bounds(hints: Mapping[str, Any], arguments: Mapping[str, Any]) -> None:
    """Raise PoseError where an argument lies outside the bounds of its type.

    Args:
        hints: types of the arguments by name, as `typing.get_type_hints` gives them.
        arguments: their values.
    """
    for name, hint in hints.items():
        if name in arguments:
            _check(name, hint, arguments[name])


def _check(name: str, hint: Any, value: Any) -> None:
    """One argument. Of a union the first bounded number counts; strings and None are other members of it."""
    if value is None or isinstance(value, str | bool):
        if isinstance(value, bool) and hasattr(hint, "_restrictions"):
            raise PoseError(f"data.{name} is {value!r}; it must be a number")
        return
    if hasattr(hint, "_restrictions"):
        _check_number(name, hint, value)
    elif isinstance(value, list | tuple):
        for kind in get_args(hint):
            inner = kind if get_origin(hint) in (list, tuple) else next(iter(get_args(kind)), None)
            for item in value if inner is not None else ():
                _check(name, inner, item)
    elif isinstance(value, Mapping):
        for kind in get_args(hint):
            inner = get_args(hint)[1] if get_origin(hint) is dict else next(iter(get_args(kind)[1:]), None)
            for item in value.values() if inner is not None else ():
                _check(name, inner, item)
    else:
        for kind in get_args(hint):
            if hasattr(kind, "_restrictions"):
                _check_number(name, kind, value)


def _check_number(name: str, kind: Any, value: Any) -> None:
    try:
        kind(value)
    except (ValueError, TypeError) as error:
        bounds = kind._expression.replace("v", "").replace("<inf", "finite")
        number = "an integer" if kind._type is int else "a number"
        raise PoseError(f"data.{name} is {value!r}; it must be {number} {bounds}") from error
