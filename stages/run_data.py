"""What a stage notes of its data: which stores they are, and how crops are cut of them."""

from typing import Any

from pose3d.crop_settings import CropSettings


def data_identity(datamodule: Any) -> dict[str, Any]:
    """Which stores a run learns from and is validated on: file, source, generator, seed, how many samples."""
    return {
        split: [
            {"file": str(part.store.path), "samples": len(part)}
            | {key: part.store.attrs[key] for key in ("source", "generator", "seed")}
            for part in parts
        ]
        for split, parts in (("train", datamodule.train_parts), ("val", datamodule.val_parts))
    }


def crop_settings(datamodule: Any) -> CropSettings:
    """How a datamodule cuts and normalises its crops."""
    return CropSettings(datamodule.image_size, datamodule.box_margin, datamodule.normalisation)
