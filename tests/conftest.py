"""Fixtures of every test: a separate environment, and a torchvision that can be imported."""

import os

import pytest

from pose3d.torchvision_ops import import_torchvision

# pytest-xdist's main process imports the modules of the warnings that its workers report, torchmetrics among them.
import_torchvision()


@pytest.fixture(autouse=True)
def _environment():
    """Undo the changes of a test and of its libraries to `os.environ`: Lightning's WandbLogger sets WANDB_MODE."""
    before = dict(os.environ)
    yield
    os.environ.clear()
    os.environ.update(before)
