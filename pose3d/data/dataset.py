"""One training or evaluation sample: a crop of the image, and labels that fit it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from functools import partial
from typing import Any

import numpy as np
from torch.utils.data import Dataset

from pose3d.data.composite import Compositor
from pose3d.data.geometric import GeometricAugmentation
from pose3d.data.pictures import PictureBank
from pose3d.data.samplers import SampleSpec
from pose3d.data.shards import ShardedStore
from pose3d.data.shares import Shares
from pose3d.data.store import PoseStore
from pose3d.errors import PoseError
from pose3d.geometry.crop import (
    crop_matrix,
    decode_reduction,
    image_from_roll,
    roll_matrix,
    square_box,
    tight_box,
    transform_points,
    warp_crop,
    whole_square,
)
from pose3d.skeleton import MPI_INF_3DHP_17, remap

ID_COLUMNS = ("subject", "sequence", "activity", "scene", "camera", "frame")
CELL_PX = 16
"""Side of a heatmap cell in the crop (decision N10)."""
_CELLS_FROM_CROP = np.array(
    [[1 / CELL_PX, 0, (1 / CELL_PX - 1) / 2], [0, 1 / CELL_PX, (1 / CELL_PX - 1) / 2], [0, 0, 1]]
)
_FLIP = np.array(MPI_INF_3DHP_17.flip)
_ROOT = MPI_INF_3DHP_17.root

Sample = dict[str, Any]


class PoseDataset(Dataset[Sample]):
    """Samples of one store, cropped, augmented and in the 17 joints of MPI_INF_3DHP_17.

    Args:
        store: where they come from.
        rows: which of its samples; None: all.
        image_size: side of the crop, px.
        box_margin: of the square around the 2D joints (G3).
        geometry: how crops vary; None: not at all.
        appearance_preset: see `augment.appearance`.
        with_3d: whether samples carry 3D labels. A store that has none then gives zeros and `has_3d` False, so that its
            samples can share a batch with others.
        labelled: False gives images without labels: no joint is visible and `has_3d` is False.
        localised: False crops the whole image instead of the person (supplement Table 2, decision M7).

    Raises:
        PoseError: a label of a chosen sample is NaN or infinite.

    A sample is a dict of arrays as `types.Batch` without its batch axis, except for `image`, which is the crop as
    (S, S, 3) uint8 RGB; `normalise` makes network input of it.

    Rotation and mirroring are treated as done to the scene in front of an unchanged camera: the same roll moves the 3D
    joints and, as K A K^-1, `joints_2d_img`, so joints_3d_true + translation projects through `intrinsics` onto
    joints_2d_img and goes through `crop_from_img` to joints_2d_crop in every sample, augmented or not.
    """

    def __init__(
        self,
        store: PoseStore | ShardedStore,
        rows: np.ndarray | None = None,
        *,
        image_size: int = 368,
        box_margin: float = 1.25,
        geometry: GeometricAugmentation | None = None,
        appearance_preset: str = "none",
        with_3d: bool = True,
        labelled: bool = True,
        localised: bool = True,
    ) -> None:
        self.store, self.image_size, self.box_margin = store, image_size, box_margin
        self.localised = localised
        self.rows = np.arange(len(store)) if rows is None else np.asarray(rows)
        self.geometry, self.appearance = geometry, None
        if appearance_preset != "none":
            from pose3d.data.augment import appearance  # imports albumentations

            self.appearance = appearance(appearance_preset)
        self.compositor: Compositor | None = None
        self.with_3d, self.has_3d = with_3d, labelled and store.has("joints_3d_univ")
        self.labelled, self.with_part_labels = labelled, False
        self.augmentable: list[list[str]] = store.attrs["augmentable"]
        self._read_labels(labelled)

    def _read_labels(self, labelled: bool) -> None:
        """Keep the labels of the chosen rows in memory, in 17 joints: about 700 bytes a sample."""
        source = remap(self.store.joint_set, MPI_INF_3DHP_17)
        known = source >= 0

        def column(name: str) -> np.ndarray:
            return self.store.labels(name)[self.rows]

        self.visible = column("visible")[:, source].astype(bool) & known
        joints_2d = column("joints_2d")[:, source]
        self._require_finite("joints_2d", np.where(self.visible[..., None], joints_2d, 0))
        self.visible &= labelled
        self.joints_2d = np.where(known[:, None], np.nan_to_num(joints_2d), np.float32(0))
        self.bbox, self.head_size, self.size = column("bbox"), column("head_size"), column("image_size")
        self.ids = {name: column(name).astype(np.int64) for name in ID_COLUMNS}
        self.intrinsics = column("intrinsics") if self.store.has("intrinsics") else None
        if self.has_3d:
            if not known.all():
                raise PoseError(f"{self.store.path} has 3D labels but not all 17 joints; use mpi_inf_3dhp_17 or _28")
            self.joints_3d_cam = column("joints_3d")[:, source]
            univ = column("joints_3d_univ")[:, source]
            self.joints_3d = univ - univ[:, _ROOT, None]
            self._require_finite("joints_3d", self.joints_3d_cam)
            self._require_finite("joints_3d_univ", univ)
        for name, values in (("bbox", self.bbox), ("head_size", self.head_size), ("intrinsics", self.intrinsics)):
            self._require_finite(name, values)
        self.store.close()

    def _require_finite(self, name: str, values: np.ndarray | None) -> None:
        """Refuse NaN and infinity, which a single step would spread to all weights."""
        if values is None or np.isfinite(values).all():
            return
        rows = self.rows[~np.isfinite(values).reshape(len(values), -1).all(axis=1)]
        more = f" (and {len(rows) - 1} more)" if len(rows) > 1 else ""
        raise PoseError(
            f"{name} of sample {rows[0]}{more} of {self.store.path} is NaN or infinite; leave such samples out of the "
            f"store (`pose3d check` lists them)"
        )

    def enable_part_labels(self) -> None:
        """Add `part_labels` to the samples; PoseError where the store lacks them or cannot mirror them.

        Unlabelled images get the background everywhere, so that batches have one shape; the loss ignores them.
        """
        if not self.labelled:
            self.with_part_labels = True
            return
        lacking = int((~self.store.with_part_labels()[self.rows]).sum())
        if lacking:
            raise PoseError(
                f"{lacking} of {len(self)} training samples of {self.store.path} have no part labels; they are for "
                f"training on Human3.6M alone (decision N12): leave other data out, prepare Human3.6M with its "
                f"Segments_mat_gt_pl folders, or set model.net.part_labels to false"
            )
        mirrored = self.store.attrs.get("part_flip")
        if self.geometry is not None and self.geometry.flip > 0 and mirrored is None:
            raise PoseError(
                f"data.flip is {self.geometry.flip:g}, but {self.store.path} does not say which part labels are left "
                f"and which right, so they cannot be mirrored; set data.flip to 0, as in the paper, or "
                f"model.net.part_labels to false"
            )
        self.part_flip = None if mirrored is None else np.asarray(mirrored, np.int64)
        self.with_part_labels = True

    def exchange_regions(
        self, backgrounds: PictureBank, textures: PictureBank, mixture: Sequence[float], blur_px: float
    ) -> Shares | None:
        """Exchange background, chair and garments in all further samples (see `Compositor`).

        Returns the resulting shares of untouched, background and chair, and everything over these samples; None where
        no sample has both a mask and a region that may change.
        """
        self.masked = self.store.with_masks()[self.rows]
        counts = Counter(self._changeable(i) for i in range(len(self)))
        if not any(counts):
            return None
        self.compositor = Compositor(backgrounds, textures, counts, mixture, blur_px)
        return self.compositor.shares

    def _changeable(self, i: int) -> tuple[str, ...]:
        """Regions that may change in sample i: those that its sequence allows, or none without a mask."""
        return tuple(self.augmentable[self.ids["sequence"][i]]) if self.masked[i] else ()

    def __len__(self) -> int:
        return len(self.rows)

    def __getitem__(self, spec: SampleSpec | int) -> Sample:
        """The specified sample; a plain number means scale 1 and, where augmentation is on, seed 0."""
        spec = spec if isinstance(spec, SampleSpec) else SampleSpec(0, int(spec), 1.0, 0)
        i = spec.item
        rng = np.random.default_rng(spec.seed)
        angle, flip, zoom, shift = (self.geometry or GeometricAugmentation()).draw(rng)

        centre, side = square_box(self.bbox[i], self.box_margin) if self.localised else whole_square(self.size[i])
        crop = crop_matrix(centre + side * shift, side, self.image_size, spec.scale * zoom, angle, flip)
        sample = self._labels(i, crop, roll_matrix(angle, flip), flip)
        sample["image"] = self._pixels(i, crop, rng)
        if self.with_part_labels:
            cells = (self.image_size // CELL_PX,) * 2
            sample["part_labels"] = self._part_labels(i, crop, flip) if self.labelled else np.zeros(cells, np.int64)
        if not spec.counted:
            sample |= {"visible": np.zeros_like(sample["visible"]), "has_3d": np.bool_(False)}
        return sample

    def _labels(self, i: int, crop: np.ndarray, roll: np.ndarray, flip: bool) -> Sample:
        """Labels of sample i seen through `crop`, the scene rolled by `roll`."""
        order = _FLIP if flip else slice(None)
        joints_2d = self.joints_2d[i].astype(np.float64)
        image_roll = image_from_roll(roll, self._camera(i))
        joints_2d_img = transform_points(image_roll, joints_2d)[order]
        visible = self.visible[i]
        unmoved = np.array_equal(roll, np.eye(3))
        known = slice(None) if self.has_3d else visible[order]
        sample: Sample = {
            "joints_2d_crop": transform_points(crop, joints_2d)[order].astype(np.float32),
            "joints_2d_img": joints_2d_img.astype(np.float32),
            "visible": visible[order],
            "crop_from_img": (crop @ np.linalg.inv(image_roll)).astype(np.float32),
            "bbox": self.bbox[i] if unmoved else tight_box(joints_2d_img[known]),
            "head_size": self.head_size[i],
            "index": np.int64(self.rows[i]),
            "has_3d": np.bool_(self.with_3d and self.has_3d),
            **{name: ids[i] for name, ids in self.ids.items()},
        }
        if self.intrinsics is not None or self.with_3d:
            sample["intrinsics"] = self._camera(i).astype(np.float32)
        if self.with_3d:
            sample |= self._labels_3d(i, roll.astype(np.float32), order)
        return sample

    def _labels_3d(self, i: int, roll: np.ndarray, order: np.ndarray | slice) -> Sample:
        if not self.has_3d:
            nothing = np.zeros((len(_FLIP), 3), np.float32)
            return {"joints_3d": nothing, "joints_3d_true": nothing, "translation": nothing[0]}
        root = self.joints_3d_cam[i, _ROOT]
        return {
            "joints_3d": (self.joints_3d[i] @ roll.T)[order],
            "joints_3d_true": ((self.joints_3d_cam[i] - root) @ roll.T)[order],
            "translation": root @ roll.T,
        }

    def _camera(self, i: int) -> np.ndarray:
        """Intrinsics, or without them a substitute with the principal point in the middle of the image."""
        if self.intrinsics is not None:
            return np.asarray(self.intrinsics[i], np.float64)
        width, height = self.size[i]
        return np.array([[width, 0, (width - 1) / 2], [0, width, (height - 1) / 2], [0, 0, 1.0]])

    def _pixels(self, i: int, crop: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """(S, S, 3) uint8 RGB: decode no more than needed, warp once, change the small result."""
        row = int(self.rows[i])
        reduction = decode_reduction(crop)
        image = warp_crop(self.store.image(row, reduction), crop, self.image_size, reduction)
        if self.compositor is not None and (regions := self._changeable(i)):
            image = self.compositor(image, partial(self._mask, row, crop), regions, rng)
        if self.appearance is not None:
            from pose3d.data.augment import seed_transform

            seed_transform(self.appearance, rng)
            image = self.appearance(image=image)["image"]
        return image

    def _mask(self, row: int, crop: np.ndarray) -> np.ndarray:
        """(S, S) uint8 region bits of the crop."""
        return warp_crop(self.store.mask(row), crop, self.image_size, nearest=True)

    def _part_labels(self, i: int, crop: np.ndarray, flip: bool) -> np.ndarray:
        """(S/16, S/16) int64: the label under the centre of each heatmap cell (decision N12).

        A majority would give the cells of thin limbs to the background; the centre keeps each part's share of pixels.
        """
        labels = self.store.part_labels(int(self.rows[i]))
        cells_from_img = _CELLS_FROM_CROP @ crop
        cells = warp_crop(labels, cells_from_img, self.image_size // CELL_PX, nearest=True).astype(np.int64)
        return self.part_flip[cells] if flip and self.part_flip is not None else cells


class JoinedDataset(Dataset[Sample]):
    """Several data sets behind one loader; a `SampleSpec` names its source."""

    def __init__(self, datasets: Sequence[PoseDataset]) -> None:
        self.datasets = list(datasets)

    def __len__(self) -> int:
        return sum(len(dataset) for dataset in self.datasets)

    def __getitem__(self, spec: SampleSpec) -> Sample:
        return self.datasets[spec.source][spec]
