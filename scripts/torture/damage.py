"""Seeded damage: of bytes, and of the values in a YAML or JSON file."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import yaml

ODD_VALUES = (
    None, True, -1, 0, 1e30, float("nan"), float("inf"), 10**20, "", "text", "nan", "²", [], {}, [[]], {"a": 1}, "\x00",
)  # fmt: skip
STRUCTURED = (".json", ".yaml")


def damage(path: Path, rng: np.random.Generator) -> tuple[bytes, str]:
    """Damage the content of a file, half of the time at a value if it has values; returns it with a description."""
    if path.suffix in STRUCTURED and rng.random() < 0.5:
        return damage_value(path, rng)
    return damage_bytes(path.read_bytes(), rng)


def damage_bytes(content: bytes, rng: np.random.Generator) -> tuple[bytes, str]:
    """Cut, bytes changed, a block overwritten, repeated or removed."""
    data = bytearray(content)
    kind = ("cut", "bytes", "zeros", "noise", "repeat", "remove", "head")[int(rng.integers(7))]
    start = int(rng.integers(0, max(1, len(data))))
    length = int(min(len(data) - start, rng.integers(1, 1 + max(2, len(data) // 8))))
    if kind == "cut":
        data = data[:start]
    elif kind in ("bytes", "head"):
        for place in rng.integers(0, len(data) if kind == "bytes" else min(64, len(data)), rng.integers(1, 9)):
            data[place] = int(rng.integers(256))
    elif kind == "zeros":
        data[start : start + length] = bytes(length)
    elif kind == "noise":
        data[start : start + length] = rng.bytes(length)
    elif kind == "repeat":
        data[start:start] = data[start : start + length]
    else:
        del data[start : start + length]
    return bytes(data), f"{kind} at {start}"


def damage_value(path: Path, rng: np.random.Generator) -> tuple[bytes, str]:
    """Replace one value, drawn over all depths, by an unusual one, or remove it."""
    content = json.loads(path.read_text()) if path.suffix == ".json" else yaml.safe_load(path.read_text())
    place: Any = content
    steps: list[Any] = []
    while True:
        keys = list(place) if isinstance(place, dict) else range(len(place))
        key = keys[int(rng.integers(len(keys)))]
        steps.append(key)
        inner = place[key]
        if not (isinstance(inner, dict | list) and inner) or rng.random() < 0.1:
            break
        place = inner
    choice = int(rng.integers(len(ODD_VALUES) + 1))
    if choice == len(ODD_VALUES):
        del place[key]
    else:
        place[key] = ODD_VALUES[choice]
    what = "removed" if choice == len(ODD_VALUES) else repr(ODD_VALUES[choice])
    text = json.dumps(content) if path.suffix == ".json" else yaml.safe_dump(content)
    return text.encode(), f"{'.'.join(map(str, steps))}: {what}"
