"""Output paths of the command line: names that do not collide, checked before the work starts."""

from collections.abc import Iterable
from pathlib import Path

import numpy as np

from pose3d.errors import PoseError
from pose3d.files import check_target

FOLDER = Path("runs/predict")
PREDICTIONS = "predictions.npz"
SUFFIXES = (".npz", ".h5", ".hdf5")


def predictions_file(out: Path | None, source: str, inputs: Iterable[str | Path | None] = ()) -> Path:
    """The predictions file of `--out`, a folder or a file; by default in a folder of `FOLDER` named after the input.

    Raises:
        PoseError: The file has another suffix, cannot be written, or is the source or another of the `inputs`.
    """
    if out is None:
        out = default_folder(source)
    if out.suffix in SUFFIXES:
        target = out
    elif out.is_file():
        raise PoseError(f"--out {out} is a file of another kind; give a folder, or a file .npz or .h5")
    else:
        target = out / PREDICTIONS
    check_target(target, [source, *inputs])
    return target


def default_folder(source: str) -> Path:
    """A folder named after the input, without predictions of another input.

    Inputs of the same name get NAME, NAME-2, NAME-3, ... in the order of their predictions; an input that was predicted
    before gets its folder again.
    """
    path = Path(source)
    stem = path.stem if path.is_file() and path.suffix[1:2].isalpha() else path.resolve().name
    name = "".join(c if c.isalnum() or c in "._- " else "_" for c in stem).strip(". ") or "frames"
    number = 1
    while True:
        folder = FOLDER / (name if number == 1 else f"{name}-{number}")
        owner = source_of(folder / PREDICTIONS)
        if owner is None or owner == source_name(source):
            return folder
        number += 1


def source_name(source: str) -> str:
    """The recorded name of an input: the absolute path of a file, the address of a stream."""
    return str(Path(source).resolve()) if Path(source).exists() else source


def source_of(path: Path) -> str | None:
    """The input that a predictions file (.npz) records; "" if it records none, None if there is no file."""
    if not path.exists():
        return None
    try:
        with np.load(path, allow_pickle=False) as content:
            return str(content["source"]) if "source" in content.files else ""
    except (OSError, ValueError, EOFError, KeyError):
        return ""


def beside(predictions: Path, ending: str) -> Path:
    """A further output: in the folder of `predictions.npz`, or named after a predictions file of another name."""
    stem = predictions.stem
    return predictions.with_name(ending.lstrip("_.") if stem == "predictions" else f"{stem}_{ending.lstrip('_.')}")
