"""The stores of the official data sets: the folder that each is prepared from, and the sources of the data sets."""

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
"""Names of the folders that `--root NAME=DIR` sets, and the sources of their contents."""


def read_roots(words: list[str], file: Path | None) -> dict[str, Path]:
    """Read folders by name from a YAML file `{name: folder}` and from words `name=folder`, which take precedence.

    Raises:
        PoseError: A name is unknown, a word has no `=`, a folder does not exist, or the file is not such a mapping.
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
    """A sentence on how to make a missing file of the embedded data set."""
    return "`make findings-data` renders it" if "findings" in path.parts else "`make data` makes the embedded data set"


def check_pictures(training: str, files: Sequence[Path], given: Collection[str] = ()) -> None:
    """Raise PoseError if pictures that a training names, and that are not given, do not exist."""
    for name in missing_pictures(files, given):
        raise PoseError(f"{training} needs the pictures {name}, which are not there; {rendered_by(Path(name))}")


@dataclass(frozen=True)
class OfficialStore:
    """A store of an official data set.

    Attributes:
        path: the store.
        source: name of the folder, a key of `ORIGIN`.
        preparation: how the store is prepared; None if the folder is not given.
    """

    path: Path
    source: str
    preparation: Preparation | None


def official_store(path: Path, roots: Mapping[str, Path], limit: int = 0) -> OfficialStore | None:
    """How a store is prepared from an official folder; None for a store that does not come from one.

    Args:
        limit: largest number of samples to prepare; 0: all.
    """
    from pose3d.data.published import Human36MDataModule, HumanEvaDataModule, MPIILSPDataModule, MPIINF3DHPDataModule

    for kind in (Human36MDataModule, MPIINF3DHPDataModule, MPIILSPDataModule, HumanEvaDataModule):
        known = {split.source for split in kind.splits}
        data = kind(roots={name: str(folder) for name, folder in roots.items() if name in known}, limit=limit)
        for split in data.splits:
            if data.store_path(split) == path:
                return OfficialStore(path, split.source, data.preparation(split))
    return None
