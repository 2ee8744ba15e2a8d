"""The trainings behind the rows (`steps.yaml`) as configurations of the `lightning` command.

A configuration is the recipe of a profile with overlays for the data and the switches; later files take precedence. A
profile may add lines to a switch (`configs/profiles/mini/ablations/both_sets.yaml`), and may have its own data as
stand-ins for the official sets (`configs/profiles/mini/data/`, with the lines on switches that these data need).
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
FOUND_BOX, FRAME_TIME = "test/box_2dposenet", "test/frame_time"
WHOLE_METHOD = (FOUND_BOX, FRAME_TIME)
"""Switches that are not overlays but select a test with both networks (see `testing`)."""


@dataclass(frozen=True)
class Step:
    """One training. `data` names its training data, `parent` the step that its weights are loaded from."""

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
    """A training and its ancestors, the earliest first."""
    step = steps()[name]
    return [*(chain(step.parent) if step.parent else []), step]


def needed(names: Sequence[str]) -> list[Step]:
    """The given trainings and all their ancestors, each once, parents before children."""
    found = {step.name: step for name in names for step in chain(name)}
    return [step for name, step in steps().items() if name in found]


def profiles() -> list[str]:
    """Names of the profiles that can run the paper's rows: `paper`, and those with their own data."""
    folders = (recipe_folder() / "profiles").glob("*")
    return sorted(path.name for path in folders if path.name == "paper" or (path / "data").is_dir())


def check_profile(profile: str) -> None:
    """Raise PoseError unless the profile exists."""
    if profile not in profiles():
        raise PoseError(f"there is no profile {profile!r}; known are {', '.join(profiles())}")


@dataclass(frozen=True)
class Overlays:
    """The files that configure trainings and tests under a profile.

    Args:
        profile: a name of `profiles()`.
        official: use the official data sets (`configs/data`) even if the profile has stand-ins for them.
    """

    profile: str
    official: bool = False

    @property
    def has_stand_ins(self) -> bool:
        """Whether the profile's own data replace the official sets."""
        return not self.official and (recipe_folder() / "profiles" / self.profile / "data").is_dir()

    def training(self, step: Step) -> list[Path]:
        """The overlays of a training, in order."""
        files = [self._folder / f"{step.stage}.yaml", self._data(step.data)]
        for switch in step.switches:
            files += self._switch(switch)
        return files

    def evaluation(self, step: Step, test: str, switches: Sequence[str]) -> list[Path]:
        """The overlays of a test of a training's last checkpoint on another test set, with other switches.

        `WHOLE_METHOD` adds no overlay; it selects another command.
        """
        files = [*self.training(step), self._data(f"test/{test}")]
        for switch in switches:
            files += self._switch(switch) if switch not in WHOLE_METHOD else []
        return files

    def has_test(self, test: str) -> bool:
        """Whether the profile has data for a test set of the paper."""
        return find_recipe(self._data_folder / "test" / f"{test}.yaml").is_file()

    @property
    def _folder(self) -> Path:
        return CONFIGS / "profiles" / self.profile

    @property
    def _data_folder(self) -> Path:
        return self._folder / "data" if self.has_stand_ins else CONFIGS / "data"

    def _data(self, name: str) -> Path:
        path = self._data_folder / f"{name}.yaml"
        if not find_recipe(path).is_file():
            raise PoseError(f"profile {self.profile!r} has no data {name!r}; add {path}")
        return path

    def _switch(self, name: str) -> list[Path]:
        """The overlay of a switch, followed by those of the profile and of its stand-ins."""
        overlay = Path("ablations") / f"{name}.yaml"
        places = [CONFIGS, self._folder, *([self._data_folder] if self.has_stand_ins else [])]
        files = [path for place in places if find_recipe(path := place / overlay).is_file()]
        if not files:
            raise PoseError(f"the switch {name!r} has no overlay; add configs/ablations/{name}.yaml")
        return files
