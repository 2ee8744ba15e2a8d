"""Weights apart from training state: `stage3.safetensors` with its tensors, `stage3.json` with everything else.

The JSON file holds what builds the network (`hyper_parameters`), where the weights come from (`provenance`) and the
SHA-256 of the tensors' file. Floating-point tensors are stored in float16, statistics of batch norm in float32, and are
float32 again when they are read. Reading runs no code of the files.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from pose3d.errors import PoseError
from pose3d.files import check_target, write_whole

SUFFIX = ".safetensors"
FORMAT = "pose3d weights 1"
KEYS = ("format", "sha256", "hyper_parameters", "provenance")
FULL_PRECISION = ("running_mean", "running_var")
"""Ends of the names of tensors that stay in float32: variances can lie outside float16's range."""


def write_weights(
    path: str | Path, state: Mapping[str, Tensor], hyper_parameters: Mapping[str, Any], provenance: Mapping[str, Any]
) -> str:
    """Write both files and return the SHA-256 of the tensors' file.

    Args:
        path: ends in .safetensors; the JSON file lies beside it.
        state: tensors by name.
        hyper_parameters, provenance: plain data.
    """
    from safetensors.torch import save

    path = Path(path)
    if path.suffix != SUFFIX:
        raise PoseError(f"weights are written as {SUFFIX}, not {path.suffix!r}: {path}")
    config = path.with_suffix(".json")
    check_target(path)
    check_target(config)
    if config.exists() and not _describes_weights(config):
        raise PoseError(f"{config} is there and describes no weights; choose another name for {path.name}")
    stored = {name: _stored(name, value) for name, value in state.items()}
    data = save(stored, metadata={"format": FORMAT})
    write_whole(path, data)
    digest = hashlib.sha256(data).hexdigest()
    described = (without_folders(dict(hyper_parameters)), without_folders(provenance))
    content = dict(zip(KEYS, (FORMAT, digest, *described), strict=True))
    write_whole(config, json.dumps(content, indent=2, sort_keys=True) + "\n")
    return digest


def _describes_weights(config: Path) -> bool:
    """Whether a JSON file is one that `write_weights` wrote."""
    try:
        return set(KEYS) <= set(json.loads(config.read_text()))
    except (OSError, ValueError, TypeError):
        return False


def read_weights(path: str | Path) -> tuple[dict[str, Tensor], dict[str, Any]]:
    """Tensors (floating point in float32) and the content of the JSON file; a PoseError where the two do not belong
    together."""
    from safetensors import SafetensorError
    from safetensors.torch import load

    path = Path(path)
    config = path.with_suffix(".json")
    for file in (path, config):
        if not file.is_file():
            raise PoseError(f"there are no weights {file}; weights are a {SUFFIX} file and a .json file of that name")
    try:
        content = json.loads(config.read_text())
        data = path.read_bytes()
        state = load(data)
    except (ValueError, SafetensorError) as error:
        reason = " ".join(str(error).split())[:120]
        raise PoseError(f"{path} or its .json file is damaged ({reason}); export it again") from error
    if not isinstance(content, dict) or any(key not in content for key in KEYS):
        raise PoseError(f"{config} does not describe weights of this package: it needs {', '.join(KEYS)}")
    if content["format"] != FORMAT:
        raise PoseError(f"{config} has the format {content['format']!r}; this version reads {FORMAT!r}")
    if hashlib.sha256(data).hexdigest() != content["sha256"]:
        raise PoseError(f"{path} is not the file that {config.name} describes (SHA-256); export both again")
    return {k: v.float() if v.is_floating_point() else v for k, v in state.items()}, content


def without_folders(value: Any) -> Any:
    """Plain data in which every absolute path is a file name: folders of the machine that trained are private."""
    if isinstance(value, Mapping):
        return {key: without_folders(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [without_folders(item) for item in value]
    return Path(value).name if isinstance(value, str) and Path(value).is_absolute() else value


def _stored(name: str, value: Tensor) -> Tensor:
    if value.is_floating_point():
        value = value.to(torch.float32 if name.endswith(FULL_PRECISION) else torch.float16)
        if not value.isfinite().all():
            raise PoseError(f"{name} has values outside float16's range; these weights cannot be exported")
    return value.detach().cpu().contiguous()
