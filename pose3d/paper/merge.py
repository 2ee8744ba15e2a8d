"""What a pile of overlays says together, without starting the command line: for checks before hours of work."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

DATA_KEYS = ("train_files", "val_file", "test_file")


def merged(files: Sequence[Path]) -> dict[str, Any]:
    """The files as one configuration, the last one winning; mappings are merged, everything else is replaced."""
    content: dict[str, Any] = {}
    for path in files:
        content = _merge(content, yaml.safe_load(path.read_text()) or {})
    return content


def stores(files: Sequence[Path], keys: Sequence[str] = DATA_KEYS) -> list[Path]:
    """The pose stores that the configuration names under these keys of its data."""
    arguments = merged(files).get("data", {}).get("init_args", {})
    named: list[str] = []
    for key in keys:
        value = arguments.get(key) or []
        named += value if isinstance(value, list) else [value]
    return [Path(path) for path in named]


def digest(files: Sequence[Path], arguments: Sequence[str]) -> str:
    """Hash of what a command will do: the configuration, its phase table, further arguments."""
    content = merged(files)
    schedule = Path(str(content.get("model", {}).get("init_args", {}).get("schedule", "")))
    table = schedule.read_text() if schedule.is_file() else ""
    text = yaml.safe_dump(content, sort_keys=True) + table + "\n".join(arguments)
    return hashlib.sha256(text.encode()).hexdigest()


def _merge(base: Any, overlay: Any) -> Any:
    if isinstance(base, Mapping) and isinstance(overlay, Mapping):
        return {**base, **{key: _merge(base.get(key), value) for key, value in overlay.items()}}
    return overlay
