"""LightningDataModules over pose stores: which samples train, validate and test, and in which form.

Every argument is plain data, because it is a key of a data file in `configs/data`. Such a file states all of them: when
an overlay changes the class, values of the same name would otherwise linger from the one before.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, ClassVar, Literal

import cv2
import numpy as np
import torch
from lightning.pytorch import LightningDataModule
from torch import Tensor
from torch.utils.data import DataLoader

from pose3d.data.augment import GeometricAugmentation
from pose3d.data.composite import CompositeRegions
from pose3d.data.dataset import JoinedDataset, PoseDataset
from pose3d.data.loader import ResumableLoader, evaluation_loader, training_loader, worker_count
from pose3d.data.normalise import check_scheme, normalise
from pose3d.data.pictures import PictureBank, cloth, scenery
from pose3d.data.sampling import EvaluationSampler, MixtureSampler
from pose3d.data.store import PoseStore
from pose3d.errors import PoseError


class PoseDataModule(LightningDataModule):
    """Training, validation and test loaders over pose stores. Use one of the two subclasses below.

    Args:
        train_files: pose stores to train on.
        val_subjects: people held out of every training store; they validate where the store has the labels for it.
            "last": the person with the highest number in each store.
        val_file: a store to validate on, besides or instead of held-out people.
        test_file: the store of `test` and `predict`.
        mixture: share of each training store in an epoch; null: in proportion to their sizes.
        scales: scale copies of the training samples (paper: 0.7 and 1.0); evaluation uses 1.0.
        epoch_samples: training samples in an epoch; null: all of them at all scales.
        val_samples: at most so many validation samples, evenly spaced; null: all.
        batch_size: of training, over one process.
        eval_batch_size: of validation, test and prediction.
        image_size: side of the crop, px.
        box_margin: of the square around the 2D joints (decision G3).
        normalisation: "imagenet", or "caffe" as the authors' own crops.
        rotation_deg, flip, scale_jitter, shift: see `GeometricAugmentation`.
        appearance: "none", "light", "strong", or a file written by albumentations' `save`.
        composite: exchange backgrounds and clothes where a store has masks: shares of untouched, background and chair,
            everything (decision D4: 0.25, 0.40, 0.35); null: never.
        backgrounds, textures: folders of pictures for it; null: patterns made by the package.
        num_workers: loader processes; "auto": one for each core but one.
        seed: of order and augmentation.
    """

    with_3d: ClassVar[bool]

    def __init__(
        self,
        train_files: list[str],
        val_subjects: list[int] | Literal["last"] | None = None,
        val_file: str | None = None,
        test_file: str | None = None,
        mixture: list[float] | None = None,
        scales: Sequence[float] = (1.0,),
        epoch_samples: int | None = None,
        val_samples: int | None = None,
        batch_size: int = 32,
        eval_batch_size: int = 64,
        image_size: int = 368,
        box_margin: float = 1.25,
        normalisation: str = "imagenet",
        rotation_deg: float = 0.0,
        flip: float = 0.0,
        scale_jitter: float = 0.0,
        shift: float = 0.0,
        appearance: str = "none",
        composite: list[float] | None = None,
        backgrounds: str | None = None,
        textures: str | None = None,
        num_workers: int | Literal["auto"] = "auto",
        seed: int = 0,
    ) -> None:
        super().__init__()
        self.train_files, self.val_file, self.test_file = list(train_files), val_file, test_file
        self.val_subjects, self.val_samples = val_subjects or [], val_samples
        self.mixture, self.scales, self.epoch_samples = mixture, list(scales), epoch_samples
        self.batch_size, self.eval_batch_size = batch_size, eval_batch_size
        self.image_size, self.box_margin, self.normalisation = image_size, box_margin, normalisation
        self.geometry = GeometricAugmentation(rotation_deg, flip, scale_jitter, shift)
        self.appearance, self.composite = appearance, composite
        self.backgrounds, self.textures = backgrounds, textures
        self.num_workers, self.seed = num_workers, seed
        self.train_parts: list[PoseDataset] = []
        self.val_parts: list[PoseDataset] = []
        self.test_parts: list[PoseDataset] = []

    # -- the samples ---------------------------------------------------------------------------------------------

    def setup(self, stage: str | None = None) -> None:
        """Open what `stage` ("fit", "validate", "test", "predict"; None: all) needs; calling again does nothing."""
        check_scheme(self.normalisation)
        # Decoding and warping of small crops is quicker on one thread, and training wants the others.
        cv2.setNumThreads(0)
        if stage in ("fit", None) and not self.train_parts:
            self.train_parts = self._training_parts()
        if stage in ("fit", "validate", None) and not self.val_parts:
            self.val_parts = self._validation_parts()
        if stage in ("test", "predict", None) and not self.test_parts and (self.test_file or stage):
            if self.test_file is None:
                raise PoseError(f"there is nothing to {stage} on: give the data a test_file")
            self.test_parts = [self._evaluated(open_store(self.test_file))]

    def _training_parts(self) -> list[PoseDataset]:
        if not self.train_files:
            raise PoseError("there is nothing to train on: give the data a list of train_files")
        stores = [open_store(path) for path in self.train_files]
        subjects = [store.labels("subject") for store in stores]
        named = set() if self.val_subjects == "last" else set(self.val_subjects)
        if absent := named - set(np.concatenate(subjects).tolist()):
            raise PoseError(f"validation subjects {sorted(absent)} are in none of {', '.join(self.train_files)}")
        composite = self._composite() if self.composite is not None else None
        parts = []
        for store in stores:
            rows = np.flatnonzero(~self._held_out(store))
            if not len(rows):
                raise PoseError(f"val_subjects {self.val_subjects!r} leave nobody to train on in {store.path}")
            parts.append(
                PoseDataset(
                    store,
                    rows,
                    image_size=self.image_size,
                    box_margin=self.box_margin,
                    geometry=self.geometry,
                    appearance_preset=self.appearance,
                    composite=composite,
                    with_3d=self.with_3d,
                )
            )
        return parts

    def _held_out(self, store: PoseStore) -> np.ndarray:
        """(N,) bool: samples of people who validate."""
        subject = store.labels("subject")
        return subject == subject.max() if self.val_subjects == "last" else np.isin(subject, self.val_subjects)

    def _validation_parts(self) -> list[PoseDataset]:
        chosen = []
        for path in self.train_files if self.val_subjects else ():
            store = open_store(path)
            rows = np.flatnonzero(self._held_out(store))
            chosen += [(store, rows)] if len(rows) and self._can_evaluate(store) else []
        if self.val_file is not None:
            store = open_store(self.val_file)
            chosen.append((store, np.arange(len(store))))
        total = sum(len(rows) for _, rows in chosen)
        wanted = min(total, self.val_samples or total)
        kept = np.arange(wanted) * total // max(wanted, 1)
        parts, start = [], 0
        for store, rows in chosen:
            mine = rows[kept[(kept >= start) & (kept < start + len(rows))] - start]
            start += len(rows)
            parts += [self._evaluated(store, mine)] if len(mine) else []
        return parts

    def _evaluated(self, store: PoseStore, rows: np.ndarray | None = None) -> PoseDataset:
        if not self._can_evaluate(store):
            raise PoseError(f"{store.path} has no 3D labels to evaluate on; use a 3D store, or Pose2DDataModule")
        return PoseDataset(store, rows, image_size=self.image_size, box_margin=self.box_margin, with_3d=self.with_3d)

    def _can_evaluate(self, store: PoseStore) -> bool:
        return not self.with_3d or store.has("joints_3d_univ")

    def _composite(self) -> CompositeRegions:
        banks = (
            PictureBank(self.backgrounds, self.image_size, scenery, seed=self.seed),
            PictureBank(self.textures, self.image_size, cloth, seed=self.seed),
        )
        # Masks lose about a pixel at the size they were drawn; at larger crops that is more.
        return CompositeRegions(*banks, mixture=self.composite or (), blur_px=max(1.0, self.image_size / 184))

    # -- the loaders ---------------------------------------------------------------------------------------------

    def train_dataloader(self) -> ResumableLoader:
        """Shuffled, augmented, whole batches."""
        rank, world_size = self._share()
        sampler = MixtureSampler(
            [len(part) for part in self.train_parts],
            scales=self.scales,
            mixture=self.mixture,
            epoch_samples=self.epoch_samples,
            seed=self.seed,
            rank=rank,
            world_size=world_size,
        )
        if len(sampler) < self.batch_size:
            raise PoseError(f"an epoch has {len(sampler)} samples, fewer than one batch of {self.batch_size}")
        return training_loader(
            JoinedDataset(self.train_parts), sampler, self.batch_size, worker_count(self.num_workers)
        )

    def val_dataloader(self) -> DataLoader[Any] | list[Any]:
        """Held-out people and `val_file`; an empty list where neither was asked for."""
        return self._evaluation_loader(self.val_parts) if self.val_parts else []

    def test_dataloader(self) -> DataLoader[Any]:
        """The test file, in order."""
        return self._evaluation_loader(self.test_parts)

    def predict_dataloader(self) -> DataLoader[Any]:
        """The test file, in order."""
        return self._evaluation_loader(self.test_parts)

    def _evaluation_loader(self, parts: list[PoseDataset]) -> DataLoader[Any]:
        sampler = EvaluationSampler([len(part) for part in parts], *self._share())
        return evaluation_loader(JoinedDataset(parts), sampler, self.eval_batch_size, worker_count(self.num_workers))

    def _share(self) -> tuple[int, int]:
        """This process's rank and the number of processes."""
        return (self.trainer.global_rank, self.trainer.world_size) if self.trainer is not None else (0, 1)

    def on_after_batch_transfer(self, batch: dict[str, Tensor], dataloader_idx: int) -> dict[str, Tensor]:
        """Make network input of the crops on the device: (B, S, S, 3) uint8 -> (B, 3, S, S) float32."""
        if batch["image"].dtype == torch.uint8:
            batch = {**batch, "image": normalise(batch["image"], self.normalisation)}
        return batch

    # -- what the tables of results need -------------------------------------------------------------------------

    @property
    def sequence_names(self) -> list[str]:
        """What the `sequence` of test samples (validation samples where there is no test file) points into."""
        return self._names("sequence_names")

    @property
    def activity_names(self) -> list[str]:
        """What `activity` points into."""
        return self._names("activity_names")

    @property
    def scene_names(self) -> list[str]:
        """What `scene` points into."""
        return self._names("scene_names")

    @property
    def test_scenes(self) -> dict[int, str]:
        """Label and name of each scene that occurs in the test set; a scene without a name is none."""
        labels = {int(s) for part in self.test_parts for s in part.store.labels("scene")[part.rows]}
        return {label: name for label, name in enumerate(self.scene_names) if name and label in labels}

    def _names(self, attribute: str) -> list[str]:
        parts = self.test_parts or self.val_parts or self.train_parts
        if not parts:
            raise PoseError(f"{attribute} is known after setup()")
        return list(parts[0].store.attrs[attribute])


class Pose2DDataModule(PoseDataModule):
    """Stage 1: images and 2D joints. 3D stores serve too, their 3D labels unused."""

    with_3d = False


class Pose3DDataModule(PoseDataModule):
    """Stages 2 and 3: images, 2D and 3D joints of one or several stores.

    Stores without 3D labels may train beside those that have them (`has_3d` tells the samples apart); validation and
    test need 3D labels.
    """

    with_3d = True

    def mean_pose(self) -> Tensor:
        """(17, 3) mm: the mean of the training targets, the baseline that a trained network has to beat."""
        targets = [part.joints_3d for part in self.train_parts or self._training_parts() if part.has_3d]
        if not targets:
            raise PoseError("no training file has 3D labels, so there is no mean pose; add one to train_files")
        return torch.from_numpy(np.concatenate(targets).mean(axis=0, dtype=np.float64).astype(np.float32))

    def give_part_labels(self) -> None:
        """Training batches carry `part_labels` from here on; PoseError where training data cannot (decision N12)."""
        for part in self.train_parts:
            part.give_part_labels()


def open_store(path: str) -> PoseStore:
    """The store at `path`; a missing one is an error that says what makes it."""
    if not Path(path).is_file():
        raise PoseError(
            f"there is no data at {path}; `make data` (or `pose3d synth --out {Path(path).parent}`) makes the embedded "
            f"data set, `pose3d prepare` one from official files"
        )
    return PoseStore(path)
