"""The pose store's schema: what one HDF5 file holds, in which shape, type and unit.

One file is one data set. Encoded images, masks and part labels lie end to end as flat bytes, with offsets (sample i is
`data[offset[i]:offset[i + 1]]`); everything else is one row per sample. Units and skeleton are attributes, and each
dataset carries the SHA-256 of its little-endian bytes, so that `pose3d check` can tell whether a file is whole.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from pose3d.skeleton import MPI_INF_3DHP_17, MPI_INF_3DHP_28, JointSet

SCHEMA_VERSION: Final = 1
UNIT_3D: Final = "mm"
UNIT_2D: Final = "px"

STORED_JOINT_SETS: Final[dict[str, JointSet]] = {"mpi_inf_3dhp_28": MPI_INF_3DHP_28, "mpi_inf_3dhp_17": MPI_INF_3DHP_17}

# Bits of a mask image. One pixel may carry several: a trouser pixel is PERSON | LOWER.
PERSON: Final = 1
UPPER: Final = 2
LOWER: Final = 4
CHAIR: Final = 8

# A part-label image holds 0 for background and 1 to this for body parts, in the data set's own numbering (N12).
NUM_PARTS: Final = 24

# What appearance augmentation may change in a sequence (attribute `augmentable`, docs/datasets.md).
AUGMENTABLE: Final = ("background", "chair", "upper", "lower")


@dataclass(frozen=True)
class Column:
    """One per-sample dataset: `shape` without the leading sample axis ("J" = joints of the joint set)."""

    shape: tuple[int | str, ...]
    dtype: str
    meaning: str
    three_d: bool = False

    def shape_for(self, num_joints: int) -> tuple[int, ...]:
        """Shape of one row, e.g. ("J", 2) -> (28, 2)."""
        return tuple(num_joints if axis == "J" else int(axis) for axis in self.shape)


COLUMNS: Final[dict[str, Column]] = {
    "joints_2d": Column(("J", 2), "<f4", "px, full image, pixel centres at integers"),
    "visible": Column(("J",), "|u1", "1 where the joint is labelled and inside the image"),
    "bbox": Column((4,), "<f4", "x, y, w, h px: tight box of the 2D joints"),
    "head_size": Column((), "<f4", "px: the unit of PCKh"),
    "image_size": Column((2,), "<i4", "width, height px"),
    "subject": Column((), "<i4", "id"),
    "sequence": Column((), "<i4", "index into sequence_names"),
    "activity": Column((), "<i4", "index into activity_names"),
    "scene": Column((), "<i4", "index into scene_names"),
    "camera": Column((), "<i4", "id"),
    "frame": Column((), "<i4", "frame of its sequence"),
    "joints_3d": Column(("J", 3), "<f4", "mm, camera axes (x right, y down, z forward)", three_d=True),
    "joints_3d_univ": Column(("J", 3), "<f4", "mm, the same pose scaled to universal height", three_d=True),
    "intrinsics": Column((3, 3), "<f4", "px, pinhole", three_d=True),
    "cam_from_world": Column((4, 4), "<f4", "mm", three_d=True),
}
COLUMNS_2D: Final = tuple(name for name, column in COLUMNS.items() if not column.three_d)
COLUMNS_3D: Final = tuple(name for name, column in COLUMNS.items() if column.three_d)

# Encoded files end to end: uint8 `data` (sum of lengths,) and int64 `offset` (N + 1,). Masks and part labels are
# one-channel PNGs, there or not; a sample without one has an empty file.
IMAGES: Final = "images"
MASKS: Final = "masks"
PARTS: Final = "parts"
ENCODED: Final = (IMAGES, MASKS, PARTS)

REQUIRED_ATTRS: Final = (
    "schema_version",
    "joint_set",
    "unit_3d",
    "unit_2d",
    "source",
    "generator",
    "seed",
    "sequence_names",
    "activity_names",
    "scene_names",
    "augmentable",
)
