"""Recipes by name: the YAML files of `configs/`, of which the installed package carries a copy.

A recipe is read from the working directory where it exists there, so that a checkout or a folder of one's own comes
first. Otherwise the packaged file of that name is read. In an empty folder, `lightning fit --config stage1.yaml` thus
finds the recipe, and the phase table that the recipe names.
"""

from collections.abc import Sequence
from pathlib import Path

from pose3d.errors import PoseError

FOLDER = "configs"
PACKAGED = Path(__file__).parent / FOLDER


def find_recipe(name: str | Path) -> Path:
    """The file as given if it exists, else the packaged recipe of that name, else the path as given.

    The folder `configs/` in front may be left out for a packaged recipe: `stage1.yaml`, `data/mpi_inf_3dhp.yaml`.
    """
    path = Path(name)
    parts = path.parts[1:] if path.parts[:1] == (FOLDER,) else path.parts
    if path.exists() or path.is_absolute() or ".." in parts or not parts:
        return path
    packaged = PACKAGED.joinpath(*parts)
    return packaged if packaged.is_file() else path


def find_recipes_in_arguments(arguments: Sequence[str]) -> list[str]:
    """Command-line words with the value of every `--config` (or `-c`) replaced by the file that it stands for."""
    found: list[str] = []
    for word in arguments:
        flag, equals, value = word.partition("=")
        if found and found[-1] in ("--config", "-c"):
            found.append(str(_text(find_recipe(word))))
        elif flag == "--config" and equals:
            found.append(f"{flag}={_text(find_recipe(value))}")
        else:
            found.append(word)
    return found


def _text(path: Path) -> Path:
    """The path, unless it is a file that is no text, which the parser would not name."""
    try:
        if path.is_file():
            path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise PoseError(f"{path} is no UTF-8 text ({error.reason} at byte {error.start}); write it again") from error
    return path


def recipe_folder() -> Path:
    """`configs/` of the working directory, or the packaged one where there is none."""
    return Path(FOLDER) if Path(FOLDER).is_dir() else PACKAGED
