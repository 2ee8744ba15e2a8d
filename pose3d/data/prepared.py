"""Data modules for data sets as published: a raw folder is prepared once as stores, and stores give batches."""

from __future__ import annotations

import logging
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Literal, get_type_hints

from pose3d.data.arguments import NonNegativeInt, check_bounds
from pose3d.data.datamodules import PoseDataModule
from pose3d.data.shards import StoreName, open_store
from pose3d.errors import PoseError
from pose3d.suggestions import did_you_mean

if TYPE_CHECKING:
    from pose3d.data.preparation import Preparation

log = logging.getLogger("pose3d")

STORES = "data"
"""Folder of prepared stores where none is named."""


@dataclass(frozen=True)
class OfficialSplit:
    """One store that is made from an official folder: `<stores>/<dataset>/<name>.h5`.

    Attributes:
        dataset: the data set, a key of `roots`.
        name: train, val or test.
        source: the layout, a name of `pose3d.data.sources.SOURCES`.
        options: options of its reader.
        marks: patterns; a folder has this split if one of them matches. Without patterns every folder has it.
    """

    dataset: str
    name: Literal["train", "val", "test"]
    source: str
    options: dict[str, Any] = field(default_factory=dict)
    marks: tuple[str, ...] = ()

    def is_in(self, folder: Path) -> bool:
        """Whether an official folder has this split."""
        return not self.marks or any(next(folder.glob(mark), None) is not None for mark in self.marks)


class PreparedDataModule(PoseDataModule):
    """A data module whose stores are prepared from official folders; subclasses list the splits.

    `prepare_data` makes the stores that are not there, on one process, and continues where it stopped; it is what
    `pose3d prepare` does. A store that is there is used as it is, unless it was made from another folder or with other
    options than asked for, which is an error.

    Args:
        root: the official folder. For several data sets, a folder that holds one folder for each, or the folder of one
            of them. null: use the stores that are there.
        roots: folders of single sources (names of `pose3d prepare`) where they do not lie together.
        stores: folder of the prepared stores, `<stores>/<data set>/train.h5` and so on (default: data).
        limit: prepare only so many samples of each split, for a first look; 0: all.
        reader: further options of the readers, as `pose3d prepare` names them, e.g. {frames: 0}.
        val_store, test_store: stores to validate and to test on in place of the data set's own. (Named differently from
            PoseDataModule's `val_file` and `test_file`, whose values a change of class by an overlay would keep.)
        kwargs: further arguments of PoseDataModule.
    """

    splits: ClassVar[tuple[OfficialSplit, ...]] = ()

    def __init__(
        self,
        root: str | None = None,
        roots: dict[str, str] | None = None,
        stores: str | None = None,
        limit: NonNegativeInt = 0,
        reader: dict[str, Any] | None = None,
        val_store: StoreName | None = None,
        test_store: StoreName | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(train_files=[], val_file=val_store, test_file=test_store, **kwargs)
        check_bounds(get_type_hints(PreparedDataModule.__init__), {"limit": limit})
        known = dict.fromkeys(split.source for split in self.splits)
        if unknown := sorted(set(roots or {}) - set(known)):
            raise PoseError(f"data.roots names {unknown[0]!r}; {did_you_mean(unknown[0], known)}")
        self.root, self.roots, self.limit, self.reader = root, dict(roots or {}), int(limit), dict(reader or {})
        self.stores = Path(stores or STORES)
        self.val_store, self.test_store = val_store, test_store

    @property
    def datasets(self) -> tuple[str, ...]:
        """Names of the data sets, in order."""
        return tuple(dict.fromkeys(split.dataset for split in self.splits))

    def prepare_data(self) -> None:
        """Make the stores that are missing where an official folder is named."""
        from pose3d.data.preparation import prepare_store, require_same

        self._check_reader()
        testing = self.trainer is not None and self.trainer.state.fn in ("test", "predict")
        planned = []
        for split in self.splits:
            preparation = None if testing and split.name != "test" else self.preparation(split)
            if preparation is None:
                continue
            out = self.store_path(split)
            if self._store(split) is None:
                planned.append((preparation, out))
            else:
                require_same(preparation, out)
        for preparation, out in planned:
            _, summary = prepare_store(preparation, out)
            log.info("%s: %d samples of %s", out, summary.num_samples, preparation.root)
            for sentence in summary.damaged:
                log.warning("%s: lost samples: %s", out, sentence)

    def _check_reader(self) -> None:
        """Raise PoseError for options that none of the readers has."""
        from pose3d.data.preparation import reader_options

        sources = list(dict.fromkeys(split.source for split in self.splits))
        known = [name for source in sources for name in reader_options(source)]
        if unknown := [name for name in self.reader if name not in known]:
            hint = did_you_mean(unknown[0], known)
            raise PoseError(f"no reader of {', '.join(sources)} has an option {unknown[0]!r}; {hint}")

    def preparation(self, split: OfficialSplit) -> Preparation | None:
        """How the store of a split is made; None where its official folder is not named."""
        from pose3d.data.preparation import Preparation, reader_options

        folder = self._folder(split)
        if folder is None:
            return None
        source = self.layout(split, folder)
        known = {name: value for name, value in self.reader.items() if name in reader_options(source)}
        return Preparation(source, folder, self.limit, options=split.options | (known if split.name == "train" else {}))

    def _folder(self, split: OfficialSplit) -> Path | None:
        """The official folder of a split; None where there is none."""
        if split.source in self.roots:
            return Path(self.roots[split.source])
        if self.root is None:
            return None
        root = Path(self.root)
        if not root.is_dir():
            raise PoseError(f"there is no folder {root}; data.root must name the folder of the official files")
        if len(self.datasets) > 1:
            inner = [name for name in self.datasets if (root / name).is_dir()]
            if inner and split.dataset not in inner:
                return None
            if not inner and split.dataset != self.recognise(root):
                return None
            root = root / split.dataset if inner else root
        return root if split.is_in(root) else None

    def layout(self, split: OfficialSplit, folder: Path) -> str:
        """The source that reads this folder."""
        return split.source

    def recognise(self, root: Path) -> str:
        """Name of the one of several data sets that a folder holds; PoseError where that is unclear."""
        raise PoseError(
            f"{root} has none of the folders {', '.join(self.datasets)}; correct data.root or set data.roots"
        )

    def store_names(self) -> dict[str, list[StoreName]]:
        """Paths of the stores, whether they exist yet or not."""
        paths = {kind: [str(self.store_path(s)) for s in self.splits if s.name == kind] for kind in ("train", "test")}
        val = [] if self.val_store is None else [self.val_store]
        test = paths["test"] if self.test_store is None else [self.test_store]
        return {"train": [*paths["train"]], "val": val, "test": [*test]}

    def store_path(self, split: OfficialSplit) -> Path:
        """The file that `prepare_data` writes."""
        return self.stores / split.dataset / f"{split.name}.h5"

    def _store(self, split: OfficialSplit) -> StoreName | None:
        """The file of a split, or a pattern of its shards `train-*.h5`; None where there is neither."""
        path = self.store_path(split)
        if path.is_file():
            return str(path)
        shards = path.with_name(f"{path.stem}-*.h5")
        return str(shards) if any(path.parent.glob(shards.name)) else None

    def setup(self, stage: str | None = None) -> None:
        """Find the stores, then open what `stage` needs."""
        training = [split for split in self.splits if split.name == "train"]
        found = [self._store(split) for split in training]
        self.train_files = [name for name in found if name is not None]
        if stage == "fit" and (missing := self.missing_training(training)):
            raise PoseError(
                f"there is no store {self.store_path(missing)}; set data.root to the folder of the official files, or "
                f"make it with `pose3d prepare {missing.source}`"
            )
        self.val_file = self.val_store or self._first("val")
        self.test_file = self.test_store or self._first("test")
        for split in self.splits:
            if (name := self._store(split)) is not None:
                self._require_source(name, split)
        super().setup(stage)

    def missing_training(self, training: list[OfficialSplit]) -> OfficialSplit | None:
        """A training store that is missing and needed; None where there is enough to train on."""
        return next((split for split in training if self._store(split) is None), None)

    def _first(self, kind: str) -> StoreName | None:
        names = [self._store(split) for split in self.splits if split.name == kind]
        return next((name for name in names if name is not None), None)

    def _require_source(self, name: StoreName, split: OfficialSplit) -> None:
        """Refuse a store of another data set."""
        source = str(open_store(name).attrs["source"])
        if not source.startswith(split.source):
            raise PoseError(f"{name} holds {source}, not {split.source}; correct data.stores")
