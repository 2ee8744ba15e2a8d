"""The embedded data set as a data module: its worlds are rendered when they are not there."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any, Literal, get_type_hints

from pose3d.data.arguments import PositiveInt, Share, check_bounds
from pose3d.data.datamodules import PoseDataModule
from pose3d.data.shards import StoreName
from pose3d.data.splits import Subjects
from pose3d.errors import PoseError
from pose3d.suggestions import did_you_mean

log = logging.getLogger("pose3d")

FOLDER = "data/embedded"

HELD_OUT = {"wild2d": (10, 11), "studio3d": (8,), "lab3d": (8, 9, 11), "wild3d": (8,)}
"""Validation subjects of each world; wild2d and the lab have dedicated ones."""


class EmbeddedDataModule(PoseDataModule):
    """Worlds of the embedded data set (`pose3d synth`), rendered on first use.

    Args:
        root: folder of the worlds' stores, `<root>/<world>.h5`.
        worlds: the worlds to train on.
        test_world: the world of `test` and `predict`; null: none.
        test_store: a store to test on in place of `test_world`.
        val_subjects: "held_out": the validation subjects of each world; otherwise as in PoseDataModule.
        preset: number of images of each world when it is rendered: a name of `pose3d synth --preset`.
        images: number of images of single worlds, in place of the preset's, e.g. {studio3d: 200}.
        composite: as in PoseDataModule; the studio has masks.
        kwargs: further arguments of PoseDataModule.
    """

    def __init__(
        self,
        root: str | None = None,
        worlds: list[str] = ["studio3d", "lab3d"],  # noqa: B006  (never mutated)
        test_world: str | None = "test",
        test_store: StoreName | None = None,
        val_subjects: Subjects | Literal["held_out"] = "held_out",
        preset: str = "quick",
        images: dict[str, PositiveInt] | None = None,
        composite: bool | list[Share] = True,
        **kwargs: Any,
    ) -> None:
        self.root = Path(root or FOLDER)
        self.worlds, self.test_world = list(worlds), test_world if test_store is None else None
        self.preset, self.images = preset, dict(images or {})
        self._check_names()
        files: list[StoreName] = [str(self.store_path(name)) for name in self.worlds]
        super().__init__(
            train_files=files,
            val_subjects=sorted({s for name in worlds for s in HELD_OUT.get(name, ())})
            if val_subjects == "held_out"
            else val_subjects,
            test_file=test_store if self.test_world is None else str(self.store_path(self.test_world)),
            composite=composite,
            **kwargs,
        )

    def _check_names(self) -> None:
        from pose3d.synth.worlds import PRESETS, WORLDS

        named = [*self.worlds, *self.images, *([self.test_world] if self.test_world else [])]
        if unknown := [name for name in named if name not in WORLDS]:
            raise PoseError(f"there is no world {unknown[0]!r}; {did_you_mean(unknown[0], WORLDS)}")
        if not self.worlds:
            raise PoseError("data.worlds is empty; name at least one world to train on, as [studio3d]")
        if self.preset not in PRESETS:
            raise PoseError(f"there is no preset {self.preset!r}; {did_you_mean(self.preset, PRESETS)}")
        check_bounds(get_type_hints(EmbeddedDataModule.__init__), {"images": self.images})

    def store_path(self, world: str) -> Path:
        """The store of a world."""
        return self.root / f"{world}.h5"

    def prepare_data(self) -> None:
        """Render the missing worlds; an interrupted run continues where it stopped."""
        testing = self.trainer is not None and self.trainer.state.fn in ("test", "predict")
        names = [] if testing else list(self.worlds)
        names += [self.test_world] if self.test_world is not None else []
        missing = [name for name in dict.fromkeys(names) if not self.store_path(name).is_file()]
        if not missing:
            return
        from pose3d.data.rendering import render_worlds
        from pose3d.synth.generate import Job
        from pose3d.synth.worlds import PRESETS

        counts = PRESETS[self.preset] | self.images
        if unknown := [name for name in missing if name not in counts]:
            raise PoseError(
                f"preset {self.preset!r} has no world {unknown[0]}; set its number of images by data.images"
            )
        render_worlds([Job(name, int(counts[name])) for name in missing], self.root)
