"""Pose stores, the data sets and loaders that read them, and the data modules that a stage trains on."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pose3d.data.datamodules import PoseDataModule
    from pose3d.data.dataset import PoseDataset
    from pose3d.data.embedded import EmbeddedDataModule
    from pose3d.data.open_sets import ASPset510DataModule, COCODataModule
    from pose3d.data.published import (
        Human36MAndMPIINF3DHPDataModule,
        Human36MDataModule,
        MPIILSPDataModule,
        MPIINF3DHPDataModule,
    )
    from pose3d.data.store import PoseStore
    from pose3d.data.store_writer import StoreWriter

# Loaded when asked for: the reader of a file needs neither Lightning nor albumentations.
_HOME = {
    "ASPset510DataModule": "open_sets",
    "COCODataModule": "open_sets",
    "EmbeddedDataModule": "embedded",
    "Human36MAndMPIINF3DHPDataModule": "published",
    "Human36MDataModule": "published",
    "MPIILSPDataModule": "published",
    "MPIINF3DHPDataModule": "published",
    "PoseDataModule": "datamodules",
    "PoseDataset": "dataset",
    "PoseStore": "store",
    "StoreWriter": "store_writer",
}
__all__ = [
    "ASPset510DataModule",
    "COCODataModule",
    "EmbeddedDataModule",
    "Human36MAndMPIINF3DHPDataModule",
    "Human36MDataModule",
    "MPIILSPDataModule",
    "MPIINF3DHPDataModule",
    "PoseDataModule",
    "PoseDataset",
    "PoseStore",
    "StoreWriter",
]


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOME[name]}"), name)
