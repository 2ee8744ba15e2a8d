"""What stages and reports need to know about the data of a data module (see `pose3d.contracts`)."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import Tensor

from pose3d.crop_settings import CropSettings
from pose3d.data.dataset import PoseDataset
from pose3d.data.identity import dataset_identity
from pose3d.errors import PoseError


class DataDescription:
    """Description of the data sets of a data module after `setup()`."""

    image_size: int
    box_margin: float
    normalisation: str
    train_sets: list[PoseDataset]
    unlabelled_sets: list[PoseDataset]
    val_sets: list[PoseDataset]
    test_sets: list[PoseDataset]
    test_file: Any

    @property
    def crops(self) -> CropSettings:
        """How crops are cut and normalised."""
        return CropSettings(self.image_size, self.box_margin, self.normalisation)

    @property
    def has_test(self) -> bool:
        """Whether there is anything to test on."""
        return self.test_file is not None

    @property
    def data_sets(self) -> tuple[str, ...]:
        """Names of the training data sets, without their parts: the worlds of the embedded data set count as one."""
        sources = (str(dataset.store.attrs["source"]).partition("/")[0] for dataset in self.train_sets)
        return tuple(dict.fromkeys(sources))

    def identity(self) -> dict[str, Any]:
        """Which stores a run learns from, is validated and tested on, as plain data (see `dataset_identity`)."""
        splits = {"train": self.train_sets, "val": self.val_sets}
        splits |= {"unlabelled": self.unlabelled_sets} if self.unlabelled_sets else {}
        splits |= {"test": self.test_sets} if self.test_sets else {}
        return {split: [dataset_identity(dataset) for dataset in datasets] for split, datasets in splits.items()}

    def mean_pose(self) -> Tensor:
        """(17, 3) mm: mean of the training targets, the baseline for a trained network."""
        targets = [dataset.joints_3d for dataset in self.train_sets if dataset.has_3d]
        if not targets:
            raise PoseError("no training file has 3D labels, so there is no mean pose; add one to data.train_files")
        return torch.from_numpy(np.concatenate(targets).mean(axis=0, dtype=np.float64).astype(np.float32))

    def enable_part_labels(self) -> None:
        """Add `part_labels` to training batches; PoseError where the training data lack them (decision N12)."""
        for dataset in (*self.train_sets, *self.unlabelled_sets):
            dataset.enable_part_labels()

    @property
    def sequence_names(self) -> list[str]:
        """Names that the `sequence` index of test samples refers to (of validation samples without a test file)."""
        return self._names("sequence_names")

    @property
    def activity_names(self) -> list[str]:
        """Names that the `activity` index refers to."""
        return self._names("activity_names")

    @property
    def scene_names(self) -> list[str]:
        """Names that the `scene` index refers to."""
        return self._names("scene_names")

    @property
    def test_scenes(self) -> dict[int, str]:
        """Label and name of each scene that occurs in the test set; a scene without a name is left out."""
        labels = {int(scene) for dataset in self.test_sets for scene in dataset.ids["scene"]}
        return {label: name for label, name in enumerate(self.scene_names) if name and label in labels}

    def _names(self, attribute: str) -> list[str]:
        datasets = self.test_sets or self.val_sets or self.train_sets
        if not datasets:
            raise PoseError(f"{attribute} is known after setup()")
        return list(datasets[0].store.attrs[attribute])
