"""Hand-off of weights from one stage to the next: strict, by name, and recorded.

A checkpoint of this project is a Lightning checkpoint with one more key, `PROVENANCE`, a plain dictionary that says
which stage made it, from which backbone, skeleton, data and parent. `hand_off` reads such a file, refuses it unless it
is what the child needs, and copies the weights; every tensor of the parent is either transferred or named as dropped.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from pose3d.errors import PoseError
from pose3d.files import write_whole
from pose3d.weights_file import SUFFIX, read_weights

PROVENANCE = "provenance"
"""Key of the provenance dictionary in a checkpoint."""

NET = "net."
"""Prefix of a stage's network in the checkpoint's state dict."""

Provenance = dict[str, Any]


@dataclass(frozen=True)
class Part:
    """One top-level module of the child: the part of the parent it comes from ("all" of it), None for a new one."""

    name: str
    source: str | None
    tensors: int
    parameters: int


@dataclass(frozen=True)
class HandOffReport:
    """What a hand-off did: one `Part` a top-level module of the child, and who the parent was."""

    path: Path
    sha256: str
    parts: tuple[Part, ...]
    parent: Provenance


def sha256_of(path: str | Path) -> str:
    """SHA-256 of a file, as hexadecimal digits."""
    with Path(path).open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def read_checkpoint(path: str | Path, made_by: str = "") -> dict[str, Any]:
    """A checkpoint's content on the CPU, loaded without running any code of the file.

    `made_by` is the stage whose make target makes the file; a missing file names it. A damaged file, or one that no
    stage of this project wrote, is a PoseError with the reason. Exported weights (`pose3d.weights_file`) are read as a
    checkpoint without training state.
    """
    path = Path(path)
    if path.suffix == SUFFIX:
        state, content = read_weights(path)
        return {
            "state_dict": {NET + name: value for name, value in state.items()},
            "hyper_parameters": content["hyper_parameters"],
            PROVENANCE: content["provenance"],
        }
    if not path.is_file():
        remedy = f"`make {made_by}` makes it" if made_by else "check the path"
        raise PoseError(f"there is no checkpoint {path}; {remedy}")
    try:
        content = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # unpicklers raise whatever the damaged bytes suggest
        reason = str(error).split("\n")[0][:120]
        raise PoseError(
            f"{path} is damaged or no checkpoint ({type(error).__name__}: {reason}); make it again"
        ) from error
    if not isinstance(content, dict) or "state_dict" not in content or PROVENANCE not in content:
        raise PoseError(f"{path} was not written by a stage of this package; give a best.ckpt or last.ckpt of a run")
    return content


def hand_off(
    path: str | Path,
    child: nn.Module,
    mapping: Mapping[str, str],
    *,
    stage: str,
    expected: Mapping[str, Any],
    dropped_prefixes: Sequence[str] = (),
) -> HandOffReport:
    """Copy a parent's weights into `child`, bit for bit.

    Args:
        path: the parent's checkpoint.
        child: the network that receives.
        mapping: prefix in the parent's network -> prefix in the child, for example {"trunk.": "trunk."}. Below a child
            prefix, every tensor must be in the parent.
        stage: the stage that must have made the parent, for example "stage1".
        expected: provenance entries that parent and child must share, for example the backbone and the joint set.
        dropped_prefixes: prefixes in the parent's network that the child does not use. Any other tensor without a place
            in the child is an error.

    Raises:
        PoseError: no file, a damaged one, another stage, backbone or skeleton, tensors that do not fit.
    """
    path = Path(path)
    content = read_checkpoint(path, made_by=stage)
    parent: Provenance = content[PROVENANCE]
    if parent.get("stage") != stage:
        raise PoseError(
            f"{path} is a checkpoint of {parent.get('stage')}, but {stage} is what goes before; give that one"
        )
    for key, value in expected.items():
        if parent.get(key) != value:
            raise PoseError(f"{path} has {key} {parent.get(key)!r}, this stage has {value!r}; make them the same")
    weights = {k.removeprefix(NET): v for k, v in content["state_dict"].items() if k.startswith(NET)}
    arriving = _match(weights, child.state_dict(), mapping, dropped_prefixes, path)
    child.load_state_dict(arriving, strict=False)
    return HandOffReport(path, sha256_of(path), _parts(child, mapping), parent)


def _match(
    parent: Mapping[str, Tensor],
    child: Mapping[str, Tensor],
    mapping: Mapping[str, str],
    dropped_prefixes: Sequence[str],
    path: Path,
) -> dict[str, Tensor]:
    """Tensors for the child, by the child's names; nothing missing, misshapen or left over."""
    arriving: dict[str, Tensor] = {}
    placed: set[str] = set()
    for parent_prefix, child_prefix in mapping.items():
        wanted = [name for name in child if name.startswith(child_prefix)]
        if not wanted:
            raise ValueError(f"the child has nothing below {child_prefix!r}")
        for name in wanted:
            source = parent_prefix + name.removeprefix(child_prefix)
            if source not in parent:
                raise PoseError(f"{path} lacks {source}, which {name} needs; the two networks have different switches")
            if parent[source].shape != child[name].shape:
                shapes = f"{tuple(parent[source].shape)}, not {tuple(child[name].shape)}"
                raise PoseError(f"{source} of {path} has the shape {shapes}; the two networks have different switches")
            arriving[name] = parent[source]
            placed.add(source)
    unplaced = [name for name in parent if name not in placed and not name.startswith(tuple(dropped_prefixes))]
    if unplaced:
        raise PoseError(f"{unplaced[0]} of {path} has no place in this network; the two have different switches")
    return arriving


def _parts(child: nn.Module, mapping: Mapping[str, str]) -> tuple[Part, ...]:
    """One row a top-level module of the child."""
    parts = []
    for name, module in child.named_children():
        sources = [source for source, prefix in mapping.items() if f"{name}.".startswith(prefix)]
        tensors, parameters = len(module.state_dict()), sum(p.numel() for p in module.parameters())
        if tensors:
            parts.append(Part(name, sources[0].rstrip(".") or "all" if sources else None, tensors, parameters))
    return tuple(parts)


def ancestry(report: HandOffReport) -> Provenance:
    """What a child records of its parent: file, hash, step, metrics and the parent's own ancestry."""
    return {"path": str(report.path), "sha256": report.sha256, **report.parent}


def config_hash(config: Mapping[str, Any]) -> str:
    """SHA-256 of a configuration, independent of the order of its keys."""
    return hashlib.sha256(json.dumps(config, sort_keys=True, default=str).encode()).hexdigest()


def write_sidecar(checkpoint_path: str | Path, provenance: Provenance) -> None:
    """Write the provenance as readable JSON beside a checkpoint: best.ckpt -> best.json."""
    path = Path(checkpoint_path).with_suffix(".json")
    write_whole(path, json.dumps(provenance, indent=2, sort_keys=True) + "\n")
