"""One small addition of each kind in the table of CONTRIBUTING.md: the files that it touches, and their edits.

An edit is the content of a new file, the path of a file that it copies, or pairs (old text, new text) for a file that
is there.
"""

from collections.abc import Mapping
from pathlib import Path

Edit = str | Path | list[tuple[str, str]]

READER = '''
"""Pictures with the joints of Leeds Sports Poses in a NumPy file."""

import argparse
from pathlib import Path

import numpy as np

from pose3d.data.sources.framing import Framing
from pose3d.data.sources.lsp import make_plan
from pose3d.data.sources.plan import Plan


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """No options."""


def plan(root: Path, *, framing: Framing, seed: int = 0, limit: int = 0) -> Plan:
    """All pictures train."""
    xy = np.load(root / "joints.npy")
    labelled = np.isfinite(xy).all(axis=-1)
    return make_plan("parade", "train", root, xy, labelled, np.arange(len(xy)), 4, framing, limit, False)
'''

METRIC = '''
"""The worst joint."""

import torch
from torch import Tensor
from torchmetrics import Metric


class WorstJoint(Metric):
    """Largest error of a joint, mm."""

    worst: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.add_state("worst", torch.tensor(0.0), dist_reduce_fx="max")

    def update(self, preds: Tensor, target: Tensor) -> None:
        self.worst = torch.maximum(self.worst, (preds - target).norm(dim=-1).max())

    def compute(self) -> Tensor:
        return self.worst
'''

COMMAND = '''
"""`pose3d greet`."""

import argparse

HELP = "Greet somebody."
EXAMPLE = "pose3d greet Ada"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Whom to greet."""
    parser.add_argument("name")


def run(args: argparse.Namespace) -> int:
    """Greet."""
    print(f"Hello {args.name}")
    return 0
'''

ADDITIONS: Mapping[str, Mapping[str, Edit]] = {
    "a switch of a network": {
        "pose3d/models/config.py": [
            (
                "    loss_weight_control: bool = False\n",
                "    loss_weight_control: bool = False\n    gain: float = 1.0\n",
            )
        ],
        "pose3d/models/pose3d.py": [('self.res5a(taps["res4b22"])', 'self.config.gain * self.res5a(taps["res4b22"])')],
    },
    "an output with its loss": {
        "pose3d/models/pose2d.py": [
            (
                "        return tuple(listed)\n",
                '        return (*listed, Output("again", target, columns=("Hsum",)))\n',
            ),
            (
                "        return answers\n",
                '        return answers | {"again": 2 * answers["Hsum"]}\n',
            ),
        ],
    },
    "a backbone of timm": {
        "pose3d/models/backbone.py": [
            ('    "resnet50": _RESNET,\n', '    "resnet50": _RESNET,\n    "resnet26": _RESNET,\n')
        ],
    },
    "an ablation": {"configs/ablations/no_heatmaps_here.yaml": "model: {init_args: {net: {heatmaps: false}}}\n"},
    "a profile": {
        f"configs/profiles/tiny/stage{number}.yaml": Path(f"configs/profiles/quick/stage{number}.yaml")
        for number in (1, 2, 3)
    },
    "a metric": {
        "pose3d/metrics/worst.py": METRIC,
        "pose3d/metrics/__init__.py": [
            (
                "from pose3d.metrics.threshold import",
                "from pose3d.metrics.worst import WorstJoint as WorstJoint\nfrom pose3d.metrics.threshold import",
            )
        ],
    },
    "a protocol of `pose3d evaluate`": {
        "pose3d/evaluation/protocols.py": [
            (
                '        replace(_3DHP, name="3dhp-le"',
                '        replace(_3DHP, name="3dhp-100", title="PCK at 100 mm", threshold=100.0),\n'
                '        replace(_3DHP, name="3dhp-le"',
            )
        ],
    },
    "a data set": {
        "pose3d/data/sources/parade.py": READER,
        "pose3d/data/sources/__init__.py": [
            ('    "lsp": "Leeds', '    "parade": "people at a parade",\n    "lsp": "Leeds')
        ],
        "configs/data/parade.yaml": (
            "data: {class_path: pose3d.data.PoseDataModule, init_args: {train_files: [data/parade/train.h5]}}\n"
        ),
    },
    "a command": {
        "pose3d/commands/greet.py": COMMAND,
        "pose3d/app.py": [('    "bench": ', '    "greet": "greet somebody",\n    "bench": ')],
    },
    "a world of the embedded data set": {
        "pose3d/synth/worlds.py": [
            (
                "WORLDS = {w.name: w for w in (_wild(),",
                'WORLDS = {w.name: w for w in (replace(_lab(), name="lab_too"), _wild(),',
            )
        ],
    },
}
"""Rows of the table -> file -> edit. Dependencies and pages of the documentation are held by tests of their own."""
