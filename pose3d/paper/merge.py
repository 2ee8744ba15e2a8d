"""Merge configuration files without starting the command line, to check them before hours of training."""

from __future__ import annotations

import hashlib
import inspect
from collections.abc import Collection, Mapping, Sequence
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from pose3d.recipes import find_recipe

if TYPE_CHECKING:
    from pose3d.data import PoseDataModule

SPLITS = ("train", "val", "test")


def merged(files: Sequence[Path]) -> dict[str, Any]:
    """Merge files into one configuration: mappings are merged, other values are replaced by those of later files."""
    content: dict[str, Any] = {}
    for path in files:
        content = _merge(content, yaml.safe_load(find_recipe(path).read_text()) or {})
    return content


def data_module(files: Sequence[Path]) -> PoseDataModule:
    """Construct the data module of the configuration, without `setup()`."""
    data = merged(files)["data"]
    folder, _, name = data["class_path"].rpartition(".")
    kind = getattr(import_module(folder), name)
    known = {argument for base in kind.__mro__ for argument in inspect.signature(base.__init__).parameters}
    # After an overlay that changes the class, arguments of the former class are still there.
    made: PoseDataModule = kind(**{key: value for key, value in data.get("init_args", {}).items() if key in known})
    return made


def stores(files: Sequence[Path], splits: Sequence[str] = SPLITS) -> list[Path]:
    """The pose stores that the configuration names, existing or not."""
    data = data_module(files)
    names = data.store_names()
    names["train"] = [*names["train"], *data.unlabelled_files]
    found = [name for split in splits for name in names[split]]
    return [Path(file) for name in found for file in (name if isinstance(name, list) else [name])]


def missing_pictures(files: Sequence[Path], given: Collection[str] = ()) -> list[str]:
    """Missing sources of `backgrounds` and `textures` that the configuration names, without those that are given."""
    data = data_module(files)
    named = {"backgrounds": data.backgrounds, "textures": data.textures} if data.composite is not None else {}
    return [name for key, name in named.items() if name is not None and key not in given and not Path(name).exists()]


def digest(files: Sequence[Path], arguments: Sequence[str]) -> str:
    """Hash of everything that determines a command: the configuration, its phase table, further arguments."""
    content = merged(files)
    schedule = find_recipe(str(content.get("model", {}).get("init_args", {}).get("schedule", "")))
    table = schedule.read_text() if schedule.is_file() else ""
    text = yaml.safe_dump(content, sort_keys=True) + table + "\n".join(arguments)
    return hashlib.sha256(text.encode()).hexdigest()


def _merge(base: Any, overlay: Any) -> Any:
    if isinstance(base, Mapping) and isinstance(overlay, Mapping):
        return {**base, **{key: _merge(base.get(key), value) for key, value in overlay.items()}}
    return overlay
