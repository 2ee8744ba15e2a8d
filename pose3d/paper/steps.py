"""The trainings behind the rows (`steps.yaml`) as configurations of the `lightning` command.

A configuration is the profile's recipe and overlays on it, each a few lines, the last one winning: the data, the
switches. A profile may add its own lines to a switch or a data set under the same name
(`configs/profiles/mini/ablations/both_sets.yaml`, `configs/profiles/mini/data/h36m.yaml`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import yaml

from pose3d.errors import PoseError
from pose3d.recipes import find_recipe, recipe_folder

FOLDER = Path(__file__).parent
CONFIGS = Path("configs")
FOUND_BOX = "test/box_2dposenet"
"""The one switch that is no overlay, but another way of testing (see `testing`)."""


@dataclass(frozen=True)
class Step:
    """One training. `data` is what it learns from, `parent` the step whose weights it takes over."""

    name: str
    stage: str
    data: str
    parent: str | None
    switches: tuple[str, ...]


@cache
def steps() -> dict[str, Step]:
    """All trainings by name; parents come before their children."""
    content = yaml.safe_load((FOLDER / "steps.yaml").read_text())
    return {
        name: Step(name, entry["stage"], entry["data"], entry.get("parent"), tuple(entry.get("switches", ())))
        for name, entry in content.items()
    }


def chain(name: str) -> list[Step]:
    """A training with its ancestors, the first one first."""
    step = steps()[name]
    return [*(chain(step.parent) if step.parent else []), step]


def needed(names: Sequence[str]) -> list[Step]:
    """All trainings that some need, each once, parents before children."""
    found = {step.name: step for name in names for step in chain(name)}
    return [step for name, step in steps().items() if name in found]


def profiles() -> list[str]:
    """Names of the profiles that have recipes for the paper's rows."""
    return sorted(path.name for path in (recipe_folder() / "profiles").glob("*") if (path / "data").is_dir())


def check_profile(profile: str) -> None:
    """Raise PoseError unless the profile exists."""
    if profile not in profiles():
        raise PoseError(f"there is no profile {profile!r}; known are {', '.join(profiles())}")


def training_configs(step: Step, profile: str) -> list[Path]:
    """The overlays of a training, in order."""
    files = [CONFIGS / "profiles" / profile / f"{step.stage}.yaml", _data(profile, step.data)]
    for switch in step.switches:
        files += _switch(profile, switch)
    return files


def evaluation_configs(step: Step, profile: str, test: str, switches: Sequence[str]) -> list[Path]:
    """The overlays of a test of a training's last checkpoint on another test set, with other switches.

    `FOUND_BOX` adds none: it is the command that differs.
    """
    files = training_configs(step, profile)
    files.append(_data(profile, f"{test}_test"))
    for switch in switches:
        files += _switch(profile, switch) if switch != FOUND_BOX else []
    return files


def has_stand_in(test: str, profile: str) -> bool:
    """Whether a profile has something to test on in the place of a test set of the paper."""
    return any(find_recipe(folder / f"{test}_test.yaml").is_file() for folder in _data_folders(profile))


def _data_folders(profile: str) -> tuple[Path, Path]:
    return CONFIGS / "profiles" / profile / "data", CONFIGS / "data"


def _data(profile: str, name: str) -> Path:
    """The data file of a profile, or else the shared one."""
    for folder in _data_folders(profile):
        if find_recipe(path := folder / f"{name}.yaml").is_file():
            return path
    raise PoseError(f"profile {profile!r} has no data {name!r}; add configs/profiles/{profile}/data/{name}.yaml")


def _switch(profile: str, name: str) -> list[Path]:
    """The overlay of a switch, and the profile's lines on it."""
    overlay = Path("ablations") / f"{name}.yaml"
    candidates = (CONFIGS / overlay, CONFIGS / "profiles" / profile / overlay)
    files = [path for path in candidates if find_recipe(path).is_file()]
    if not files:
        raise PoseError(f"the switch {name!r} has no overlay; add configs/ablations/{name}.yaml")
    return files
