"""Joints by the names that other tools give them: COCO categories, tables, mocap files."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import numpy as np

from pose3d.errors import PoseError
from pose3d.skeleton import MPI_INF_3DHP_17

_ALIASES: Final = {
    "head_top": ("headtop", "topofhead", "vertex", "crown"),
    "neck": ("neck", "upperneck"),
    "pelvis": ("pelvis", "hip", "hips", "midhip", "hipcenter", "root"),
    "spine": ("spine", "spine1", "torso", "mid_spine", "belly"),
    "head": ("head",),
}
_LIMBS: Final = ("shoulder", "elbow", "wrist", "hip", "knee", "ankle")


def _plain(name: str) -> str:
    """Letters and digits, in lower case."""
    return re.sub(r"[^a-z0-9]", "", name.lower())


def _known() -> dict[str, str]:
    """Plain name -> joint of MPI_INF_3DHP_17."""
    known = {_plain(alias): joint for joint, aliases in _ALIASES.items() for alias in aliases}
    for side in ("left", "right"):
        for limb in _LIMBS:
            joint = f"{side[0]}_{limb}"
            for name in (f"{side[0]}{limb}", f"{side}{limb}", f"{limb}{side}", f"{limb}{side[0]}"):
                known[name] = joint
    return known


KNOWN: Final = _known()


def match_joints(names: Sequence[str], given: dict[str, str] | None = None) -> np.ndarray:
    """For each of the 17 joints, its index in `names`, or -1, (17,) int64.

    Args:
        names: as a file has them; upper case, blanks, "left" or "l" and the place of the side do not matter.
        given: joint of the 17 -> name in `names`, where the usual names do not fit.

    Raises:
        PoseError: `given` names a joint or a name that does not exist.
    """
    index = np.full(len(MPI_INF_3DHP_17), -1, np.int64)
    for place, name in enumerate(names):
        joint = KNOWN.get(_plain(name))
        if joint is not None and index[MPI_INF_3DHP_17.index(joint)] < 0:
            index[MPI_INF_3DHP_17.index(joint)] = place
    for joint, name in (given or {}).items():
        if name and name not in names:
            raise PoseError(f"there is no joint {name!r} for {joint}; the file has {', '.join(names)}")
        index[MPI_INF_3DHP_17.index(joint)] = list(names).index(name) if name else -1
    return index


def read_names(path: Path | None) -> dict[str, str]:
    """A JSON file that maps joints of the 17 to the names in a data file; "" for a joint that it lacks."""
    if path is None:
        return {}
    try:
        content = json.loads(path.read_text())
    except (OSError, ValueError) as error:
        raise PoseError(f"cannot read the names of joints in {path}: {error}; write a JSON object") from error
    if not isinstance(content, dict) or not all(isinstance(name, str) for name in content.values()):
        raise PoseError(f'{path} is no JSON object of names; write for example {{"pelvis": "MidHip"}}')
    for joint in content:
        MPI_INF_3DHP_17.index(joint)
    return content
