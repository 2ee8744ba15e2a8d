"""What a stage notes of its data: which stores they are, and how crops are cut of them."""

from typing import Any

from pose3d.crop_settings import CropSettings
from pose3d.data.identity import content_sha256


def data_identity(datamodule: Any) -> dict[str, Any]:
    """Which stores a run learns from and is validated on: file, hash of the content, source, seed, samples."""
    return {
        split: [
            {"file": str(part.store.path), "sha256": content_sha256(part.store.path), "samples": len(part)}
            | {key: part.store.attrs[key] for key in ("source", "generator", "seed")}
            for part in parts
        ]
        for split, parts in (("train", datamodule.train_parts), ("val", datamodule.val_parts))
    }


def crop_settings(datamodule: Any) -> CropSettings:
    """How a datamodule cuts and normalises its crops."""
    return CropSettings(datamodule.image_size, datamodule.box_margin, datamodule.normalisation)
