"""Draw docs/images/augmentation.jpg: crops of the studio unchanged, with other backgrounds and chairs, and with
other clothes as well.

python scripts/augmentation_sheet.py data/embedded/studio3d.h5 docs/images/augmentation.jpg
"""

from __future__ import annotations

import argparse
from pathlib import Path

import cv2
import numpy as np

from pose3d.command_parser import CommandParser
from pose3d.data.composite import Compositor
from pose3d.data.pictures import PictureBank, cloth, scenery
from pose3d.data.schema import AUGMENTABLE
from pose3d.data.store import PoseStore
from pose3d.geometry.crop import crop_matrix, square_box, warp_crop

ROWS = {"original": (), "background and chair": ("background", "chair"), "everything": AUGMENTABLE}
SIDE, GAP, CAPTION = 196, 6, 22


def chosen(store: PoseStore, number: int) -> list[int]:
    """Samples of different sequences; those whose regions may all be replaced come first."""
    free = np.array([len(regions) for regions in store.attrs["augmentable"]])
    rows, sequences = np.unique(store.labels("sequence"), return_index=True)
    order = np.argsort(-free[rows], kind="stable")
    return [int(sequences[i]) for i in order[:number]]


def crops(store: PoseStore, row: int, column: int) -> list[np.ndarray]:
    """The three versions (SIDE, SIDE, 3) uint8 RGB of one sample's crop."""
    centre, side = square_box(store.labels("bbox")[row], 1.15)
    crop = crop_matrix(centre, side, SIDE)
    image = warp_crop(store.image(row), crop, SIDE)
    mask = warp_crop(store.mask(row), crop, SIDE, nearest=True)
    allowed = store.attrs["augmentable"][int(store.labels("sequence")[row])]
    banks = PictureBank(None, SIDE, scenery), PictureBank(None, SIDE, cloth)
    compositor = Compositor(*banks, blur_px=SIDE / 184)
    return [
        compositor.exchange(image, mask, [r for r in regions if r in allowed], np.random.default_rng(column))
        for regions in ROWS.values()
    ]


def main() -> None:
    parser = CommandParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("store", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--columns", type=int, default=6)
    args = parser.parse_args()
    store = PoseStore(args.store)
    columns = [crops(store, row, i) for i, row in enumerate(chosen(store, args.columns))]
    height, width = len(ROWS) * (SIDE + GAP + CAPTION), len(columns) * (SIDE + GAP) - GAP
    sheet = np.full((height, width, 3), 255, np.uint8)
    for y, name in enumerate(ROWS):
        top = y * (SIDE + GAP + CAPTION)
        cv2.putText(sheet, name, (2, top + CAPTION - 7), cv2.FONT_HERSHEY_SIMPLEX, 0.5, (30, 30, 30), 1, cv2.LINE_AA)
        for x, made in enumerate(columns):
            left = x * (SIDE + GAP)
            sheet[top + CAPTION : top + CAPTION + SIDE, left : left + SIDE] = made[y]
    args.out.parent.mkdir(parents=True, exist_ok=True)
    cv2.imwrite(str(args.out), sheet[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, 85])


if __name__ == "__main__":
    main()
