"""Appearance augmentation from a file of albumentations: only transforms that leave every pixel in its place."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from pathlib import Path
from typing import Any

# isort: split
from pose3d.data.augment import A  # albumentations, with its look at the network switched off
from pose3d.errors import PoseError

# isort: split
import numpy as np

PROBE_PX = 96

IN_PLACE = (A.ImageOnlyTransform, A.NoOp, A.CoarseDropout, A.GridDropout, A.Erasing, A.PixelDropout, A.XYMasking)
"""Kinds whose pixels stay where they are; all others may move them, and a crop's labels would stay behind."""


def load_appearance(path: str | Path) -> A.Compose:
    """The pipeline that albumentations' `save` wrote to `path` (JSON, or YAML by its suffix).

    Raises:
        PoseError: the file holds no pipeline, or one with a transform that moves pixels or changes size or type.
    """
    try:
        loaded = A.load(path, data_format="yaml" if Path(path).suffix in (".yaml", ".yml") else "json")
    except Exception as error:
        raise PoseError(f"{path} holds no albumentations pipeline: {error}; write it with A.save") from error
    for transform in single_transforms(loaded):
        require_in_place(str(path), transform)
    return loaded if isinstance(loaded, A.Compose) else A.Compose([loaded])


def single_transforms(transform: Any) -> Iterator[A.BasicTransform]:
    """The transforms of a pipeline, those of nested compositions included."""
    if isinstance(transform, A.BaseCompose):
        for inner in transform.transforms:
            yield from single_transforms(inner)
    else:
        yield transform


def require_in_place(path: str, transform: A.BasicTransform) -> None:
    """Raise PoseError unless a transform turns a uint8 crop into one of the same size, every pixel in its place."""
    name = type(transform).__name__
    if not isinstance(transform, IN_PLACE):
        raise PoseError(
            f"{path} has {name}, which may move pixels while the labels stay; leave it out and use data.rotation_deg, "
            f"flip, scale_jitter and shift, which move both"
        )
    certain = copy.deepcopy(transform)
    certain.p = 1.0
    probe = np.random.default_rng(0).integers(0, 256, (PROBE_PX, PROBE_PX, 3), dtype=np.uint8)
    try:
        result = A.Compose([certain])(image=probe)["image"]
    except Exception as error:
        raise PoseError(f"{path} has {name}, which fails on a crop ({error}); leave it out") from error
    if not isinstance(result, np.ndarray) or result.shape != probe.shape or result.dtype != np.uint8:
        raise PoseError(
            f"{path} has {name}, which makes {tuple(result.shape)} {result.dtype} of a {probe.shape} uint8 crop; leave "
            f"it out (data.image_size and data.normalisation decide size and type)"
        )
