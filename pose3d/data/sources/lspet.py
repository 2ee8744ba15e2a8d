"""Leeds Sports Poses, extended training set: 10,000 pictures, labels of the web crowd."""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np

from pose3d.data.sources.framing import Framing
from pose3d.data.sources.lsp import PLACES_EXTENDED, find_folder, make_plan
from pose3d.data.sources.matlab import load_v5
from pose3d.data.sources.people import add_allow_missing
from pose3d.data.sources.plan import Plan, existing_root
from pose3d.errors import PoseError


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of this source."""
    add_allow_missing(parser)


def plan(root: Path, *, framing: Framing, seed: int = 0, limit: int = 0, allow_missing: bool = False) -> Plan:
    """All pictures train. Axes and flag differ from LSP's: (14, 3, pictures), and the flag is 1 where visible."""
    folder = find_folder(existing_root(root, "LSP extended"), "LSP extended", PLACES_EXTENDED)
    path = folder / "joints.mat"
    joints = np.asarray(load_v5(path, "joints")["joints"], np.float64)
    if joints.ndim != 3 or joints.shape[:2] != (14, 3):
        raise PoseError(f"joints in {path} is {joints.shape}, not (14, 3, pictures); is it lspet's (lsp is 3, 14)?")
    xy = joints[:, :2].transpose(2, 0, 1)
    labelled = (joints[:, 2].T > 0) & np.isfinite(xy).all(axis=-1)
    return make_plan("lspet", "train", folder, xy, labelled, np.arange(len(xy)), 5, framing, limit, allow_missing)
