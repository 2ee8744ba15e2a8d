"""Names of weights: "released" in this package, a folder, a file, or a repository of the Hugging Face hub.

A folder of weights holds one file a stage, `stage1.safetensors` and so on, each with its JSON file (see
`pose3d.weights_file`). Folders of runs serve as well: there the files are `stage1/best.ckpt` and so on.
"""

from __future__ import annotations

import re
from pathlib import Path

from pose3d.errors import PoseError
from pose3d.weights_file import SUFFIX

RELEASED = "released"
RELEASED_FOLDER = Path(__file__).parent / "released"
FILES = (".ckpt", SUFFIX)
"""Suffixes of single files. A name with one is a file, whether it exists or not; whoever reads it tells."""
_REPOSITORY = re.compile(r"[\w.-]+/[\w.-]+")


def find_weights(name: str | Path) -> Path:
    """The folder or file of a name; a repository's files are downloaded and kept by huggingface_hub.

    Raises PoseError where there is nothing of that name.
    """
    if str(name) == RELEASED and not Path(name).exists():
        return RELEASED_FOLDER
    path = Path(name)
    if path.exists() or path.suffix in FILES:
        return path
    if _REPOSITORY.fullmatch(str(name)):
        return _download(str(name))
    raise PoseError(
        f"there are no weights {name}: give {RELEASED}, a folder, a {SUFFIX} or .ckpt file, or OWNER/NAME on the hub"
    )


def stage_file(name: str | Path, *stages: str) -> Path | None:
    """The file of the first of `stages` that the weights `name` have; None if they have none of them.

    A name that is a file is that file, whatever its stage: whoever loads it checks.
    """
    place = find_weights(name)
    if not place.is_dir():
        return place
    for stage in stages:
        for file in (place / f"{stage}{SUFFIX}", place / stage / "best.ckpt"):
            if file.is_file():
                return file
    return None


def required_stage_file(name: str | Path, *stages: str) -> Path:
    """`stage_file`; a PoseError where there is none."""
    found = stage_file(name, *stages)
    if found is None:
        wanted = " or ".join(f"{stage}{SUFFIX}" for stage in stages)
        raise PoseError(f"the weights {name} have no {wanted}; give weights of {' or '.join(stages)}")
    return found


def stage1_beside(name: str | Path) -> Path:
    """The 2DPoseNet that goes with 3D weights: from the same folder or the same runs, else the released one."""
    place = find_weights(name)
    if place.is_dir():
        found = stage_file(place, "stage1")
    else:
        beside = [place.with_name(f"stage1{SUFFIX}"), place.parent.parent / "stage1" / place.name]
        found = next((file for file in beside if file.is_file() and file != place), None)
    return found or RELEASED_FOLDER / f"stage1{SUFFIX}"


def _download(repository: str) -> Path:
    from huggingface_hub import snapshot_download

    try:
        return Path(snapshot_download(repository, allow_patterns=["*.safetensors", "*.json", "README.md"]))
    except Exception as error:  # no network, no such repository, no access: the hub's errors share no base class
        reason = next((line for line in str(error).splitlines() if line.strip()), type(error).__name__)
        raise PoseError(
            f"there is no file or folder {repository}, and it cannot be downloaded from the hub ({reason[:160]})"
        ) from error
