"""What the parts of a training ask of each other, so that each can be replaced by one of your own.

- A stage trains on any loader of `types.Batch`es: a LightningDataModule, or plain DataLoaders given to `Trainer.fit`.
  What a data module offers beyond its loaders is optional (`DataOffers`); a stage does without what is missing.
- Callbacks of this package work with any LightningModule that is a `StageLike`.
- A stage trains any network that is a `NetworkLike`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Protocol

from torch import Tensor

from pose3d.crop_settings import CropSettings
from pose3d.models.config import NetConfig
from pose3d.models.outputs import Output
from pose3d.types import Batch


class DataOffers(Protocol):
    """What a data module may offer besides loaders; each entry is optional. A stage asks through `offered`."""

    crops: CropSettings
    """How its crops are cut and normalised. Absent: checkpoints do not record it, and whoever uses them assumes margin
    1.25 and ImageNet's normalisation."""

    has_test: bool
    """Whether there is anything to test on. Absent: there is if `test_dataloader` is overridden."""

    sequence_names: list[str]
    activity_names: list[str]
    scene_names: list[str]
    """What the batch's `sequence`, `activity` and `scene` point into. Absent: their numbers are written alone."""

    test_scenes: dict[int, str]
    """Label and name of each scene that is scored by itself. Absent: none."""

    data_sets: tuple[str, ...]
    """Names of the data sets that train. Absent: it is not checked whether the schedule was made for as many."""

    def identity(self) -> dict[str, Any]:
        """Plain data about the samples of `train` and `val`, for the checkpoint. Absent: nothing is recorded."""
        ...

    def mean_pose(self) -> Tensor:
        """(17, 3) mm: mean of the training targets. Absent: the mean-pose baseline is not scored, and
        `model.mean_pose_bias` is refused."""
        ...

    def enable_part_labels(self) -> None:
        """Asks for `part_labels` in training batches. Absent: they are expected to be there."""
        ...


class StageLike(Protocol):
    """What the callbacks of this package ask of a stage."""

    stage: ClassVar[str]
    """Name of the stage, as checkpoints record it."""
    loaded_metrics: dict[str, float]
    """Validation scores of the checkpoint that was loaded."""
    score_keys: tuple[str, ...]
    """Names of the scores that validation logs."""

    def provenance(self) -> dict[str, Any]:
        """Where its weights come from, as plain data."""
        ...

    def predict_step(self, batch: Batch, batch_idx: int = 0) -> dict[str, Tensor]:
        """`joints_2d` (B, J, 2) px in the full image and, for 3D stages, `joints_3d` (B, 17, 3) mm in camera axes."""
        ...


class NetworkLike(Protocol):
    """What a stage and the predictor ask of a network, beside being an `nn.Module`."""

    config: NetConfig
    answer: str
    """Candidate that is the network's answer."""

    @property
    def outputs(self) -> tuple[Output, ...]:
        """Every entry of what `forward` returns, with its loss and its use."""
        ...

    def __call__(self, image: Tensor) -> dict[str, Tensor]: ...

    def lr_groups(self) -> Mapping[str, list[str]]:
        """Prefixes of the parameter names of each learning-rate group; every parameter has exactly one."""
        ...


def offered(datamodule: Any, name: str, default: Any = None) -> Any:
    """An entry of `DataOffers`, or `default` where there is no data module or it does not offer it."""
    return getattr(datamodule, name, default)
