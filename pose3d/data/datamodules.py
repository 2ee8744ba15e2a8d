"""The LightningDataModule over pose stores: which samples train, validate and test, and in which form.

Every argument is plain data, because it is a key of a data file in `configs/data`.
"""

from __future__ import annotations

import logging
from typing import Any, Literal, get_type_hints

import cv2
import numpy as np
import torch
from lightning.pytorch import LightningDataModule
from torch import Tensor
from torch.utils.data import DataLoader

from pose3d.data.arguments import (
    CropSide,
    Margin,
    NonNegativeFloat,
    NonNegativeInt,
    PositiveFloat,
    PositiveInt,
    Share,
    check_bounds,
)
from pose3d.data.dataset import JoinedDataset, PoseDataset
from pose3d.data.description import DataDescription
from pose3d.data.geometric import GeometricAugmentation
from pose3d.data.loader import ResumableLoader, evaluation_loader, training_loader, worker_count
from pose3d.data.normalise import check_scheme, normalise
from pose3d.data.pictures import PictureBank, cloth, scenery
from pose3d.data.samplers import EvaluationSampler, MixtureSampler, OnTopSampler
from pose3d.data.shards import StoreName, open_store
from pose3d.data.shares import MIXTURE, check_mixture
from pose3d.data.splits import Subjects, held_out, require_present, thinned, training_rows
from pose3d.errors import PoseError

log = logging.getLogger("pose3d")


class PoseDataModule(DataDescription, LightningDataModule):
    """Training, validation and test batches of pose stores.

    A store is one file, or the shards of one data set: a list of files or a pattern such as `data/train-*.h5`.

    Args:
        train_files: stores to train on.
        val_subjects: people held out of every training store; they validate where the store has the labels for it.
            "last": the person with the highest number in each store. null: everybody trains.
        val_file: a store to validate on, besides or instead of held-out people.
        test_file: the store of `test` and `predict`.
        mixture: share of each training store in an epoch; null: in proportion to their sizes.
        unlabelled_files: stores whose images are added to every training batch without their labels.
        unlabelled_batch: how many of them, on top of `batch_size`; null: as many as `batch_size`.
        with_3d: whether batches carry 3D labels. Stores without 3D labels may train beside those that have them
            (`has_3d` tells the samples apart); validation and test need them. Stage 1 sets it to false.
        scales: scale copies of the training samples (paper: 0.7 and 1.0); evaluation uses 1.0.
        epoch_samples: training samples in an epoch; null: all of them at all scales.
        val_samples: at most so many validation samples, evenly spaced; null: all.
        batch_size: labelled training samples in a batch of one process.
        eval_batch_size: of validation, test and prediction.
        image_size: side of the crop, px.
        box_margin: of the square around the 2D joints (decision G3).
        localised: false: validation and test crops are the whole image instead (supplement Table 2, decision M7).
        normalisation: "imagenet", or "caffe" as the authors' own crops.
        rotation_deg: training crops are turned by up to this angle, each way.
        flip: probability of mirroring a training crop.
        scale_jitter: training crops are zoomed by a factor drawn from [1 / (1 + j), 1 + j].
        shift: training crops are moved by up to this share of their side, each way.
        appearance: "none", "light", "strong", or a file written by albumentations' `save` whose transforms leave pixels
            in place.
        composite: exchange backgrounds and clothes where a store has masks: true for the paper's shares of untouched,
            background and chair, everything (decision D4: 0.25, 0.40, 0.35), or three shares; false: never.
        backgrounds: pictures for it: a folder, or a pose store of people in the wild; null: patterns of the package.
        textures: the same for chair and clothes.
        num_workers: loader processes; "auto": one for each core but one.
        seed: of order and augmentation.

    Raises:
        PoseError: an argument is out of bounds.
    """

    def __init__(
        self,
        train_files: list[StoreName] = [],  # noqa: B006  (never mutated)
        val_subjects: Subjects = None,
        val_file: StoreName | None = None,
        test_file: StoreName | None = None,
        mixture: list[Share] | None = None,
        unlabelled_files: list[StoreName] = [],  # noqa: B006
        unlabelled_batch: PositiveInt | None = None,
        with_3d: bool = True,
        scales: list[PositiveFloat] = [1.0],  # noqa: B006
        epoch_samples: PositiveInt | None = None,
        val_samples: PositiveInt | None = None,
        batch_size: PositiveInt = 32,
        eval_batch_size: PositiveInt = 64,
        image_size: CropSide = 368,
        box_margin: Margin = 1.25,
        localised: bool = True,
        normalisation: Literal["imagenet", "caffe"] = "imagenet",
        rotation_deg: NonNegativeFloat = 0.0,
        flip: Share = 0.0,
        scale_jitter: NonNegativeFloat = 0.0,
        shift: NonNegativeFloat = 0.0,
        appearance: str = "none",
        composite: bool | list[Share] = False,
        backgrounds: str | None = None,
        textures: str | None = None,
        num_workers: NonNegativeInt | Literal["auto"] = "auto",
        seed: NonNegativeInt = 0,
    ) -> None:
        super().__init__()
        check_bounds(get_type_hints(PoseDataModule.__init__), locals())
        check_scheme(normalisation)
        if not scales:
            raise PoseError("data.scales is empty; name at least one scale, as [1.0]")
        self.train_files, self.val_file, self.test_file = list(train_files), val_file, test_file
        self.val_subjects, self.val_samples = val_subjects, val_samples
        self.mixture, self.scales, self.epoch_samples = mixture, [float(s) for s in scales], epoch_samples
        self.unlabelled_files, self.unlabelled_batch = list(unlabelled_files), unlabelled_batch
        self.with_3d = with_3d
        self.batch_size, self.eval_batch_size = int(batch_size), int(eval_batch_size)
        self.image_size, self.box_margin, self.normalisation = int(image_size), float(box_margin), normalisation
        self.localised = localised
        self.geometry = GeometricAugmentation(float(rotation_deg), float(flip), float(scale_jitter), float(shift))
        self.appearance = appearance
        shares = MIXTURE if composite is True else composite
        self.composite = check_mixture(shares, "data.composite") if shares else None
        self.backgrounds, self.textures = backgrounds, textures
        self.num_workers, self.seed = num_workers, int(seed)
        self.train_sets: list[PoseDataset] = []
        self.unlabelled_sets: list[PoseDataset] = []
        self.val_sets: list[PoseDataset] = []
        self.test_sets: list[PoseDataset] = []

    # -- the samples ---------------------------------------------------------------------------------------------

    def setup(self, stage: str | None = None) -> None:
        """Open what `stage` ("fit", "validate", "test", "predict"; None: all) needs; calling again does nothing."""
        # Decoding and warping of small crops is quicker on one thread, and training wants the others.
        cv2.setNumThreads(0)
        if stage in ("fit", None) and not self.train_sets:
            self._open_training()
        if stage in ("fit", "validate", None) and not self.val_sets:
            self.val_sets = self._validation_sets()
        if stage in ("test", "predict", None) and not self.test_sets and (self.test_file or stage):
            if self.test_file is None:
                raise PoseError(f"there is nothing to {stage} on: set data.test_file")
            self.test_sets = [self._evaluated(open_store(self.test_file))]

    def _open_training(self) -> None:
        if not self.train_files:
            raise PoseError("there is nothing to train on: set data.train_files")
        stores = [open_store(name) for name in self.train_files]
        require_present(stores, self.val_subjects)
        self.train_sets = [self._trained(store, training_rows(store, self.val_subjects)) for store in stores]
        self.unlabelled_sets = [self._trained(open_store(name), labelled=False) for name in self.unlabelled_files]
        if self.composite is not None:
            self._exchange_regions(self.composite)

    def _trained(self, store: Any, rows: np.ndarray | None = None, labelled: bool = True) -> PoseDataset:
        return PoseDataset(
            store,
            rows,
            image_size=self.image_size,
            box_margin=self.box_margin,
            geometry=self.geometry,
            appearance_preset=self.appearance,
            with_3d=self.with_3d,
            labelled=labelled,
        )

    def _validation_sets(self) -> list[PoseDataset]:
        chosen = []
        for name in self.train_files if self.val_subjects else ():
            store = open_store(name)
            rows = np.flatnonzero(held_out(store, self.val_subjects))
            chosen += [(store, rows)] if len(rows) and self._can_evaluate(store) else []
        if self.val_file is not None:
            store = open_store(self.val_file)
            chosen.append((store, np.arange(len(store))))
        return [self._evaluated(store, rows) for store, rows in thinned(chosen, self.val_samples)]

    def _evaluated(self, store: Any, rows: np.ndarray | None = None) -> PoseDataset:
        if not self._can_evaluate(store):
            raise PoseError(
                f"{store.path} has no 3D labels to evaluate on; use a 3D store, or set data.with_3d to false"
            )
        return PoseDataset(
            store,
            rows,
            image_size=self.image_size,
            box_margin=self.box_margin,
            with_3d=self.with_3d,
            localised=self.localised,
        )

    def _can_evaluate(self, store: Any) -> bool:
        return not self.with_3d or store.has("joints_3d_univ")

    def _exchange_regions(self, mixture: tuple[float, ...]) -> None:
        """Exchange backgrounds and clothes in every training set that allows it; say what is used and how often."""
        backgrounds = PictureBank(self.backgrounds, self.image_size, scenery, seed=self.seed)
        textures = PictureBank(self.textures, self.image_size, cloth, seed=self.seed)
        for dataset in self.train_sets:
            # Masks lose about a pixel at the size they were drawn; at larger crops that is more.
            shares = dataset.exchange_regions(backgrounds, textures, mixture, max(1.0, self.image_size / 184))
            if shares is None or self._share()[0] != 0:
                continue
            log.info(
                "%s: %.1f %% untouched, %.1f %% background and chair, %.1f %% garments too (wanted: %s)",
                *(dataset.store.path, *(100 * share for share in shares)),
                ", ".join(f"{100 * share:.0f}" for share in mixture),
            )
            for name, bank in (("backgrounds", backgrounds), ("textures", textures)):
                hint = "" if bank.source else f" stand in for pictures; set data.{name} to a folder or a pose store"
                log.info("%s: %s%s", name, bank, hint)

    def store_names(self) -> dict[str, list[StoreName]]:
        """Stores of the splits train, val and test that are asked for, whether they are there or not."""
        named = {"val": self.val_file, "test": self.test_file}
        return {"train": self.train_files} | {split: [] if name is None else [name] for split, name in named.items()}

    # -- the loaders ---------------------------------------------------------------------------------------------

    def train_dataloader(self) -> ResumableLoader:
        """Shuffled, augmented, whole batches; unlabelled samples behind the labelled ones."""
        sizes = [len(dataset) for dataset in self.train_sets]
        labelled = self._mixture_sampler(sizes, self.mixture, self.epoch_samples)
        if len(labelled) < self.batch_size:
            raise PoseError(f"an epoch has {len(labelled)} samples, fewer than one batch of {self.batch_size}")
        sampler: MixtureSampler | OnTopSampler = labelled
        size = self.batch_size
        if self.unlabelled_sets:
            extra = self.unlabelled_batch or self.batch_size
            count = len(labelled) // self.batch_size * extra * labelled.num_replicas
            unlabelled = self._mixture_sampler([len(dataset) for dataset in self.unlabelled_sets], None, count)
            sampler, size = OnTopSampler(labelled, unlabelled, self.batch_size, extra), self.batch_size + extra
        joined = JoinedDataset([*self.train_sets, *self.unlabelled_sets])
        return training_loader(joined, sampler, size, worker_count(self.num_workers))

    def _mixture_sampler(
        self, sizes: list[int], mixture: list[float] | None, epoch_samples: int | None
    ) -> MixtureSampler:
        rank, world_size = self._share()
        return MixtureSampler(
            sizes,
            scales=self.scales,
            mixture=mixture,
            epoch_samples=epoch_samples,
            seed=self.seed,
            rank=rank,
            world_size=world_size,
        )

    def val_dataloader(self) -> DataLoader[Any] | list[Any]:
        """Held-out people and `val_file`; an empty list where neither was asked for."""
        return self._evaluation_loader(self.val_sets) if self.val_sets else []

    def test_dataloader(self) -> DataLoader[Any]:
        """The test file, in order."""
        return self._evaluation_loader(self.test_sets)

    def predict_dataloader(self) -> DataLoader[Any]:
        """The test file, in order."""
        return self._evaluation_loader(self.test_sets)

    def _evaluation_loader(self, datasets: list[PoseDataset]) -> DataLoader[Any]:
        sampler = EvaluationSampler([len(dataset) for dataset in datasets], *self._share())
        return evaluation_loader(JoinedDataset(datasets), sampler, self.eval_batch_size, worker_count(self.num_workers))

    def _share(self) -> tuple[int, int]:
        """This process's rank and the number of processes."""
        return (self.trainer.global_rank, self.trainer.world_size) if self.trainer is not None else (0, 1)

    def on_after_batch_transfer(self, batch: dict[str, Tensor], dataloader_idx: int) -> dict[str, Tensor]:
        """Make network input of the crops on the device: (B, S, S, 3) uint8 -> (B, 3, S, S) float32."""
        if batch["image"].dtype == torch.uint8:
            batch = {**batch, "image": normalise(batch["image"], self.normalisation)}
        return batch
