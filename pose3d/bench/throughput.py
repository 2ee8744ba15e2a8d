"""Samples a second on one core: the package's route from a store, and the baseline pipeline from whole pictures.

Counted in CPU seconds of this process, which runs one thread, so that other programs on the machine are not counted;
files are in the page cache. Routes take turns, and the median of the turns is reported.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from itertools import cycle, islice
from pathlib import Path
from statistics import median
from typing import Any

import cv2
import numpy as np
import torch

from pose3d.data.augment import A
from pose3d.data.datamodules import PoseDataModule
from pose3d.data.loader import collate
from pose3d.data.samplers import SampleSpec
from pose3d.geometry.crop import square_box

# isort: split
from albumentations.pytorch import ToTensorV2

Route = Callable[[int], None]
"""Makes that many samples, batched."""

BATCH = 16
GEOMETRY: dict[str, Any] = {"rotation_deg": 20.0, "flip": 0.5, "scale_jitter": 0.1, "shift": 0.05}
FULL: dict[str, Any] = {"composite": [0.25, 0.40, 0.35], "appearance": "light", **GEOMETRY}
COLOUR: dict[str, Any] = {"appearance": "light", **GEOMETRY}
_WARM_DRAWS = 600


def one_thread() -> None:
    """Keep this process to one core."""
    cv2.setNumThreads(0)
    torch.set_num_threads(1)


def rates(routes: dict[str, Route], samples: int, repeats: int) -> dict[str, list[float]]:
    """Samples a CPU second of every route, one number a repeat; the routes take turns."""
    measured: dict[str, list[float]] = {name: [] for name in routes}
    for route in routes.values():
        route(min(samples, 2 * BATCH))
    for _ in range(repeats):
        for name, route in routes.items():
            start = time.process_time()
            route(samples)
            measured[name].append(samples / (time.process_time() - start))
    return measured


def ratio(of: Sequence[float], to: Sequence[float]) -> float:
    """Median of the turns' own ratios: what slows the machine for a while slows both sides of a turn."""
    return median(a / b for a, b in zip(of, to, strict=True))


def store_route(path: Path, image_size: int, augmentation: dict[str, Any], normalised: bool = False) -> Route:
    """The package's data module in this process: read, decode, crop, augment, collate (and normalise)."""
    data = PoseDataModule(
        [str(path)],
        image_size=image_size,
        scales=[0.7, 1.0],
        epoch_samples=1 << 16,
        batch_size=BATCH,
        num_workers=0,
        **augmentation,
    )
    data.setup("fit")
    part = data.train_sets[0]
    if part.compositor is not None:
        # Patterns are made once in a run; a bench of seconds must not count them.
        rng = np.random.default_rng(0)
        for bank in (part.compositor.backgrounds, part.compositor.textures):
            for _ in range(_WARM_DRAWS):
                bank.draw(rng)
    specs: cycle[SampleSpec] = cycle(data.train_dataloader().sampler)

    def route(num: int) -> None:
        for start in range(0, num, BATCH):
            batch = collate([part[spec] for spec in islice(specs, min(BATCH, num - start))])
            if normalised:
                data.on_after_batch_transfer(batch, 0)

    return route


def plain_route(files: Sequence[Path], boxes: np.ndarray, image_size: int) -> Route:
    """What a first version would do: decode the whole picture, let albumentations crop, colour and normalise.

    Args:
        files: whole pictures.
        boxes: (N, 4) x, y, w, h px of the people in them.
        image_size: side of the crop, px.
    """
    pipeline = A.Compose(
        [
            A.RandomCropNearBBox(max_part_shift=0.05, cropping_bbox_key="person"),
            A.Resize(image_size, image_size),
            A.HorizontalFlip(p=0.5),
            A.ColorJitter(p=0.8),
            A.Normalize(),
            ToTensorV2(),
        ]
    )
    squares = []
    for box in boxes:
        centre, side = square_box(box, 1.25)
        squares.append(np.concatenate([centre - side / 2, centre + side / 2]).round().astype(int).tolist())
    samples = cycle(zip(files, squares, strict=True))

    def route(num: int) -> None:
        for start in range(0, num, BATCH):
            images = []
            for path, square in islice(samples, min(BATCH, num - start)):
                whole = cv2.cvtColor(np.asarray(cv2.imread(str(path))), cv2.COLOR_BGR2RGB)
                images.append(pipeline(image=whole, person=square)["image"])
            torch.stack(images)

    return route
