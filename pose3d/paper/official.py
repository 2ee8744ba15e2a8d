"""The stores of the official data sets: which folder each is made of, and where the data sets come from."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

import yaml

from pose3d.data.sources.humaneva import CONVERSION
from pose3d.errors import PoseError
from pose3d.paper.merge import missing_pictures
from pose3d.suggestions import did_you_mean

if TYPE_CHECKING:
    from pose3d.data.preparation import Preparation

ORIGIN: Final = {
    "h36m": "vision.imar.ro/human3.6m (on request): the folders S1 ... S11 and metadata.xml",
    "mpi_inf_3dhp": "vcai.mpi-inf.mpg.de/3dhp-dataset: S1 ... S8 with videos, masks and annot.mat",
    "mpi_inf_3dhp_test": "vcai.mpi-inf.mpg.de/3dhp-dataset: mpi_inf_3dhp_test_set, TS1 ... TS6",
    "mpii": "human-pose.mpi-inf.mpg.de: images and the .mat; to score, also annot/valid.json (the validation people) "
    "and annot/gt_valid.mat (their head boxes), both from the MPII annotations of HRNet "
    "(github.com/leoxiaobin/deep-high-resolution-net.pytorch)",
    "lsp": "the Leeds Sports Poses page: images and joints.mat",
    "lspet": "the Leeds Sports Poses page: the extended training set, images and joints.mat",
    "humaneva": f"humaneva.is.tue.mpg.de (on request): S1 with videos, calibration and synchronisation; {CONVERSION}",
}
"""Folders that `--root NAME=DIR` names, and where their content comes from."""


def read_roots(words: list[str], file: Path | None) -> dict[str, Path]:
    """Folders by name from a YAML file `{name: folder}` and from words `name=folder`, which come second.

    Raises:
        PoseError: an unknown name, a word without `=`, a folder that is not there, a file that is no such mapping.
    """
    named: dict[str, str] = {}
    if file is not None:
        try:
            content = yaml.safe_load(file.read_text())
        except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
            raise PoseError(f"--roots {file} cannot be read: {' '.join(str(error).split())}") from error
        if not isinstance(content, dict):
            raise PoseError(f"--roots {file} must map names to folders, for example `h36m: /data/h36m`")
        named |= {str(name): str(folder) for name, folder in content.items()}
    for word in words:
        name, equals, folder = word.partition("=")
        if not equals:
            raise PoseError(f"--root {word!r} must be NAME=DIR, for example h36m=/data/h36m")
        named[name] = folder
    for name, folder in named.items():
        if name not in ORIGIN:
            raise PoseError(f"there is no data set {name!r}; {did_you_mean(name, ORIGIN)}")
        if not Path(folder).is_dir():
            raise PoseError(f"there is no folder {folder}, which is named as the root of {name}")
    return {name: Path(folder) for name, folder in named.items()}


def rendered_by(path: Path) -> str:
    """What makes a file of the embedded data set that is missing."""
    return "`make findings-data` renders it" if "findings" in path.parts else "`make data` makes the embedded data set"


def check_pictures(training: str, files: Sequence[Path], given: Collection[str] = ()) -> None:
    """Raise PoseError for pictures that a training names and that are not there; not for those given."""
    for name in missing_pictures(files, given):
        raise PoseError(f"{training} needs the pictures {name}, which are not there; {rendered_by(Path(name))}")


@dataclass(frozen=True)
class OfficialStore:
    """A store of an official data set.

    Attributes:
        path: the store.
        source: the folder's name, a key of `ORIGIN`.
        preparation: how it is made; None where the folder is not named.
    """

    path: Path
    source: str
    preparation: Preparation | None


def official_store(path: Path, roots: Mapping[str, Path], limit: int = 0) -> OfficialStore | None:
    """How a store is made of an official folder; None for a store that no official folder makes.

    `limit` prepares only so many samples; 0 for all.
    """
    from pose3d.data.published import Human36MDataModule, HumanEvaDataModule, MPIILSPDataModule, MPIINF3DHPDataModule

    for kind in (Human36MDataModule, MPIINF3DHPDataModule, MPIILSPDataModule, HumanEvaDataModule):
        known = {split.source for split in kind.splits}
        data = kind(roots={name: str(folder) for name, folder in roots.items() if name in known}, limit=limit)
        for split in data.splits:
            if data.store_path(split) == path:
                return OfficialStore(path, split.source, data.preparation(split))
    return None
