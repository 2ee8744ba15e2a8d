"""Data sets that anyone may use, as data modules: ASPset-510 (CC0) and COCO keypoints."""

from __future__ import annotations

from typing import Any, ClassVar

from pose3d.data.arguments import NonNegativeFloat, PositiveFloat, PositiveInt, Share
from pose3d.data.prepared import OfficialSplit, PreparedDataModule
from pose3d.data.splits import Subjects

VALIDATION_STEP = 10
"""Every tenth frame of ASPset-510's validation clips chooses the checkpoint: five a second."""


class ASPset510DataModule(PreparedDataModule):
    """ASPset-510 for stages 2 and 3: frames that moved by more than 200 mm, at most 37,500, at two scales.

    `root` holds `splits.csv`, `trainval` and `test`. The official validation clips validate, the official test clips
    test at 10 frames/s, so nobody of the training split is held out.
    """

    splits: ClassVar[tuple[OfficialSplit, ...]] = (
        OfficialSplit("aspset510", "train", "aspset510", {"split": "train"}, marks=("trainval",)),
        OfficialSplit("aspset510", "val", "aspset510", {"split": "val", "step": VALIDATION_STEP}, marks=("trainval",)),
        OfficialSplit("aspset510", "test", "aspset510", {"split": "test"}, marks=("test",)),
    )

    def __init__(
        self,
        val_subjects: Subjects = None,
        val_samples: PositiveInt | None = 1000,
        scales: list[PositiveFloat] = [0.7, 1.0],  # noqa: B006  (never mutated)
        batch_size: PositiveInt = 5,
        eval_batch_size: PositiveInt = 16,
        **kwargs: Any,
    ) -> None:
        super().__init__(
            val_subjects=val_subjects,
            val_samples=val_samples,
            scales=scales,
            batch_size=batch_size,
            eval_batch_size=eval_batch_size,
            **kwargs,
        )


class COCODataModule(PreparedDataModule):
    """COCO keypoints for stage 1; the people of `val2017` validate and test.

    `root` holds `annotations`, `train2017` and `val2017`. Head top, head and spine are not labelled; neck and pelvis
    are the middles of shoulders and hips.
    """

    splits: ClassVar[tuple[OfficialSplit, ...]] = (
        OfficialSplit("coco", "train", "coco", {"split": "train"}),
        OfficialSplit("coco", "val", "coco", {"split": "val"}, marks=("annotations/person_keypoints_val2017.json",)),
    )

    def __init__(
        self,
        with_3d: bool = False,
        val_subjects: Subjects = None,
        val_samples: PositiveInt | None = 1000,
        batch_size: PositiveInt = 7,
        eval_batch_size: PositiveInt = 16,
        rotation_deg: NonNegativeFloat = 20.0,
        flip: Share = 0.5,
        scale_jitter: NonNegativeFloat = 0.2,
        **kwargs: Any,
    ) -> None:
        super().__init__(
            with_3d=with_3d,
            val_subjects=val_subjects,
            val_samples=val_samples,
            batch_size=batch_size,
            eval_batch_size=eval_batch_size,
            rotation_deg=rotation_deg,
            flip=flip,
            scale_jitter=scale_jitter,
            **kwargs,
        )

    def setup(self, stage: str | None = None) -> None:
        """Test on the validation people: labels of COCO's test people are not public."""
        self.test_store = self.test_store or self._first("val")
        super().setup(stage)
